package router

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// SourceSelf is the source of failure events: what goes wrong here is routed
// like everything else.
const SourceSelf = "signalbox"

// FailureTypes are the types of failure events.
func FailureTypes() []string {
	return []string{
		TypeDeliveryFailed, TypeDeliveryNeedsOperator, TypeEventHeld, TypeEventFailed, TypeEventUnrouted, TypePendingOverdue,
		TypeFetchUnauthorized, TypeFetchFailed, TypeCallbackRefused, TypeCallbackUnauthorized, TypeCallbackFailed,
		TypePluginDown, TypePluginUp, TypeSourceRefused, TypeJournalUnwritable, TypeJournalWritable,
	}
}

// Failure is the payload of a failure event.
type Failure struct {
	Event    *FailedEvent `json:"event,omitempty"`
	Source   string       `json:"source,omitempty"` // of refused requests
	Count    int          `json:"count,omitempty"`  // of them
	Delivery string       `json:"delivery,omitempty"`
	Plugin   string       `json:"plugin,omitempty"`
	Action   string       `json:"action,omitempty"`
	Attempts int          `json:"attempts,omitempty"`
	Code     string       `json:"code,omitempty"`
	Message  string       `json:"message,omitempty"`
	// MayHaveRun: the effect is perhaps there all the same.
	MayHaveRun bool `json:"may_have_run,omitempty"`
	// Verdict is what the caller was, or should have been, told.
	Verdict *Verdict `json:"verdict,omitempty"`
	// Suppressed counts the failures that a throttle has kept back since Since;
	// this is the last of them.
	Suppressed int       `json:"suppressed,omitempty"`
	Since      time.Time `json:"since,omitzero"`
	// Command is what an operator can do about it.
	Command string `json:"command,omitempty"`
}

// FailedEvent is the event a failure event tells of.
type FailedEvent struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	Type   string `json:"type"`
	Lane   string `json:"lane"`
}

// cause adds a failure event to the next flush of the event that causes it.
func (x *run) cause(e Emit) {
	verdict := x.state.Verdict
	if verdict != nil && len(verdict.Reply) > 0 {
		covered := *verdict
		covered.Reply = Covered()
		if ep := x.source(); ep != nil {
			covered.Reply = ep.Reply.Masked(verdict.Reply)
		}
		verdict = &covered
	}
	f := Failure{
		Event:    &FailedEvent{ID: x.event.ID, Source: x.event.Source, Type: x.event.Type, Lane: x.event.Lane},
		Delivery: e.Delivery, Code: e.Code, Message: e.Message, MayHaveRun: e.MayHaveRun, Verdict: verdict,
		Command: "signalbox events show " + x.event.ID,
	}
	switch e.Type {
	case TypeCallbackRefused, TypeCallbackFailed, TypeCallbackUnauthorized, TypeFetchUnauthorized:
		f.Command = "signalbox events retry " + x.event.ID
	}
	if d := x.state.delivery(e.Delivery); d != nil {
		f.Plugin, f.Action, f.Attempts = d.To.Plugin, d.To.Action, d.Attempts
		f.Command = "signalbox events replay " + x.event.ID
	}
	x.log.Warn().Str("failure", e.Type).Str("delivery", e.Delivery).Str("code", e.Code).Msg(e.Message)
	rec, err := x.r.failureRecord(e.Type, x.event.ID, f)
	if err != nil {
		x.log.Error().Err(err).Msg("a failure event can't be made")
		return
	}
	x.caused = append(x.caused, rec)
	x.r.opt.Observer.Failed(e.Type)
}

// failureRecord makes a failure event. One that no route could take is settled
// from the start: it is there to be found, and costs no run.
func (r *Router) failureRecord(eventType, causedBy string, f Failure) (Record, error) {
	payload, err := json.Marshal(f)
	if err != nil {
		return Record{}, err
	}
	id, err := newID()
	if err != nil {
		return Record{}, err
	}
	t := r.Table()
	now := time.Now()
	rec := Record{
		Event: Event{
			ID: id, Source: SourceSelf, Type: eventType, Lane: id, Seq: r.lanes.next(), Received: now,
			Payload: payload, Notice: Notice{Source: SourceSelf, Received: now}, CausedBy: causedBy, Plan: t.Plan.Digest,
		},
		State:   State{Phase: Open, Told: ToldAccepted, Late: LateAccepted, Quiet: true, Rules: t.Rules},
		Version: 1,
	}
	if len(t.Plan.Candidates(SourceSelf, eventType)) == 0 {
		rec.State.Phase, rec.State.Verdict, rec.State.Ended = Settled, &Verdict{Kind: Success}, now
		rec.State.Why = "no route takes it"
	}
	return rec, nil
}

// beginCaused runs a failure event that is in the journal.
func (r *Router) beginCaused(rec *Record) {
	if rec.State.Finished() {
		return
	}
	x := r.revive(rec)
	r.launch(x, func() {
		r.lanes.hold(x)
		if err := x.reopen(); err != nil {
			x.apply(Stuck{At: time.Now(), Why: err.Error()})
		} else {
			x.route()
		}
		x.live()
	})
}

// Report takes in a failure event that no event has caused: a plugin is down.
// While the journal fails it waits.
func (r *Router) Report(ctx context.Context, eventType string, f Failure) error {
	rec, err := r.failureRecord(eventType, "", f)
	if err != nil {
		return err
	}
	return r.insert(ctx, &rec)
}

// insert writes down a failure event that no event has caused, and begins it.
// While the journal fails it waits.
func (r *Router) insert(ctx context.Context, rec *Record) error {
	for n := 1; ; n++ {
		_, err := r.opt.Journal.Accept(ctx, &rec.Event, &rec.State)
		if r.wrote(err) == nil {
			break
		}
		if !errors.Is(err, ErrJournal) || ctx.Err() != nil {
			return err
		}
		if err := r.pause(n); err != nil {
			return err
		}
	}
	r.opt.Observer.Failed(rec.Event.Type)
	r.beginCaused(rec)
	return nil
}
