package router

import "time"

func (f Restarted) apply(m *machine) {
	m.Live, m.Turn = false, false
	if m.Told == ToldNothing && m.Late == LateCallback && m.Later.IsZero() {
		m.Later = f.Since // it may have been told so, and the note of it is lost
	}
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		if !m.cutOff(d, f) {
			continue
		}
		if d.Status != Waiting {
			d.Status, d.Due = Parked, f.At
		}
		d.Rev++
		d.MayHaveRun = true
		if d.KeySent.IsZero() {
			d.KeySent = f.Since
		}
		if m.Discarded {
			m.drop(d)
		}
	}
	switch {
	case m.Phase == Noticed && !m.Fetch.Due.After(f.At):
		m.Fetch.Due = time.Time{}
		m.do(Fetch{})
	case m.OwesCallback() && !m.Callback.Due.After(f.At):
		m.Callback.MayHaveArrived = m.Callback.MayHaveArrived || m.Told == ToldNothing || m.Callback.Status == CallbackSending
		m.callBack(f.At)
	}
	m.wake(f.At, true)
	m.advance(f.At)
}

// cutOff reports whether the life that has ended may have been in the middle of
// an attempt of d.
func (s *State) cutOff(d *Delivery, f Restarted) bool {
	switch d.Status {
	case Running:
		return true
	case Parked:
		// One that waits for its plugin is not called before the journal knows.
		return !d.Due.After(f.At) && d.PausedAt.IsZero() && !(d.Ordered && f.Queued)
	}
	return s.ready(d) && !(d.Ordered && f.Queued)
}

func (f Replayed) apply(m *machine) {
	if m.Phase != Held && m.Phase != Settled {
		return
	}
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		if !d.replays(f.Names) {
			continue
		}
		if f.FreshKey || d.Status == DoneRejected || d.Status == DoneSucceeded {
			d.newGeneration()
		}
		d.Status, d.Attempts, d.First, d.Paused, d.PausedAt = Waiting, 0, time.Time{}, 0, time.Time{}
		d.Code, d.Public, d.Detail = "", "", ""
		d.Rev++
	}
	if m.Phase == Held {
		m.Phase, m.Why = Open, ""
	}
	m.Turn, m.Discarded, m.Ended = false, false, time.Time{}
	if f.Unfetched && m.Phase == Open {
		m.Phase, m.Since, m.Fetch = Noticed, f.At, Fetching{}
		m.do(Flush{}, Fetch{})
		return
	}
	m.do(Flush{})
	if len(m.Deliveries) > 0 {
		m.advance(f.At)
	}
}

func (f Hastened) apply(m *machine) {
	todo := m.Retryable()
	if todo.Fetch {
		m.Fetch.Due = time.Time{}
		m.do(Fetch{})
	}
	for _, i := range todo.Deliveries {
		m.Deliveries[i].Due = f.At
		m.Deliveries[i].Rev++
	}
	if len(todo.Deliveries) > 0 {
		m.wake(f.At, false)
		m.advance(f.At) // a key may be too old by now
	}
	if todo.Callback {
		if m.Callback.Status != CallbackParked { // its time begins anew
			m.Callback.First, m.Callback.Alerted, m.Ended = time.Time{}, false, time.Time{}
		}
		m.callBack(f.At)
		m.do(Flush{})
	}
}

func (f Resolved) apply(m *machine) {
	if m.Phase == Held {
		m.Why = "resolved by an operator; it was held: " + m.Why
		m.settle(f.At, f.Verdict)
	}
}

func (f DiscardedByOperator) apply(m *machine) {
	why := "discarded by an operator"
	if f.Why != "" {
		why += ": " + f.Why
	}
	m.discard(f.At, why)
}

func (f Unwanted) apply(m *machine) {
	m.discard(f.At, "discarded: nobody waits for its answer any more")
}

// discard ends what is left of the event.
func (m *machine) discard(at time.Time, why string) {
	if m.Finished() {
		return
	}
	m.Discarded = true
	for i := range m.Deliveries {
		if d := &m.Deliveries[i]; d.Status == Waiting || d.Status == Parked {
			m.drop(d)
		}
	}
	if m.Phase == Settled {
		// A callback under way ends by itself; so does an answer being written.
		if m.OwesCallback() && m.Callback.Status != CallbackSending && !m.Live {
			m.callBack(at)
		}
		m.do(Flush{})
		return
	}
	m.Phase, m.Why, m.Fetch.Due = Discarded, why, time.Time{}
	m.do(Flush{})
	if m.Live && m.Told == ToldNothing {
		m.do(Answer{})
	}
}

// whyDropped is what is said of all that a discard has ended.
const whyDropped = "the event was discarded"

// drop ends a delivery of an event that has been discarded.
func (m *machine) drop(d *Delivery) {
	if d.MayHaveRun {
		m.exhaust(d, "may have run: its result was unknown when the event was discarded")
		return
	}
	m.skip(d, whyDropped)
}

func (f Refused) apply(m *machine) {
	if m.Phase == Open || m.Phase == Noticed {
		m.Phase, m.Live, m.Why = Abandoned, false, "its caller was told that it can't be taken in now"
		m.do(Flush{})
	}
}
