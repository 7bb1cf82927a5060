package router_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// walk is one random life of one event: it feeds Step the facts that its
// effects call for, in random order, with crashes, operators and late callers
// in between, and looks after every step for what must never be.
type walk struct {
	t       *testing.T
	dice    *rand.Rand
	now     time.Time
	state   router.State
	running map[string]router.Attempt // attempts under way, by delivery
	calling bool                      // a callback is under way
	answer  *router.Verdict           // what the caller was told, if the verdict
	waiting bool                      // a caller waits
	durable router.State              // what a crash leaves
	verdict *router.Verdict
	keys    map[string]map[int]string // what became of each delivery's generations
	steps   int
	trace   []string
	planned []router.Delivery // what the plan gives, each time it is asked
}

func newWalk(t *testing.T, seed uint64) *walk {
	w := &walk{
		t: t, dice: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1_800_000_000, 0), running: map[string]router.Attempt{},
		waiting: true, keys: map[string]map[int]string{},
	}
	w.state = router.State{Phase: router.Open, Live: true, Rules: router.DefaultRules()}
	if w.dice.IntN(4) == 0 {
		w.state.Late = router.LateAccepted
	}
	w.durable = w.state
	return w
}

func (w *walk) deliveries() []router.Delivery {
	var list []router.Delivery
	for i := range 1 + w.dice.IntN(5) {
		d := router.Delivery{
			Name: fmt.Sprintf("r/d%d", i), Status: router.Waiting, Rev: 1, Optional: w.dice.IntN(4) == 0,
			Ordered: w.dice.IntN(3) > 0, OnFailure: w.dice.IntN(6) == 0, Policy: router.DefaultPolicy(),
		}
		if w.dice.IntN(2) == 0 {
			d.Policy.Attempts = 1 + w.dice.IntN(3)
		}
		if w.dice.IntN(3) == 0 {
			d.Lifetime = time.Hour
		}
		// A required delivery never needs an optional one: that is an error at load.
		for j := range i {
			if n := &list[j]; w.dice.IntN(3) == 0 && n.OnFailure == d.OnFailure && (d.Optional || !n.Optional) {
				d.Needs = append(d.Needs, n.Name)
			}
		}
		list = append(list, d)
	}
	return list
}

// feed applies a fact and carries out its effects.
func (w *walk) feed(f router.Fact) {
	w.steps++
	w.trace = append(w.trace, fmt.Sprintf("%T%+v", f, f))
	before := w.state
	var effects []router.Effect
	w.state, effects = router.Step(w.state, f)
	w.check(before, f)
	flushed := false
	for _, e := range effects {
		w.trace = append(w.trace, fmt.Sprintf("  → %T%+v", e, e))
		switch e := e.(type) {
		case router.Flush:
			flushed = true
			w.durable = w.state
		case router.Emit:
			if flushed {
				w.fail("%s is told of after the flush that makes it so", e.Type)
			}
		case router.Attempt:
			w.attempt(e, flushed)
		case router.Conclude:
			v := e.Verdict
			if v.Kind != router.Error && w.dice.IntN(10) == 0 {
				w.feed(router.Stuck{At: w.now, Why: "no reply"})
			} else {
				w.feed(router.Concluded{At: w.now, Verdict: v})
			}
		case router.Answer:
			w.tell(e.Verdict)
		case router.CallBack:
			if w.calling {
				w.fail("two callbacks at once")
			}
			if w.durable.Phase != router.Settled {
				w.fail("a callback before the verdict was durable")
			}
			if w.state.Discarded {
				w.fail("a callback of what was discarded")
			}
			w.calling = true
		}
	}
}

func (w *walk) attempt(e router.Attempt, flushed bool) {
	if _, twice := w.running[e.Name]; twice {
		w.fail("%s is attempted twice at once", e.Name)
	}
	d := find(&w.state, e.Name)
	if w.state.Discarded || w.durable.Discarded {
		w.fail("%s began after the event was discarded", e.Name)
	}
	for _, n := range d.Needs {
		if find(&w.state, n).Status != router.DoneSucceeded {
			w.fail("%s began before %s had succeeded", e.Name, n)
		}
		if find(&w.durable, n) == nil || find(&w.durable, n).Status != router.DoneSucceeded {
			w.fail("%s began before the output of %s was durable", e.Name, n)
		}
	}
	if d.Ordered && !w.state.Turn {
		w.fail("%s began before its turn", e.Name)
	}
	if e.Generation > 0 && !flushed && find(&w.durable, e.Name).Generation != e.Generation {
		w.fail("%s: generation %d was not durable before it was sent", e.Name, e.Generation)
	}
	switch became := w.keys[e.Name][e.Generation]; became {
	case "rejected", "succeeded", "fresh":
		w.fail("%s: generation %d was sent again after it was %s", e.Name, e.Generation, became)
	}
	w.running[e.Name] = e
}

func (w *walk) tell(v *router.Verdict) {
	switch {
	case !w.waiting:
		w.fail("nobody waits for an answer")
	case v == nil:
		w.waiting = false
		w.feed(router.Overdue{At: w.now})
	case w.durable.Phase != router.Settled:
		w.fail("told before it was durable")
	default:
		w.waiting, w.answer = false, v
		w.feed([]router.Fact{router.Replied{At: w.now}, router.Unheard{At: w.now, Written: true}}[w.dice.IntN(2)])
	}
}

func (w *walk) check(before router.State, f router.Fact) {
	s := &w.state
	if w.verdict != nil && (s.Verdict == nil || s.Verdict.Kind != w.verdict.Kind) {
		w.fail("the verdict changed from %+v to %+v", w.verdict, s.Verdict)
	}
	w.verdict = s.Verdict
	if (s.Phase == router.Settled) != (s.Verdict != nil) {
		w.fail("%s with verdict %+v", s.Phase, s.Verdict)
	}
	_, replayed := f.(router.Replayed)
	_, hastened := f.(router.Hastened)
	if before.Finished() && !replayed && !hastened && !s.Finished() {
		w.fail("%T took up a finished event", f)
	}
	for i := range s.Deliveries {
		d, ended, met := &s.Deliveries[i], true, true
		for _, name := range d.Needs {
			n := find(s, name)
			ended = ended && n.Done()
			met = met && n.Status == router.DoneSucceeded
		}
		if s.Phase == router.Settled && d.Status == router.Waiting && ended && !met {
			w.fail("%s waits for ever for %q", d.Name, d.Needs)
		}
	}
	if s.Phase == router.Held && s.HoldsLane() {
		w.fail("a held event holds its lane")
	}
	if before.Phase == router.Discarded && s.Phase != router.Discarded {
		w.fail("%T made a discarded event %s", f, s.Phase)
	}
	if s.Discarded && len(w.running) == 0 && !w.calling && !w.waiting && !s.Finished() {
		w.fail("nothing is under way, and the discarded event has not ended")
	}
	parked := !s.Due().IsZero()
	for i := range s.Deliveries {
		if s.Deliveries[i].Status == router.Running {
			parked = true
		}
	}
	if _, routed := f.(router.Routed); !routed && s.Phase == router.Open && s.Turn && !parked && len(s.Deliveries) > 0 && !concluding(s) {
		w.fail("nothing runs, nothing is due, and the event is open")
	}
}

// concluding: all that counts has ended; the effect Conclude goes on.
func concluding(s *router.State) bool {
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		if !d.Optional && !d.OnFailure && !d.Done() {
			return false
		}
	}
	return true
}

func find(s *router.State, name string) *router.Delivery {
	for i := range s.Deliveries {
		if s.Deliveries[i].Name == name {
			return &s.Deliveries[i]
		}
	}
	return nil
}

func (w *walk) fail(format string, args ...any) {
	w.t.Helper()
	for _, line := range w.trace {
		w.t.Log(line)
	}
	w.t.Fatalf(format, args...)
}

// move lets something happen; false when nothing can any more.
func (w *walk) move() bool {
	w.now = w.now.Add(time.Duration(w.dice.IntN(1000)) * time.Millisecond)
	switch roll := w.dice.IntN(20); {
	case roll == 0:
		w.crash()
	case roll == 1 && w.waiting:
		w.waiting = false
		w.feed([]router.Fact{router.Overdue{At: w.now}, router.Unheard{At: w.now}}[w.dice.IntN(2)])
	case roll == 2 && w.state.Phase == router.Held:
		w.operate()
	case roll == 3 && !w.state.Finished() && w.dice.IntN(5) == 0:
		w.feed(router.DiscardedByOperator{At: w.now})
		w.ended(&w.durable)
	case roll == 5 && w.dice.IntN(5) == 0:
		w.feed(router.Hastened{At: w.now})
	case roll == 4 && w.state.Phase == router.Settled && w.dice.IntN(5) == 0:
		w.feed(router.Replayed{At: w.now, FreshKey: w.dice.IntN(4) == 0})
		if w.state.Discarded {
			w.fail("discarded for good, although it was replayed since")
		}
	case !w.state.Turn && roll < 12:
		w.feed(router.Turned{At: w.now})
	case len(w.running) > 0 && roll < 16:
		w.end()
	case w.calling:
		w.calling = false
		w.feed(router.CalledBack{At: w.now, Roll: w.dice.Float64(), Outcome: w.outcome()})
	case !w.state.Due().IsZero():
		w.now = later(w.now, w.state.Due())
		w.feed(router.Woke{At: w.now})
	case w.state.Finished():
		return false
	}
	return true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (w *walk) outcome() router.Outcome {
	switch w.dice.IntN(8) {
	case 0, 1, 2:
		return ok
	case 3:
		return no
	case 4:
		return lost
	case 5:
		return freshKey
	case 6:
		return router.Outcome{Kind: router.Retry, NotSent: true}
	}
	return again
}

// end gives one running attempt its outcome.
func (w *walk) end() {
	for name, a := range w.running {
		delete(w.running, name)
		if a.Number == 1 && a.Input == nil && w.dice.IntN(12) == 0 {
			w.feed(router.PassedOver{At: w.now, Name: name})
			return
		}
		o := w.outcome()
		if w.keys[name] == nil {
			w.keys[name] = map[int]string{}
		}
		became := map[router.OutcomeKind]string{router.Succeeded: "succeeded", router.Rejected: "rejected"}[o.Kind]
		if o.FreshKey {
			became = "fresh"
		}
		began := w.now
		w.now = w.now.Add(time.Duration(w.dice.IntN(5000)) * time.Millisecond)
		w.feed(router.Attempted{Began: began, At: w.now, Name: name, Outcome: o, Input: []byte(`{}`), Roll: w.dice.Float64()})
		// What only memory knew may be sent again after a crash; what is durable may not.
		if d := find(&w.durable, name); d != nil && (d.Status == router.DoneSucceeded || d.Status == router.DoneRejected || d.Generation > a.Generation) {
			w.keys[name][a.Generation] = became
		}
		return
	}
}

// ended fails if a discarded event has something left that is not under way.
func (w *walk) ended(s *router.State) {
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.Status == router.Waiting || d.Status == router.Parked {
			w.fail("%s is %s after the event was discarded", d.Name, d.Status)
		}
	}
	if !s.Discarded || s.Phase != router.Settled && s.Phase != router.Discarded {
		w.fail("the event was discarded, and is durably %s", s.Phase)
	}
}

// operate is what a person does with a held event.
func (w *walk) operate() {
	switch w.dice.IntN(3) {
	case 0:
		w.feed(router.Replayed{At: w.now, FreshKey: w.dice.IntN(4) == 0})
	case 1:
		w.feed(router.Resolved{At: w.now, Verdict: router.Verdict{Kind: router.Success}})
	}
}

// crash leaves only what is durable, and begins the next life.
func (w *walk) crash() {
	w.trace = append(w.trace, "crash")
	w.running, w.calling, w.waiting = map[string]router.Attempt{}, false, false
	w.state = w.durable
	w.verdict = w.state.Verdict
	w.now = w.now.Add(time.Duration(w.dice.IntN(3)) * time.Hour / 2)
	if w.state.Phase == router.Open && len(w.state.Deliveries) == 0 {
		w.state.Deliveries = w.planned
	}
	w.feed(router.Restarted{At: w.now, Since: time.Unix(1_800_000_000, 0)})
}

// TestRandomLives is the model: SIGNALBOX_LIVES sets how many lives.
func TestRandomLives(t *testing.T) {
	lives := 1000
	if n, err := strconv.Atoi(os.Getenv("SIGNALBOX_LIVES")); err == nil {
		lives = n
	}
	steps, ended := 0, 0
	for seed := range uint64(lives) {
		w := newWalk(t, seed)
		w.trace = append(w.trace, fmt.Sprintf("seed %d", seed))
		w.planned = w.deliveries()
		w.feed(router.Routed{At: w.now, Routes: []string{"r"}, Deliveries: w.planned})
		for range 400 {
			if !w.move() {
				ended++
				break
			}
		}
		steps += w.steps
	}
	if steps < 10_000 || ended < lives*9/10 {
		t.Errorf("%d lives took %d steps and %d of them ended: the walk does not walk", lives, steps, ended)
	}
}

// TestRandomFetches: a blind notice always ends, and owes exactly what it should.
func TestRandomFetches(t *testing.T) {
	for seed := range uint64(500) {
		dice := rand.New(rand.NewPCG(seed, 2))
		now := time.Unix(1_800_000_000, 0)
		s := router.State{Phase: router.Noticed, Told: router.ToldLater, Blind: true, Since: now, Rules: router.DefaultRules()}
		for s.Phase == router.Noticed {
			kind := router.FetchPassing
			if dice.IntN(30) == 0 {
				kind = []router.FetchKind{router.FetchGone, router.FetchRefused}[dice.IntN(2)]
			}
			if dice.IntN(100) == 0 {
				s, _ = router.Step(s, router.DiscardedByOperator{At: now})
			}
			s, _ = router.Step(s, router.FetchFailed{At: now, Err: &router.FetchError{Kind: kind, Err: errors.New("x")}, Roll: dice.Float64()})
			if s.Phase == router.Noticed {
				if s.Due().IsZero() {
					t.Fatalf("seed %d: noticed, and nothing is due", seed)
				}
				now = s.Due()
				s, _ = router.Step(s, router.Woke{At: now})
			}
		}
		if owes := s.OwesCallback(); owes != (s.Phase == router.Settled) {
			t.Fatalf("seed %d: %s, owes a callback: %v", seed, s.Phase, owes)
		}
		if age := now.Sub(s.Since); age > 25*time.Hour {
			t.Fatalf("seed %d: it was tried for %s", seed, age)
		}
	}
}
