package router

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// ActionRef names a plugin's action: plugin.billing.create_subscription.
type ActionRef struct{ Plugin, Action string }

func (r ActionRef) String() string { return r.Plugin + "." + r.Action }

// Scope is what expressions see of one event. It is opaque here: the room that
// compiled the plan made it. It belongs to one event and one goroutine, and is
// rebuilt after a restart by opening the event again and repeating the outputs.
type Scope interface {
	// Output makes the output of a delivery ("route/name"), a JSON object,
	// visible to the expressions of the same route.
	Output(delivery string, v json.RawMessage) error
	// Failed makes why the event has failed visible to the deliveries that run
	// then.
	Failed(f Failing)
}

// Failing is why an event's verdict is an error.
type Failing struct {
	// Delivery ("route/name") is the one that decided it, or "".
	Delivery string
	// Code is the plugin's, or the verdict's own. Message is for the operator.
	Code, Message string
}

// Plan is all routes compiled. It never changes; a reload makes another.
type Plan struct {
	// Digest names the plan's content; the journal keeps the content under it.
	Digest string
	// Routes stand in file order.
	Routes []*Route
	// Open makes the scope of an event. It decodes the event once, and only
	// what the plan's expressions name.
	Open func(*Event) (Scope, error)

	index map[string]map[string][]*Route
}

// Route is one rule: which events, which deliveries, which reply.
type Route struct {
	Name string
	// At is where it stands: "config.hcl:12".
	At string
	// From names sources; On names types, and is empty for every type.
	From, On []string
	// When decides; nil is always true.
	When func(Scope) (bool, error)
	// Deliver stands in file order.
	Deliver []Spec
	// Reply gives the reply's attributes, a JSON object; nil gives none. It is
	// evaluated when every required delivery of the route has succeeded.
	Reply func(Scope) (json.RawMessage, error)
	// Codes maps plugin codes to codes of the source's protocol.
	Codes map[string]string
	// Throttle, if not nil, keeps the route from telling the same failure often.
	Throttle *Throttle
	// Final keeps later routes from the events that this one takes.
	Final bool
}

// Spec is one delivery of a route.
type Spec struct {
	// Name is the label in the route; the delivery's own is route/name.
	Name string
	To   ActionRef
	// Needs are the names, in the same route, whose outputs the input refers to.
	Needs []string
	// Optional deliveries hold up neither the verdict nor the lane.
	Optional bool
	// Ordered deliveries wait for the event's turn in its lane.
	Ordered bool
	// OnFailure deliveries run only after the verdict is an error.
	OnFailure bool
	Policy    Policy
	// When, asked once all that the delivery needs is there, decides whether it
	// runs; nil is always true. One that does not run is skipped.
	When func(Scope) (bool, error)
	// Input gives the action's input, a JSON object, checked against its schema.
	Input func(Scope) (json.RawMessage, error)
}

// Policy is how a delivery is tried. NewPolicy gives the defaults.
type Policy struct {
	Attempts     int           // at most; 0 for as many as fit Within
	Initial, Max time.Duration // the wait after the first attempt, doubled up to Max
	Within       time.Duration // from the first attempt
	Timeout      time.Duration // of one attempt
}

// DefaultPolicy retries what a plugin did not reject: 1 s doubling up to
// 10 min, full jitter, within 24 h.
func DefaultPolicy() Policy {
	return Policy{Initial: time.Second, Max: 10 * time.Minute, Within: 24 * time.Hour, Timeout: 30 * time.Second}
}

// NewPlan indexes routes by source and type.
func NewPlan(digest string, routes []*Route, open func(*Event) (Scope, error)) *Plan {
	p := &Plan{Digest: digest, Routes: routes, Open: open, index: map[string]map[string][]*Route{}}
	types := map[string]map[string]bool{}
	for _, r := range routes {
		for _, from := range r.From {
			if types[from] == nil {
				types[from] = map[string]bool{anyType: true}
			}
			for _, t := range r.On {
				types[from][t] = true
			}
		}
	}
	for from, ts := range types {
		p.index[from] = map[string][]*Route{}
		for t := range ts {
			p.index[from][t] = routesFor(routes, from, t)
		}
	}
	return p
}

// anyType indexes the routes that take every type; a type that no route names
// is looked up under it.
const anyType = ""

func routesFor(routes []*Route, from, eventType string) []*Route {
	var out []*Route
	for _, r := range routes {
		if slices.Contains(r.From, from) && (len(r.On) == 0 || slices.Contains(r.On, eventType)) {
			out = append(out, r)
		}
	}
	return out
}

// Candidates returns the routes that name the source and the type, in file
// order, before any `when` is asked.
func (p *Plan) Candidates(source, eventType string) []*Route {
	byType := p.index[source]
	if routes, ok := byType[eventType]; ok {
		return routes
	}
	return byType[anyType]
}

// Match evaluates the candidates' `when` in file order and returns the routes
// that take the event. An error names the route; no delivery may start then.
func (p *Plan) Match(e *Event, scope Scope) ([]*Route, error) {
	var matched []*Route
	for _, r := range p.Candidates(e.Source, e.Type) {
		ok := true
		if r.When != nil {
			var err error
			if ok, err = r.When(scope); err != nil {
				return nil, fmt.Errorf("route %q: %w", r.Name, err)
			}
		}
		if !ok {
			continue
		}
		matched = append(matched, r)
		if r.Final {
			break
		}
	}
	return matched, nil
}
