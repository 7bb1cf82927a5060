package router

import (
	"fmt"
	"time"
)

// When something is tried again, under which key, and when no more.

// How fetches behind a blind 202, and callbacks, are retried.
const (
	retryInitial = time.Second
	retryMax     = 10 * time.Minute
	// notSentPause is the least wait for a plugin that is down: a restart takes
	// about this long.
	notSentPause = 250 * time.Millisecond
	// codeNeedsOperator marks a delivery of which an operator has been told.
	codeNeedsOperator = "needs_operator"
	// codePassedOver marks a delivery whose condition was false.
	codePassedOver = "passed_over"
)

// park has the delivery tried again, or exhausts it where its policy ends.
func (m *machine) park(d *Delivery, f Attempted) {
	o, p := f.Outcome, d.Policy
	if o.FreshKey {
		input := d.Input
		d.newGeneration()
		d.Input = input
	}
	if o.NeedsOperator && d.Code != codeNeedsOperator {
		d.Code = codeNeedsOperator
		m.emit(Emit{Type: TypeDeliveryNeedsOperator, Delivery: d.Name, Code: d.Code, Message: o.Detail})
	}
	wait := max(o.After, backoff(p.Initial, p.Max, d.Attempts, f.Roll))
	next := f.At.Add(wait)
	spent, late := p.Attempts > 0 && d.Attempts >= p.Attempts, p.Within > 0 && next.Sub(d.First)-d.Paused > p.Within
	switch {
	case spent, late:
		why := "retries are used up: " + o.Detail
		if !spent {
			why = fmt.Sprintf("the next retry would come later than %s after the first attempt: %s", p.Within, o.Detail)
		}
		if d.MayHaveRun {
			why = "may have run; " + why
		}
		m.exhaust(d, why)
	case d.keyExpired(next):
		m.exhaust(d, "may have run: the result of its key is unknown, and the key would be too old at the next attempt")
	default:
		d.Status, d.Due = Parked, next
		if !o.FreshKey {
			m.do(Note{})
		}
	}
	if o.FreshKey { // the old one must not come back
		m.do(Flush{})
	}
}

// keyExpired reports whether sending the present key at that time could have a
// second effect: its first result is unknown, and may be forgotten by then.
func (d *Delivery) keyExpired(at time.Time) bool {
	return d.MayHaveRun && d.Lifetime > 0 && !d.KeySent.IsZero() && at.Sub(d.KeySent) > d.Lifetime
}

// newGeneration gives the delivery a new idempotency key, and a new input.
func (d *Delivery) newGeneration() {
	d.Generation++
	d.KeySent, d.MayHaveRun, d.Input = time.Time{}, false, nil
}

// backoff is exponential with full jitter: roll ∈ [0, 1) of the n-th step.
func backoff(initial, max time.Duration, n int, roll float64) time.Duration {
	step := initial
	for i := 1; i < n && step < max; i++ {
		step *= 2
	}
	if step > max {
		step = max
	}
	return time.Duration(roll * float64(step))
}
