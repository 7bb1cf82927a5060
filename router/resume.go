package router

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// resume takes up an event from the journal: after a restart, after a rest, or
// for an operator.
func (x *run) resume(e *resting) {
	now := time.Now()
	if x.wasCutOff(e) {
		x.letGo()
	}
	if x.state.Phase == Open {
		if err := x.reopen(); err != nil {
			x.apply(Stuck{At: now, Why: err.Error()})
		} else if len(x.state.Deliveries) == 0 {
			fact := x.match()
			f, ok := fact.(Routed)
			if !ok {
				x.apply(fact)
				x.live()
				return
			}
			x.state.Routes, x.state.Deliveries, x.state.Throttled = f.Routes, f.Deliveries, append(x.state.Throttled, f.Throttled...)
			x.written = make([]int, len(f.Deliveries))
		}
	}
	if x.wasCutOff(e) {
		if s := &x.state; s.Phase == Settled && s.Told == ToldNothing && s.Late == LateAccepted && !s.Blind {
			x.log.Warn().Str("verdict", string(s.Verdict.Kind)).Msg("the caller was cut off before it could be told, and can't be called back")
		}
		f := Restarted{At: now, Since: x.event.Received, Queued: e.queued}
		x.recordCutOff(f)
		x.apply(f)
	} else {
		x.apply(Woke{At: now, Nudged: true})
	}
	x.live()
}

// wasCutOff reports whether the event's last life may have ended in the middle of
// something: what does not rest was, and its last words are not in the journal,
// which may drop a note.
func (x *run) wasCutOff(e *resting) bool {
	_, rests := x.state.Rests()
	return e.restart || !rests
}

// recordCutOff keeps for the log what the life that has ended could not: that an
// attempt had perhaps begun. It is not counted, and nobody knows when it was.
func (x *run) recordCutOff(f Restarted) {
	for i := range x.state.Deliveries {
		if d := &x.state.Deliveries[i]; x.state.cutOff(d, f) {
			x.attempts = append(x.attempts, AttemptRow{
				Delivery: d.Name, Generation: d.Generation, Outcome: Unknown, Message: "cut off by a restart, if it had begun",
			})
		}
	}
}

// reopen rebuilds what a run needs beside its state: the plan that the event
// began with, its routes, its scope.
func (x *run) reopen() error {
	if x.endpoint == nil && x.event.Source != SourceSelf {
		return fmt.Errorf("source %s is not configured any more", x.event.Source)
	}
	if x.plan == nil {
		plan, err := x.r.planOf(x.event.Plan)
		if err != nil {
			return fmt.Errorf("the plan that the event began with: %w", err)
		}
		x.plan = plan
	}
	scope, err := x.plan.Open(&x.event)
	if err != nil {
		return fmt.Errorf("reading the event: %w", err)
	}
	x.scope = scope
	x.routes = nil
	for _, name := range x.state.Routes {
		for _, route := range x.plan.Routes {
			if route.Name == name {
				x.routes = append(x.routes, route)
			}
		}
	}
	if len(x.state.Deliveries) > 0 {
		x.refresh()
	}
	for i := range x.state.Deliveries {
		if d := &x.state.Deliveries[i]; d.Status == DoneSucceeded {
			if err := x.output(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// source is the event's source as it is configured now: its credentials may
// have been replaced since the event came in.
func (x *run) source() *Endpoint { return x.r.Table().Sources[x.event.Source] }

// planOf gives the plan of a digest; the one in force costs nothing.
func (r *Router) planOf(digest string) (*Plan, error) {
	if t := r.Table(); t.Plan.Digest == digest {
		return t.Plan, nil
	}
	if r.opt.PlanOf == nil {
		return nil, errors.New("no older plans are kept")
	}
	return r.opt.PlanOf(digest)
}

// revive makes a run of a record. It belongs to nobody until it is launched.
func (r *Router) revive(rec *Record) *run {
	x := r.newRun(r.Table(), rec.Event)
	x.state, x.version, x.emptied = rec.State, rec.Version, rec.Emptied
	x.state.Rules = x.table.Rules
	x.log = eventLog(r.log, &x.event)
	x.written = revisions(x.state.Deliveries)
	x.known = &rec.Event
	x.answerOnce(Verdict{Kind: Accepted})
	x.settle()
	return x
}

func revisions(ds []Delivery) []int {
	revs := make([]int, len(ds))
	for i := range ds {
		revs[i] = ds[i].Rev
	}
	return revs
}

func eventLog(log zerolog.Logger, e *Event) zerolog.Logger {
	return log.With().Str("event", e.ID).Str("source", e.Source).Str("type", e.Type).Logger()
}
