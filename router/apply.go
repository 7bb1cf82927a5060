package router

import (
	"fmt"
	"time"
)

func (f FetchFailed) apply(m *machine) {
	if m.Phase != Noticed {
		return
	}
	m.Fetch.Attempts++
	m.Fetch.Detail = f.Err.Err.Error()
	wait := backoff(retryInitial, retryMax, m.Fetch.Attempts, f.Roll)
	switch {
	case f.Err.Kind == FetchGone:
		m.Phase, m.Why = Elsewhere, "the caller says that the event was answered already"
		m.do(Flush{})
	case f.Err.Kind == FetchRefused:
		m.giveUpFetch(f.At, f.Err.Code, f.Err.Message)
	case f.At.Add(wait).After(m.Since.Add(m.Rules.FetchWithin)):
		m.giveUpFetch(f.At, CodeFetch, "")
	default:
		if f.Err.NeedsOperator && !m.Fetch.Alerted {
			m.Fetch.Alerted = true
			m.emit(Emit{Type: TypeFetchUnauthorized, Message: m.Fetch.Detail})
		}
		m.Fetch.Due = f.At.Add(wait)
		m.do(Note{})
	}
}

func (m *machine) giveUpFetch(at time.Time, code, message string) {
	m.Why = m.Fetch.Detail
	m.emit(Emit{Type: TypeFetchFailed, Code: code, Message: m.Fetch.Detail})
	m.settle(at, Verdict{Kind: Error, Code: code, Message: message})
}

func (f Fetched) apply(m *machine) {
	m.Phase, m.Late, m.Quiet, m.Fetch.Due = Open, f.Late, f.Quiet, time.Time{}
	m.do(Flush{})
}

func (f Routed) apply(m *machine) {
	m.Routes, m.Deliveries = f.Routes, append([]Delivery(nil), f.Deliveries...)
	m.Throttled = append(m.Throttled, f.Throttled...)
	m.advance(f.At)
}

func (f Decided) apply(m *machine) {
	m.Why = f.Why
	m.Throttled = append(m.Throttled, f.Throttled...)
	if f.Verdict.Kind == Error {
		told := TypeEventFailed
		if f.Verdict.Code == CodeUnrouted {
			told = TypeEventUnrouted
		}
		m.emit(Emit{Type: told, Code: f.Verdict.Code, Message: f.Why})
	}
	m.settle(f.At, f.Verdict)
}

func (f Turned) apply(m *machine) {
	m.Turn = true
	m.wake(f.At, true)
	m.advance(f.At)
}

func (f Woke) apply(m *machine) {
	if due := m.alertDue(); !due.IsZero() && !due.After(f.At) {
		m.Alerted = true
		m.emit(Emit{Type: TypePendingOverdue, Message: m.whyPending()})
	}
	switch m.Phase {
	case Noticed:
		if !m.Fetch.Due.IsZero() && !m.Fetch.Due.After(f.At) {
			m.Fetch.Due = time.Time{}
			m.do(Fetch{})
		}
		return
	case Held:
		if !m.Since.Add(m.Rules.GiveUp).After(f.At) {
			m.Why = fmt.Sprintf("given up after %s; it was held: %s", m.Rules.GiveUp, m.Why)
			m.settle(f.At, Verdict{Kind: Error, Code: CodeGaveUp})
			return
		}
	case Settled:
		if m.Callback.Status == CallbackParked && !m.Callback.Due.After(f.At) {
			m.callBack(f.At)
		}
	}
	m.wake(f.At, f.Nudged)
	m.advance(f.At)
}

func (f Attempted) apply(m *machine) {
	d := m.delivery(f.Name)
	if d == nil || d.Status != Running {
		return
	}
	d.Rev++
	if d.Input == nil {
		d.Input = f.Input
	}
	o := f.Outcome
	d.Detail = o.Detail
	if o.NotSent {
		if d.PausedAt.IsZero() {
			d.PausedAt = f.Began
		} else if d.KeySent.After(d.PausedAt) && !d.MayHaveRun {
			d.KeySent = time.Time{} // it did not leave this time either
		}
		d.Status, d.Due = Parked, f.At.Add(max(o.After, notSentPause))
		if m.Discarded {
			m.drop(d)
			m.do(Flush{})
		}
		m.advance(f.At)
		return
	}
	if !d.PausedAt.IsZero() {
		if !d.First.IsZero() { // the clock starts at the first attempt
			d.Paused += f.Began.Sub(d.PausedAt)
		}
		d.PausedAt = time.Time{}
	}
	if d.First.IsZero() {
		d.First = f.Began
	}
	if d.KeySent.IsZero() {
		d.KeySent = f.Began
	}
	d.Attempts++
	d.MayHaveRun = o.Kind == Unknown || o.Kind == Retry && d.MayHaveRun
	switch o.Kind {
	case Succeeded:
		d.Status, d.Output, d.Code, d.Public = DoneSucceeded, o.Output, "", ""
		if m.Phase != Open {
			m.do(Note{})
		}
	case Rejected:
		d.Status, d.Code, d.Public = DoneRejected, o.Code, o.Public
		if !m.Discarded {
			m.emit(Emit{Type: TypeDeliveryFailed, Delivery: d.Name, Code: o.Code, Message: o.Detail})
		}
		if m.Phase != Open {
			m.do(Flush{})
		}
	default:
		if m.Discarded {
			m.drop(d)
			m.do(Flush{})
			break
		}
		m.park(d, f)
	}
	m.advance(f.At)
}

func (f PassedOver) apply(m *machine) {
	d := m.delivery(f.Name)
	if d == nil || d.Status != Running {
		return
	}
	d.passOver()
	if m.Phase == Settled {
		m.do(Note{})
	}
	m.advance(f.At)
}

func (f Stuck) apply(m *machine) {
	d := m.delivery(f.Name)
	switch {
	case f.Name == "":
		if m.Phase == Open || m.Phase == Noticed {
			m.hold(f.At, f.Why)
		}
		return
	case d == nil || d.Done():
		return
	}
	m.exhaust(d, f.Why)
	m.advance(f.At)
}

func (f Concluded) apply(m *machine) {
	if m.Phase == Open {
		m.settle(f.At, f.Verdict)
	}
}

func (f Overdue) apply(m *machine) {
	m.Live = false
	if m.Told != ToldNothing {
		return
	}
	m.Told, m.Later = ToldLater, f.At
	if m.Late == LateAccepted && !m.Blind {
		m.Told = ToldAccepted
	}
	if m.OwesCallback() && m.Callback.Status == CallbackNone {
		m.callBack(f.At)
	}
	m.do(Note{})
}

func (f Replied) apply(m *machine) {
	m.Live = false
	if m.Told == ToldNothing {
		m.Told = ToldReplied
		m.do(Note{})
	}
}

func (f Unheard) apply(m *machine) {
	m.Live = false
	m.Callback.MayHaveArrived = m.Callback.MayHaveArrived || f.Written
	if m.Told == ToldNothing && m.OwesCallback() {
		m.callBack(f.At)
	}
}

func (f CalledBack) apply(m *machine) {
	if !m.OwesCallback() {
		return
	}
	c, o := &m.Callback, f.Outcome
	c.Attempts++
	c.Detail = o.Detail
	// A NOTICE was told everything that matters when its 202 was given.
	silent := m.Late == LateAccepted
	switch o.Kind {
	case Succeeded:
		c.Status = CallbackConfirmed
	case Rejected:
		gone := o.Code == CallbackGone
		c.Status = CallbackRefused
		if gone {
			c.Status = CallbackElsewhere
		}
		if !silent && !(gone && c.MayHaveArrived) {
			m.emit(Emit{Type: TypeCallbackRefused, Code: o.Code, Message: o.Detail})
		}
	default:
		c.MayHaveArrived = c.MayHaveArrived || o.Kind == Unknown
		if m.Discarded {
			m.callBack(f.At) // which says that there will be none
			return
		}
		if o.NeedsOperator && !c.Alerted {
			c.Alerted = true
			m.emit(Emit{Type: TypeCallbackUnauthorized, Message: o.Detail})
		}
		next := f.At.Add(max(o.After, backoff(retryInitial, retryMax, c.Attempts, f.Roll)))
		if next.Sub(c.First) > m.Rules.CallbackWithin {
			c.Status = CallbackExhausted
			m.emit(Emit{Type: TypeCallbackFailed, Message: o.Detail})
			break
		}
		c.Status, c.Due = CallbackParked, next
		m.do(Note{})
		return
	}
	m.do(Flush{})
}
