package router

import (
	"fmt"
	"time"
)

// advance starts what can start and finds out whether the event has come to an
// end. Every fact about deliveries ends in it.
func (m *machine) advance(at time.Time) {
	if m.Phase == Open {
		if first := m.firstRejected(); first != nil {
			m.fail(at, first)
			return
		}
	}
	m.skipUnreachable()
	m.start(at)
	m.skipUnreachable() // what starts may end at once: its key is too old
	if m.Phase != Open {
		return
	}
	switch exhausted := m.firstExhausted(); {
	case m.pending():
	case exhausted != nil:
		m.hold(at, fmt.Sprintf("%s: %s", exhausted.Name, exhausted.Detail))
	default:
		m.do(Conclude{Verdict: Verdict{Kind: m.successKind()}})
	}
}

// pending reports whether the verdict waits for a required delivery.
func (s *State) pending() bool {
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.required() && !d.Done() && !s.blocked(d) {
			return true
		}
	}
	return false
}

// firstExhausted gives the required delivery that never came through and stands
// first in file order.
func (s *State) firstExhausted() *Delivery {
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.required() && d.Status == DoneExhausted {
			return d
		}
	}
	return nil
}

// firstRejected gives the rejected required delivery that stands first in file
// order; it decides the error's content.
func (s *State) firstRejected() *Delivery {
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.required() && d.Status == DoneRejected {
			return d
		}
	}
	return nil
}

// successKind is Warning once an optional delivery has failed.
func (m *machine) successKind() VerdictKind {
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		if d.Optional && (d.Status == DoneRejected || d.Status == DoneExhausted) {
			return Warning
		}
	}
	return Success
}

// fail ends what a rejection ends: nothing more starts, parked retries are
// cancelled, running ones finish first, unless they are optional.
func (m *machine) fail(at time.Time, first *Delivery) {
	running := false
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		switch {
		case d.OnFailure || d.Done():
		case d.Status == Running && d.Optional:
			// It holds nothing up, and gets no further attempt.
			d.Policy.Attempts = d.Attempts + 1
			d.Rev++
		case d.Status == Running:
			running = true
		case d.MayHaveRun:
			m.exhaust(d, "may have run: its result was unknown when "+first.Name+" was rejected")
		default:
			m.skip(d, m.whySkipped(d, first))
		}
	}
	if !running {
		m.do(Conclude{
			Verdict:  Verdict{Kind: Error, Code: first.Code, Message: first.Public},
			Delivery: first.Name,
		})
	}
}

func (m *machine) whySkipped(d, rejected *Delivery) string {
	if n := m.unmetNeed(d); n != nil {
		return "needs " + n.Name
	}
	return "cancelled: " + rejected.Name + " was rejected"
}

// unmetNeed gives the first delivery that d needs and that has not succeeded.
func (s *State) unmetNeed(d *Delivery) *Delivery {
	for _, name := range d.Needs {
		if n := s.delivery(name); n != nil && n.Status != DoneSucceeded {
			return n
		}
	}
	return nil
}

// blocked reports whether d waits for something that only an operator can
// bring about: a required delivery that is exhausted.
func (s *State) blocked(d *Delivery) bool {
	if d.Status != Waiting {
		return false
	}
	for _, name := range d.Needs {
		n := s.delivery(name)
		if n != nil && (n.Status == DoneExhausted || s.blocked(n)) {
			return true
		}
	}
	return false
}

// skipUnreachable ends waiting deliveries whose needs will never be met. A
// need that is required and exhausted may still be replayed while the event is
// not settled.
func (m *machine) skipUnreachable() {
	for changed := true; changed; {
		changed = false
		for i := range m.Deliveries {
			d := &m.Deliveries[i]
			if d.Status != Waiting {
				continue
			}
			n := m.unmetNeed(d)
			if n == nil || !n.Done() || (m.Phase != Settled && n.required() && n.Status == DoneExhausted) {
				continue
			}
			m.skip(d, "needs "+n.Name)
			changed = true
		}
	}
}

// start begins every waiting delivery whose needs are met and whose turn it
// is. What a dependent reads is flushed before it starts.
func (m *machine) start(at time.Time) {
	flushed := false
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		if !m.startable(d) {
			continue
		}
		if len(d.Needs) > 0 && !flushed {
			m.do(Flush{})
			flushed = true
		}
		m.attempt(d, at)
	}
}

// startable reports whether nothing keeps a waiting delivery from starting.
func (s *State) startable(d *Delivery) bool { return s.ready(d) && s.mayRun(d) }

// ready reports whether a waiting delivery can start once the lane lets it.
func (s *State) ready(d *Delivery) bool {
	switch {
	case d.Status != Waiting || s.unmetNeed(d) != nil:
		return false
	case d.OnFailure:
		return s.Phase == Settled && s.Verdict.Kind == Error
	}
	return s.Phase == Open || s.Phase == Settled
}

// mayRun reports whether the lane lets d run.
func (s *State) mayRun(d *Delivery) bool { return !d.Ordered || s.Turn }

// wake attempts again what is parked and due, and, if nudged, what waits for a
// plugin.
func (m *machine) wake(at time.Time, nudged bool) {
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		due := !d.Due.After(at) || nudged && !d.PausedAt.IsZero()
		if d.Status == Parked && due && m.mayRun(d) {
			m.attempt(d, at)
		}
	}
}

func (m *machine) attempt(d *Delivery, at time.Time) {
	if d.keyExpired(at) {
		m.exhaust(d, "may have run: the result of its key is unknown, and the key is too old to be sent again")
		return
	}
	if !d.PausedAt.IsZero() {
		// The journal has it waiting for its plugin, which it does for days: it
		// must know that the key may be sent from now on.
		if d.KeySent.IsZero() {
			d.KeySent = at
		}
		m.do(Flush{})
	}
	d.Status, d.Due = Running, time.Time{}
	d.Rev++
	m.do(Attempt{Name: d.Name, Number: d.Attempts + 1, Generation: d.Generation, Input: d.Input})
}

func (m *machine) exhaust(d *Delivery, why string) {
	d.Status, d.Due, d.Detail = DoneExhausted, time.Time{}, why
	d.Rev++
	m.emit(Emit{Type: TypeDeliveryFailed, Delivery: d.Name, Code: d.Code, Message: why, MayHaveRun: d.MayHaveRun})
	if m.Quiet {
		m.do(Note{})
	}
}

func (m *machine) skip(d *Delivery, why string) {
	d.Status, d.Due, d.Detail = DoneSkipped, time.Time{}, why
	d.Rev++
}

// hold stops the event until an operator, a replay or the clock moves it. A
// caller that still waits is told so.
func (m *machine) hold(at time.Time, why string) {
	m.Phase, m.Since, m.Why = Held, at, why
	m.emit(Emit{Type: TypeEventHeld, Message: why})
	m.do(Flush{})
	if m.Live && m.Told == ToldNothing {
		m.do(Answer{})
	}
}

// settle fixes the verdict for ever, and has it told.
func (m *machine) settle(at time.Time, v Verdict) {
	if m.Phase == Held {
		m.Turn = false // it passed the lane on; what is ordered waits for it again
	}
	m.Phase, m.Verdict = Settled, &v
	for i := range m.Deliveries {
		switch d := &m.Deliveries[i]; {
		case d.OnFailure && v.Kind != Error:
			m.skip(d, "the event succeeded")
		case d.required() && d.Status == Parked && d.MayHaveRun:
			m.exhaust(d, "may have run: its result was unknown when the event was settled without it")
		case d.required() && (d.Status == Waiting || d.Status == Parked):
			m.skip(d, "the event was settled without it")
		}
	}
	m.do(Flush{})
	switch {
	case m.Live && m.Told == ToldNothing:
		m.do(Answer{Verdict: m.Verdict})
	case m.OwesCallback():
		m.callBack(at)
	}
	m.advance(at)
}

// callBack begins a callback attempt, unless the event is discarded.
func (m *machine) callBack(at time.Time) {
	if m.Discarded {
		m.Callback.Status, m.Callback.Due, m.Callback.Detail = CallbackDiscarded, time.Time{}, whyDropped
		m.do(Flush{})
		return
	}
	m.Callback.Status, m.Callback.Due = CallbackSending, time.Time{}
	if m.Callback.First.IsZero() {
		m.Callback.First = at
	}
	m.do(CallBack{})
}
