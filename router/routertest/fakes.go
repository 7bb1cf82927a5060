package routertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Source is a source made of functions. Without them a request's body is the
// payload, X-Type its type, X-Lane its lane, X-Key its key, X-Again where to
// ask again, and X-Unkept makes an event of a Synchronous type that is not kept.
type Source struct {
	FetchFn    func(context.Context, router.Notice) (router.Event, error)
	CallbackFn func(context.Context, *router.Event, router.Verdict) router.Outcome
	MissingFn  func(*router.Event, []byte) string
	ReplyFn    func(*router.Event, router.Verdict) router.Response
	// Synchronous are the types that Limits calls so; the notice names them.
	Synchronous []string
	// ReplyWithin defaults to 4 s.
	ReplyWithin time.Duration
	Late        router.Late
	Dedupe      time.Duration

	mu        sync.Mutex
	callbacks []router.Verdict
}

// Callbacks gives the verdicts that were called back, in order.
func (s *Source) Callbacks() []router.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]router.Verdict(nil), s.callbacks...)
}

func (s *Source) Receive(r *http.Request, body []byte) (router.Notice, *router.Response, error) {
	if r.Header.Get("X-Refuse") != "" {
		return router.Notice{}, &router.Response{Status: http.StatusUnauthorized}, fmt.Errorf("bad signature")
	}
	n := router.Notice{
		Key: r.Header.Get("X-Key"), Token: r.Header.Get("X-Type") + "|" + r.Header.Get("X-Lane"), Body: body, Again: r.Header.Get("X-Again"),
	}
	if t := r.Header.Get("X-Type"); slices.Contains(s.Synchronous, t) {
		n.Type, n.Unkept = t, r.Header.Get("X-Unkept") != ""
	}
	if s.FetchFn != nil {
		n.Address = "https://marketplace.test/" + n.Key
	}
	return n, nil, nil
}

func (s *Source) Fetch(ctx context.Context, n router.Notice) (router.Event, error) {
	if s.FetchFn != nil {
		return s.FetchFn(ctx, n)
	}
	return EventOf(n), nil
}

// EventOf makes the event that a notice of Source's own making tells of.
func EventOf(n router.Notice) router.Event {
	var eventType, lane string
	for i := range n.Token {
		if n.Token[i] == '|' {
			eventType, lane = n.Token[:i], n.Token[i+1:]
		}
	}
	return router.Event{Type: eventType, Lane: lane, Payload: json.RawMessage(n.Body)}
}

// Reply says the verdict's kind as the body; Accepted is 202, NotNow 503.
func (s *Source) Reply(e *router.Event, v router.Verdict) router.Response {
	if s.ReplyFn != nil {
		return s.ReplyFn(e, v)
	}
	status := http.StatusOK
	switch v.Kind {
	case router.Accepted:
		status = http.StatusAccepted
	case router.NotNow:
		status = http.StatusServiceUnavailable
	}
	body := string(v.Kind)
	if v.Code != "" {
		body += " " + v.Code
	}
	for _, f := range v.Failed {
		body += fmt.Sprintf(" %+v", f)
	}
	return router.Response{Status: status, Body: []byte(body + string(v.Reply))}
}

func (s *Source) Callback(ctx context.Context, e *router.Event, v router.Verdict) router.Outcome {
	s.mu.Lock()
	s.callbacks = append(s.callbacks, v)
	s.mu.Unlock()
	if s.CallbackFn != nil {
		return s.CallbackFn(ctx, e, v)
	}
	return router.Outcome{Kind: router.Succeeded}
}

func (s *Source) Limits(eventType string) router.Limits {
	l := router.Limits{ReplyWithin: s.ReplyWithin, Late: s.Late, DedupeWindow: s.Dedupe}
	if slices.Contains(s.Synchronous, eventType) {
		l.Late, l.Synchronous = router.LateAccepted, true
	}
	if l.ReplyWithin == 0 {
		l.ReplyWithin = 4 * time.Second
	}
	return l
}

func (s *Source) MissingReply(e *router.Event, reply []byte) string {
	if s.MissingFn == nil {
		return ""
	}
	return s.MissingFn(e, reply)
}

// Caller answers calls by action name: "crm.upsert". An action without a
// function is missing from the catalog.
type Caller struct {
	Actions  map[string]func(context.Context, router.Call) router.Outcome
	Lifetime time.Duration

	mu    sync.Mutex
	calls []router.Call
}

// Calls gives the calls so far, in order.
func (c *Caller) Calls() []router.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]router.Call(nil), c.calls...)
}

func (c *Caller) Call(ctx context.Context, call router.Call) router.Outcome {
	c.mu.Lock()
	c.calls = append(c.calls, call)
	c.mu.Unlock()
	return c.Actions[call.To.String()](ctx, call)
}

func (c *Caller) Lookup(ref router.ActionRef) (router.Action, bool) {
	_, ok := c.Actions[ref.String()]
	return router.Action{Name: ref.Action, KeyLifetime: c.Lifetime}, ok
}

// Scope remembers outputs; the Input functions of Spec read them.
type Scope struct {
	Event   *router.Event
	Outputs map[string]json.RawMessage
	Failing router.Failing
}

func (s *Scope) Output(delivery string, v json.RawMessage) error {
	s.Outputs[delivery] = v
	return nil
}

func (s *Scope) Failed(f router.Failing) { s.Failing = f }

// NewPlan makes a plan of routes whose expressions see a *Scope.
func NewPlan(digest string, routes ...*router.Route) *router.Plan {
	return router.NewPlan(digest, routes, func(e *router.Event) (router.Scope, error) {
		return &Scope{Event: e, Outputs: map[string]json.RawMessage{}}, nil
	})
}

// Deliver makes a delivery to an action, "plugin.action", whose input is the
// outputs of what it needs.
func Deliver(name, plugin, action string, needs ...string) router.Spec {
	return router.Spec{
		Name: name, To: router.ActionRef{Plugin: plugin, Action: action}, Needs: needs, Ordered: true, Policy: router.DefaultPolicy(),
		Input: func(s router.Scope) (json.RawMessage, error) { return json.Marshal(s.(*Scope).Outputs) },
	}
}
