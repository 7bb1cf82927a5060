package router_test

import (
	"time"

	"github.com/signalbox/signalbox/router"
)

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
