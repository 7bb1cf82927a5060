package router_test

import (
	"fmt"
	"math/rand/v2"
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

func (w *walk) fail(format string, args ...any) {
	w.t.Helper()
	for _, line := range w.trace {
		w.t.Log(line)
	}
	w.t.Fatalf(format, args...)
}
