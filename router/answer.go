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

// wait gives what this caller is to be told: the verdict, or by the deadline
// that it is accepted, or, if it is not even that, "not now"; and the event, if
// it is known. The caller that brought the event is told what was decided for
// it; a repeat is told the verdict as soon as there is one. ok is false when
// the connection is gone.
func (x *run) wait(ctx context.Context, deadline time.Time, first bool) (v Verdict, known *Event, ok bool) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-x.answered:
	case <-timer.C:
		x.overdue()
	case <-ctx.Done():
		return Verdict{}, nil, false
	}
	x.once.Lock()
	defer x.once.Unlock()
	v = *x.answer
	if settled := x.settled.Load(); settled != nil && !first {
		v = *settled
	}
	return v, x.known, true
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
