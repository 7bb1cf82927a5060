package admin

import (
	"encoding/json"
	"time"

	"github.com/signalbox/signalbox/router"
)

// toldNothing is the API's word for router.ToldNothing, which is "".
const toldNothing = "nothing"

func eventOf(r *router.Record) Event {
	e, s := &r.Event, &r.State
	out := Event{
		ID: e.ID, Source: e.Source, Type: e.Type, Flag: string(e.Flag), Lane: e.Lane, Received: e.Received.UTC(),
		CausedBy: e.CausedBy, Plan: e.Plan,
		Phase: string(s.Phase), Why: s.Why, Told: toldNothing, Verdict: verdictOf(s.Verdict),
		Routes: s.Routes, Ended: utc(s.Ended),
	}
	if s.Phase == router.Noticed || s.Phase == router.Held {
		out.Since = utc(s.Since)
	}
	if s.Told != router.ToldNothing {
		out.Told = string(s.Told)
	}
	if c := &s.Callback; c.Status != router.CallbackNone {
		out.Callback = &Callback{Status: string(c.Status), Due: utc(c.Due), Detail: c.Detail}
	}
	return out
}

func verdictOf(v *router.Verdict) *Verdict {
	if v == nil {
		return nil
	}
	return &Verdict{Kind: string(v.Kind), Code: v.Code, Message: v.Message, Reply: v.Reply}
}

func storyOf(known *router.Story) Story {
	e := &known.Event
	attempts := map[string][]Attempt{}
	for _, a := range known.Attempts {
		attempts[a.Delivery] = append(attempts[a.Delivery], attemptOf(a))
	}
	story := Story{
		Event: eventOf(&known.Record), Marketplace: e.Notice.Base, Address: e.Notice.Address,
		Emptied: known.Emptied, Payload: object(e.Payload), Attributes: object(e.Attributes), Extra: e.Extra,
		Deliveries: []Delivery{}, Fetches: attempts[router.FetchAttempt], Caused: []Caused{},
	}
	if story.Callback != nil {
		story.Callback.Attempts = attempts[""]
	}
	for i := range known.State.Deliveries {
		d := &known.State.Deliveries[i]
		story.Deliveries = append(story.Deliveries, Delivery{
			Name: d.Name, Plugin: d.To.Plugin, Action: d.To.Action, Needs: d.Needs,
			Optional: d.Optional, OnFailure: d.OnFailure, Ordered: d.Ordered,
			Status: string(d.Status), Due: utc(d.Due), Generation: d.Generation, MayHaveRun: d.MayHaveRun,
			Code: d.Code, PublicMessage: d.Public, Detail: d.Detail,
			Input: d.Input, Output: d.Output, Attempts: orEmpty(attempts[d.Name]),
		})
	}
	return story
}

func attemptOf(a router.AttemptRow) Attempt {
	return Attempt{
		Number: a.Number, Generation: a.Generation, Began: a.Began.UTC(),
		TookMS: float64(a.Took) / float64(time.Millisecond), Outcome: string(a.Outcome), Code: a.Code, Detail: a.Message,
	}
}

// object gives {} for what is not there.
func object(v json.RawMessage) json.RawMessage {
	if len(v) == 0 {
		return json.RawMessage("{}")
	}
	return v
}

// utc keeps a zero time zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
