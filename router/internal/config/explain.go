package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Explainer says what the routes of a configuration do with an event, and why.
// It evaluates their expressions as the router would, and does nothing else. It
// belongs to one goroutine.
type Explainer struct {
	config *Config
	own    *plan
	text   text
	files  map[string]string // that templatefile names, by path
	// replies are the reply schemas by source.
	replies map[string]router.Schema
}

// Explain returns the explainer of a configuration.
func Explain(c *Config) (*Explainer, error) {
	var s snapshot
	if err := json.Unmarshal(c.Snapshot, &s); err != nil {
		return nil, fmt.Errorf("reading the plan's snapshot: %w", err)
	}
	opened, err := c.Plan.Open(&router.Event{})
	if err != nil {
		return nil, fmt.Errorf("opening the plan: %w", err)
	}
	own, ok := opened.(*scope)
	if !ok {
		return nil, errors.New("the plan is of another room")
	}
	x := &Explainer{config: c, own: own.plan, text: text(s.Routes), files: s.Files, replies: map[string]router.Schema{}}
	for _, source := range s.Sources {
		x.replies[source.Name] = source.Reply
	}
	return x, nil
}

// RouteAnswer says what one route does with an event.
type RouteAnswer struct {
	Name    string `json:"name"`
	At      string `json:"at"`
	Matches bool   `json:"matches"`
	Final   bool   `json:"final,omitempty"`
	// Why says in a sentence why the route does not take the event; Reasons are
	// the smallest parts of its condition that said no.
	Why     string   `json:"why,omitempty"`
	Reasons []Reason `json:"reasons,omitempty"`
	// Error is that of the condition: the event fails, and nothing has run.
	Error string `json:"error,omitempty"`
	// Deliveries stand in the order in which they can start.
	Deliveries []DeliveryAnswer `json:"deliveries,omitempty"`
	// Reply are the attributes that the route gives to the reply of a success.
	Reply []Value `json:"reply,omitempty"`
}

// DeliveryAnswer is a delivery that would be made.
type DeliveryAnswer struct {
	DeliveryText
	// Skipped: its condition says no.
	Skipped bool `json:"skipped,omitempty"`
	// WhenMeans is the condition, where it is not known yet.
	WhenMeans Meaning `json:"-"`
	// Input is sorted by name, defaults included.
	Input []Value `json:"input,omitempty"`
	// Error says why the input can't be made.
	Error string `json:"error,omitempty"`
}

// Value is an input or a reply attribute.
type Value struct {
	Name string `json:"name"`
	// Value is covered where the schema calls it sensitive, and absent where it
	// is not known yet.
	Value json.RawMessage `json:"value,omitempty"`
	// After are the deliveries whose output it waits for; Expression is what it
	// will be then, covered where it is sensitive and has a literal in it.
	After      []string `json:"after,omitempty"`
	Expression string   `json:"expression,omitempty"`
	// Means is the Expression, to be compared.
	Means     Meaning `json:"-"`
	Sensitive bool    `json:"sensitive,omitempty"`
	Error     string  `json:"error,omitempty"`
	// OutdoneBy is the earlier route that gives the reply the same attribute: its
	// value is told, and this one is not used.
	OutdoneBy string `json:"outdone_by,omitempty"`

	plain router.Secret // Value, uncovered
}

// Same reports whether two values are the same, as far as they are known, those
// that are covered included.
func (v Value) Same(w Value) bool {
	return v.Name == w.Name && string(v.plain.Reveal()) == string(w.plain.Reveal()) && v.Means.Equal(w.Means) && v.Error == w.Error
}

// Event explains all routes, in file order, before any delivery has run. An
// error is that the event itself can't be read.
func (x *Explainer) Event(e *router.Event) ([]RouteAnswer, error) {
	opened, err := x.config.Plan.Open(e)
	if err != nil {
		return nil, fmt.Errorf("opening the event: %w", err)
	}
	s, err := x.own.own(opened)
	if err != nil {
		return nil, err
	}
	if _, err := s.wholeEvent(); err != nil {
		return nil, err
	}
	var out []RouteAnswer
	ended := "" // why no later route is asked
	for i, route := range x.config.Plan.Routes {
		draft := x.own.drafts[i]
		a := RouteAnswer{Name: route.Name, At: route.At, Final: route.Final, Why: notFor(route, e)}
		if a.Why == "" {
			a.Why = ended
		}
		if a.Why == "" {
			x.match(s, route, draft, &a)
		}
		switch {
		case a.Error != "":
			ended = fmt.Sprintf("it is not asked: the condition of route %q fails", route.Name)
		case a.Matches && route.Final:
			ended = fmt.Sprintf("it is not asked: route %q takes the event, and is final", route.Name)
		}
		out = append(out, a)
	}
	return out, nil
}

// notFor says why a route is not for such events, or "".
func notFor(route *router.Route, e *router.Event) string {
	switch {
	case !slices.Contains(route.From, e.Source):
		return "it takes events from " + strings.Join(route.From, ", ")
	case len(route.On) > 0 && !slices.Contains(route.On, e.Type):
		return "it takes " + strings.Join(route.On, ", ")
	}
	return ""
}

// match asks the route's condition, as the router does, and then says more.
func (x *Explainer) match(s *scope, route *router.Route, draft *routeDraft, a *RouteAnswer) {
	a.Matches = true
	if route.When != nil {
		var err error
		if a.Matches, err = route.When(s); err != nil {
			a.Matches, a.Error = false, err.Error()
			return
		}
	}
	if !a.Matches {
		a.Why = "its condition says no"
		a.Reasons = x.whyNot(s, draft)
		return
	}
	ctx, err := x.context(s, draft, nil)
	for _, d := range inStartOrder(draft.deliveries) {
		delivery := DeliveryAnswer{DeliveryText: x.delivery(d)}
		switch {
		case err != nil:
			delivery.Error = err.Error()
		default:
			x.runs(&delivery, d, ctx)
		}
		a.Deliveries = append(a.Deliveries, delivery)
	}
	if err == nil {
		a.Reply = x.reply(s.event.Source, draft, ctx)
	}
}

// context is what the route's expressions see: the event, and outputs, of which
// only some may be known, by route/delivery.
func (x *Explainer) context(s *scope, draft *routeDraft, known map[string]cty.Value) (*hcl.EvalContext, error) {
	named, outputs := &paths{}, map[string]cty.Value{}
	for _, d := range draft.deliveries {
		output, ok := known[draft.name+"/"+d.name]
		if !ok {
			output = d.action.output.unknown()
		}
		outputs[d.name] = output
		named.note("event", d.expressions()...)
	}
	for _, expr := range draft.reply {
		named.note("event", expr)
	}
	event, err := s.view(named)
	if err != nil {
		return nil, err
	}
	return s.context(draft, map[string]cty.Value{
		"event": event, "deliver": cty.ObjectVal(outputs), "failure": cty.ObjectVal(failureAttributes()),
	}), nil
}

// inStartOrder puts deliveries behind those that they need, else in file order.
func inStartOrder(all []*deliveryDraft) []*deliveryDraft {
	var out []*deliveryDraft
	placed := map[string]bool{}
	for len(out) < len(all) {
		before := len(out)
		for _, d := range all {
			if !placed[d.name] && !slices.ContainsFunc(d.needs, func(name string) bool { return !placed[name] }) {
				placed[d.name] = true
				out = append(out, d)
			}
		}
		if len(out) == before {
			break // a cycle, which no loaded plan has
		}
	}
	return out
}

// runs asks a delivery's condition, as far as it is known, and evaluates the
// input unless the answer is no.
func (x *Explainer) runs(a *DeliveryAnswer, d *deliveryDraft, ctx *hcl.EvalContext) {
	if d.when != nil {
		v, err := evaluate(d.when, ctx)
		if err == nil {
			v, err = convert.Convert(v, cty.Bool)
		}
		switch {
		case err != nil:
			a.Error = err.Error()
			return
		case !v.IsKnown():
			a.WhenMeans = x.meaning(d.when, ctx)
		case !v.IsNull() && v.False():
			a.Skipped = true
			return
		}
	}
	x.input(a, d, ctx)
}

// input evaluates a delivery's input as far as it is known.
func (x *Explainer) input(a *DeliveryAnswer, d *deliveryDraft, ctx *hcl.EvalContext) {
	values, err := x.values(d.with, ctx, d.action.input, d.action.action.Input)
	if err != nil {
		a.Error = err.Error()
		return
	}
	if v, ok := values[whole]; ok {
		a.Input = []Value{v}
		return
	}
	for _, f := range d.action.input {
		v, given := values[f.name]
		switch {
		case given && !v.absent():
		case f.preset != cty.NilVal:
			v, _ = x.value(f.name, f.preset, f, d.action.action.Input)
		case f.required:
			v = Value{Name: f.name, Error: "it is required, but it is null or absent"}
		default:
			continue
		}
		a.Input = append(a.Input, v)
	}
}
