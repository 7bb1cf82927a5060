package router

import "time"

// Some answers are of use only to the caller that waits for them: a check
// during a checkout (Limits.Synchronous). Nothing of such an event outlives its
// caller's patience.

// answerReserve is kept of the caller's limit for folding the outcomes and
// writing the answer: an attempt that takes longer is cut off, so that what the
// others found is still told. It is at most half of what is left.
const answerReserve = 200 * time.Millisecond

func (x *run) synchronous() bool {
	return x.endpoint != nil && x.endpoint.Source.Limits(x.event.Type).Synchronous
}

// patience is until when work on an answer is worth while, for a caller that
// waits until the deadline.
func patience(deadline time.Time) time.Time {
	return deadline.Add(-min(answerReserve, time.Until(deadline)/2))
}

// latest is when attempts must have ended, whatever their policy says; zero
// leaves that to the policy.
func (x *run) latest() time.Time {
	if !x.synchronous() {
		return time.Time{}
	}
	return x.deadline // zero where an operator has it run again
}

// letGo ends what is left of an event that nobody waits for any more.
func (x *run) letGo() {
	if !x.synchronous() {
		return
	}
	if x.event.Notice.Unkept {
		said := x.log.Info()
		if v := x.state.Verdict; v != nil {
			said = said.Str("verdict", string(v.Kind)).Str("code", v.Code)
		}
		said.Str("phase", string(x.state.Phase)).Msg("ends with its caller; nothing of it is kept")
	}
	if !x.state.Finished() {
		x.apply(Unwanted{At: time.Now()})
	}
}

// failed gives what a synchronous caller is told of each delivery that failed.
func (x *run) failed() []Failed {
	if !x.synchronous() {
		return nil
	}
	var out []Failed
	for i := range x.state.Deliveries {
		switch d := &x.state.Deliveries[i]; {
		case d.OnFailure:
		case d.Status == DoneRejected:
			out = append(out, Failed{Optional: d.Optional, Code: x.publicCode(d.Name, d.Code), Message: d.Public})
		case d.Status == DoneExhausted && d.Optional:
			out = append(out, Failed{Optional: true})
		}
	}
	return out
}
