package router_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

const (
	// worlds is how many there are; SIGNALBOX_WORLDS sets it.
	worlds = 30
	// onDisk is which of them keep their journal on disk: one in so many.
	onDisk = 10
	// moves is how much is done in each, before it comes to rest.
	moves = 40
)

// TestModel lets a real router live in random worlds, where callers come again
// and hang up, plugins and the journal fail, processes are killed and plans
// swapped, and compares all that comes of it with the model and with the
// world's own books. SIGNALBOX_SEED runs one world.
func TestModel(t *testing.T) {
	first, count := 0, worlds
	if n, err := strconv.Atoi(os.Getenv("SIGNALBOX_WORLDS")); err == nil {
		count = n
	}
	seed, err := strconv.Atoi(os.Getenv("SIGNALBOX_SEED"))
	single := err == nil
	if single {
		first, count = seed, 1
	}
	steps := 0
	for n := first; n < first+count && !t.Failed(); n++ {
		dir := ""
		if n%onDisk == onDisk-1 {
			dir = t.TempDir()
		}
		inBubble(t, func(t *testing.T) { steps += live(t, uint64(n), dir) })
	}
	t.Logf("%d worlds, %d steps", count, steps)
	if steps < 10_000 && !single && !t.Failed() {
		t.Errorf("%d steps in %d worlds are too few", steps, count)
	}
}

// live is the whole life of one world.
func live(t *testing.T, seed uint64, dir string) (steps int) {
	w := newWorld(t, seed, dir)
	w.table = &router.Table{Plan: w.plans()["first"], Rules: router.DefaultRules()}
	w.openJournal()
	w.start()
	t.Cleanup(func() {
		w.end(0)
		w.waiting.Wait()
		w.closeJournal()
	})
	for range moves {
		w.move()
		w.pass()
		w.check()
	}
	w.rest()
	w.check()
	return w.model.steps
}

// check ends the test at the first thing that is wrong.
func (w *world) check() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.problems) == 0 {
		return
	}
	for _, line := range w.trace {
		w.t.Log(line())
	}
	w.t.Fatalf("seed %d: %s\nTo repeat it: SIGNALBOX_SEED=%d go test -run 'TestModel$' ./router", w.seed, w.problems[0], w.seed)
}

// start begins a process.
func (w *world) start() {
	w.mu.Lock()
	w.stopping = false
	life := w.life
	w.mu.Unlock()
	plans := w.plans()
	w.router = router.New(router.Options{
		Journal: &store{Journal: w.inner, w: w, life: life}, Caller: &plugins{w, life}, Log: zerolog.New(&complaints{w, life}).Level(zerolog.ErrorLevel),
		PlanOf: func(digest string) (*router.Plan, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.missing["plans"] {
				return nil, errors.New("the plan no longer compiles")
			}
			return plans[digest], nil
		},
	})
	w.router.Watch(func(run any, e router.Event, s router.State, f router.Fact) {
		if !w.killed(life) {
			w.model.see(run, e, s, f)
		}
	})
	w.table = &router.Table{
		Plan: w.table.Plan, Rules: w.table.Rules, Limits: map[string]router.PluginLimits{"email": {MaxInFlight: 2}, "crm": {Rate: 5}},
		Sources: map[string]*router.Endpoint{near: w.marketplace(near, life), far: w.marketplace(far, life)},
	}
	w.router.Swap(w.table)
	if err := w.router.Start(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	w.healthy = time.Now()
}

// end ends the process: with no grace at all it is killed, and what it does
// from then on has not happened.
func (w *world) end(grace time.Duration) {
	w.mu.Lock()
	w.stopping = true
	if grace == 0 {
		w.life++
	}
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	w.router.Stop(ctx)
	cancel()
	synctest.Wait() // whoever was told something at the end looks it up before the journal closes
	w.mu.Lock()
	if grace > 0 {
		w.life++
	}
	w.busy = map[string]map[string]int{}
	w.mu.Unlock()
	w.closeJournal()
	w.openJournal()
	w.model.ended()
}

// complaints reads the log for what must not be.
type complaints struct {
	w    *world
	life int
}

func (c *complaints) Write(line []byte) (int, error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.life == c.w.life && !c.w.stopping && bytes.Contains(line, []byte("rests until the next start")) {
		c.w.problemLocked("an event was given up: %s", line)
	}
	return len(line), nil
}
