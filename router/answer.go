package router

import (
	"context"
	"time"
)

// answerOnce decides what the callers are told: the first to come decides for
// all. This is the compare-and-set between the verdict and the limit.
func (x *run) answerOnce(v Verdict) bool {
	x.once.Lock()
	defer x.once.Unlock()
	return x.decide(v)
}

// decide is answerOnce for who holds the lock.
func (x *run) decide(v Verdict) bool {
	if x.answer != nil {
		return false
	}
	x.answer = &v
	close(x.answered)
	return true
}

// accepted says that the event is in the journal; false if its caller has been
// refused meanwhile.
func (x *run) accepted() bool {
	x.once.Lock()
	defer x.once.Unlock()
	if x.answer != nil {
		return false
	}
	event := x.event
	x.known = &event
	return true
}

// settle lets everybody have a verdict that is durable.
func (x *run) settle() {
	x.once.Lock()
	defer x.once.Unlock()
	if x.state.Phase == Settled && x.verdict == nil {
		x.verdict = x.state.Verdict
		close(x.settled)
	}
}

// wait gives what this caller is to be told: the verdict, or by the deadline
// that it is accepted, or, if it is not even that, "not now"; and the event, if
// it is known. The caller that brought the event is told what was decided for
// it; a repeat waits for the run that is under way. ok is false when the
// connection is gone.
func (x *run) wait(ctx context.Context, deadline time.Time, first bool) (v Verdict, known *Event, ok bool) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	answered := x.answered
	for {
		select {
		case <-answered:
			if !first && x.told().Kind == Accepted {
				answered = nil // the first was told to wait; the verdict may still come
				continue
			}
		case <-x.settled:
			if first {
				<-x.answered // the same flush decides it
			}
		case <-x.ended:
		case <-timer.C:
			x.overdue()
		case <-ctx.Done():
			return Verdict{}, nil, false
		}
		x.once.Lock()
		defer x.once.Unlock()
		if !first && x.verdict != nil {
			return *x.verdict, x.known, true // perhaps before the first is told
		}
		return *x.answer, x.known, true
	}
}

// told is what was decided.
func (x *run) told() Verdict {
	x.once.Lock()
	defer x.once.Unlock()
	return *x.answer
}

// overdue ends the waiting of all callers at a limit.
func (x *run) overdue() {
	x.once.Lock()
	defer x.once.Unlock()
	v := Verdict{Kind: NotNow}
	if x.known != nil {
		v.Kind = Accepted
	}
	if x.decide(v) && v.Kind == Accepted {
		x.post(Overdue{At: time.Now()})
	}
}
