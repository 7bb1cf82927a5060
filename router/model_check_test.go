package router_test

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/signalbox/signalbox/router"
)

// model is what ought to be: beside the engine it steps every event's machine
// by the facts that the engine applies. An event may change only by Step; its
// next life may begin only from a state that a kill can leave, which is the
// last one flushed, or a later one.
type model struct {
	w *world

	mu     sync.Mutex
	events map[string]*expected
	steps  int
}

// expected is what the model knows of one event.
type expected struct {
	event    router.Event
	run      any  // that carries the event; nil between two lives
	again    bool // this is not its first life
	now      router.State
	kept     []moment // what a kill may leave, in order
	flushing bool     // the last fact called for a flush
	failures []string // the types of the failure events that it caused
}

// moment is a state, with how many failure events there were by then.
type moment struct {
	state    router.State
	text     string // of what a journal keeps
	failures int
}

// see is told each fact before the engine applies it to s.
func (m *model) see(run any, e router.Event, s router.State, f router.Fact) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps++
	if r, ok := f.(router.Routed); ok {
		m.w.note("%s %T %q", e.ID, r, r.Routes)
	} else if a, ok := f.(router.Attempted); ok {
		a.Input, a.Outcome.Output = nil, nil // they make no line readable
		m.w.note("%s %T%+v", e.ID, a, a)
	} else {
		m.w.note("%s %T%+v", e.ID, f, f)
	}
	x := m.events[e.ID]
	placed := x == nil || atWork(&x.now)
	switch {
	case x == nil:
		x = &expected{}
		m.events[e.ID] = x
		m.born(x, e, s)
	case x.run != run:
		m.begins(x, s, f)
	default:
		if x.flushing {
			x.kept = x.kept[len(x.kept)-1:] // it goes on, so that is durable
		}
		if _, fetched := f.(router.Fetched); fetched && e.Flag == router.FlagStateless {
			x.now.Told = s.Told // a ping owes nothing
		}
		if want, got := inMemory(x.now), inMemory(s); want != got {
			m.w.problem("%s changed without a fact (- by the facts, + in the engine):\n%s", e.ID, differ(want, got))
		}
	}
	x.event, x.run = e, run
	var effects []router.Effect
	x.now, effects = router.Step(s, f)
	if s.Verdict != nil && (x.now.Verdict == nil || said(*s.Verdict) != said(*x.now.Verdict)) {
		m.w.problem("%s: the verdict changed from %+v to %+v", e.ID, s.Verdict, x.now.Verdict)
	}
	m.follow(x, effects)
	if !placed && atWork(&x.now) {
		x.event.Seq = math.MaxInt64 // it joins the tail, and the next fact tells where
	}
}

// follow looks at what a fact has the engine do.
func (m *model) follow(x *expected, effects []router.Effect) {
	x.flushing = false
	caused := false
	for _, e := range effects {
		if a, ok := e.(router.Attempt); ok {
			m.w.note("  → %T %s %d:%d", a, a.Name, a.Number, a.Generation)
		} else {
			m.w.note("  → %T%+v", e, e)
		}
		switch e := e.(type) {
		case router.Emit:
			if synchronous(x.event.Type) {
				m.w.problem("%s tells of a failure, %s, that only its caller is to know", x.event.ID, e.Type)
			}
			caused = true
			x.failures = append(x.failures, e.Type)
		case router.Flush:
			x.flushing = true
		case router.Note: // a failure event is worth a flush
			x.flushing = x.flushing || caused
		case router.Attempt:
			m.inOrder(x, e)
			if x.again && synchronous(x.event.Type) && !m.w.wasOperated(x.event.ID) {
				m.w.problem("%s: %s begins although its caller went with the last process", x.event.ID, e.Name)
			}
		}
	}
	x.kept = append(x.kept, moment{x.now, inJournal(x.now), len(x.failures)})
}

// born begins an event that was not known. All that is durable is its accept.
func (m *model) born(x *expected, e router.Event, s router.State) {
	fresh := s.Phase == router.Open || s.Phase == router.Noticed || e.Flag == router.FlagStateless
	for i := range s.Deliveries {
		fresh = fresh && s.Deliveries[i].Status == router.Waiting
	}
	if !fresh {
		m.w.problem("%s (%s) begins as %s", e.ID, e.Type, s.Phase)
	}
	s.Routes, s.Deliveries, s.Turn = nil, nil, false
	x.kept = []moment{{s, inJournal(s), 0}}
}

// begins checks that a new life begins from what the last one left.
func (m *model) begins(x *expected, s router.State, f router.Fact) {
	x.again = true
	left := s
	if first := x.kept[0].state; m.found(x, s) < 0 && first.Phase == router.Open && len(first.Deliveries) == 0 {
		left.Routes, left.Deliveries = nil, nil // it was routed again: nothing had come of that
	}
	m.left(x, left)
	switch f.(type) {
	case router.Restarted, router.Stuck, router.Unwanted: // of the latter two Restarted is next: the plan is gone, or nobody waits
		return
	}
	for i := range s.Deliveries {
		if s.Deliveries[i].Status == router.Running {
			m.w.problem("%s: %s was under way when the process ended; it goes on with %T", x.event.ID, s.Deliveries[i].Name, f)
		}
	}
}

// found gives the latest of the states that a kill may leave which is s, or -1.
func (m *model) found(x *expected, s router.State) int {
	text := inJournal(s)
	for i, k := range slices.Backward(x.kept) {
		if k.text == text {
			return i
		}
	}
	return -1
}

// left takes what is in the journal for what has happened, if that can be.
func (m *model) left(x *expected, s router.State) {
	i := m.found(x, s)
	if i < 0 {
		oldest, latest := x.kept[0].text, x.kept[len(x.kept)-1].text
		m.w.problem("%s: the journal has a state that no kill can leave; to the one last flushed (-):\n%sand to the latest:\n%s",
			x.event.ID, differ(oldest, inJournal(s)), differ(latest, inJournal(s)))
		return
	}
	x.kept, x.failures, x.flushing = x.kept[i:i+1:i+1], x.failures[:x.kept[i].failures], false
}

// inOrder checks that no earlier event of the lane is still at work.
func (m *model) inOrder(x *expected, a router.Attempt) {
	if d := find(&x.now, a.Name); !d.Ordered || d.Optional {
		return
	}
	for _, other := range m.events {
		if other != x && other.event.Lane == x.event.Lane && other.event.Seq < x.event.Seq && atWork(&other.now) {
			m.w.problem("%s: %s begins although %s, before it in lane %s, has not ended", x.event.ID, a.Name, other.event.ID, x.event.Lane)
		}
	}
}

// atWork reports whether later events of the lane must wait for this one.
func atWork(s *router.State) bool {
	if s.Phase != router.Open && s.Phase != router.Settled {
		return false
	}
	waits := func(d router.Delivery) bool { return d.Ordered && !d.Optional && !d.Done() }
	return s.Phase == router.Open && len(s.Deliveries) == 0 || slices.ContainsFunc(s.Deliveries, waits)
}

// ended compares with the journal after a process has ended.
func (m *model) ended() {
	m.mu.Lock()
	defer m.mu.Unlock()
	caused := m.w.caused()
	for id, x := range m.events {
		records, err := m.w.inner.Find(context.Background(), router.Query{ID: id})
		if x.event.Type == unkept && err == nil && len(records) == 0 {
			delete(m.events, id)
			continue
		}
		if err != nil || len(records) != 1 {
			m.w.problem("%s is lost (%v)", id, err)
			continue
		}
		x.run, x.event, x.now = nil, records[0].Event, records[0].State
		x.now.Rules = router.DefaultRules()
		m.left(x, x.now)
		slices.Sort(caused[id])
		want := slices.Sorted(slices.Values(x.failures))
		if !slices.Equal(caused[id], want) {
			m.w.problem("%s has the failure events %q in the journal, want %q", id, caused[id], want)
		}
	}
}

// late is how much too late something due may be: the journal's own retries
// and slow writes come before it.
const late = 30 * time.Second

// overdue looks for work that the clock has passed by.
func (m *model) overdue() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, x := range m.events {
		if due := x.now.Due(); !due.IsZero() && time.Since(due) > late {
			m.w.problem("%s is overdue by %s: %s", id, time.Since(due), brief(&x.now))
		}
	}
}

// inPhase gives the events that an operator can do something with, in order.
func (m *model) inPhase(phases ...router.Phase) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for id, x := range m.events {
		if slices.Contains(phases, x.now.Phase) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
