package router

import "time"

func (f Restarted) apply(m *machine) {
	m.Live, m.Turn = false, false
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		switch {
		case d.Status == Running, d.Status == Parked && !d.Due.After(f.At):
			d.Status, d.Due = Parked, f.At
		case d.Status == Waiting && m.Phase == Open && !d.OnFailure && m.unmetNeed(d) == nil && !(d.Ordered && f.Queued):
		default:
			continue
		}
		d.Rev++
		d.MayHaveRun = true
		if d.KeySent.IsZero() {
			d.KeySent = f.Since
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

func (f Replayed) apply(m *machine) {
	if m.Phase != Held && m.Phase != Settled {
		return
	}
	named := map[string]bool{}
	for _, n := range f.Names {
		named[n] = true
	}
	for i := range m.Deliveries {
		d := &m.Deliveries[i]
		if !d.Done() || (len(f.Names) > 0 && !named[d.Name]) {
			continue
		}
		if len(f.Names) == 0 && (d.Status == DoneSucceeded || d.OnFailure && d.Status == DoneSkipped) {
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
	m.Turn = false
	if f.Unfetched && m.Phase == Open {
		m.Phase, m.Since, m.Fetch = Noticed, f.At, Fetching{}
		m.do(Flush{}, Fetch{})
		return
	}
	m.do(Flush{})
	if len(m.Routes) > 0 {
		m.advance(f.At)
	}
}

func (f Resolved) apply(m *machine) {
	if m.Phase == Held {
		m.settle(f.At, f.Verdict)
	}
}

func (f Refused) apply(m *machine) {
	if m.Phase == Open || m.Phase == Noticed {
		m.Phase, m.Live, m.Why = Abandoned, false, "its caller was told that it can't be taken in now"
		m.do(Flush{})
	}
}
