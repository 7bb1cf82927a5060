package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// Given is the output of a delivery that has succeeded, a JSON object.
type Given struct {
	// To is the action that gave it, as in billing.create_subscription.
	To     string
	Output json.RawMessage
}

// Taken explains the routes that take an event, without a word about the others,
// so that many events can be asked about. given are outputs by "route/delivery".
// An output is unknown where it is not given, is covered, is of another action
// than the plan's, or is not what that action gives. The error is that no route
// has its way: the event fails before anything runs.
func (x *Explainer) Taken(e *router.Event, given map[string]Given) ([]RouteAnswer, error) {
	opened, err := x.config.Plan.Open(e)
	if err != nil {
		return nil, fmt.Errorf("opening the event: %w", err)
	}
	s, err := x.own.own(opened)
	if err != nil {
		return nil, err
	}
	routes, err := x.config.Plan.Match(e, s)
	if err != nil {
		return nil, err
	}
	var out []RouteAnswer
	for _, route := range routes {
		i := slices.Index(x.config.Plan.Routes, route)
		if i < 0 {
			return nil, errors.New("the route is of another plan")
		}
		out = append(out, x.taken(s, route, x.own.drafts[i], given))
	}
	return out, nil
}

func (x *Explainer) taken(s *scope, route *router.Route, draft *routeDraft, given map[string]Given) RouteAnswer {
	t := RouteAnswer{Name: route.Name, At: route.At, Matches: true, Final: route.Final}
	known := map[string]cty.Value{}
	for _, d := range draft.deliveries {
		if g, ok := given[draft.name+"/"+d.name]; ok && g.To == d.to.String() {
			known[draft.name+"/"+d.name] = d.action.known(g.Output)
		}
	}
	ctx, err := x.context(s, draft, known)
	for _, d := range inStartOrder(draft.deliveries) {
		delivery := DeliveryAnswer{DeliveryText: x.delivery(d)}
		if err != nil {
			delivery.Error = err.Error()
		} else {
			x.runs(&delivery, d, ctx)
		}
		t.Deliveries = append(t.Deliveries, delivery)
	}
	if err == nil {
		t.Reply = x.reply(s.event.Source, draft, ctx)
	}
	return t
}

// known reads an output, of which some may be covered: what a schema calls
// sensitive, or did when the output was asked for.
func (a *actionFacts) known(output json.RawMessage) cty.Value {
	unknown := a.output.unknown()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(output, &members); err != nil {
		return unknown
	}
	covered := maps.Clone(members)
	maps.DeleteFunc(covered, func(_ string, v json.RawMessage) bool { return string(v) != string(router.Covered()) })
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return covered[name] != nil })
	plain, err := json.Marshal(members)
	if err != nil {
		return unknown
	}
	v, err := a.output.decode(plain)
	if err != nil {
		return unknown
	}
	attrs := v.AsValueMap()
	for _, f := range a.output {
		if covered[f.name] != nil {
			attrs[f.name] = unknown.GetAttr(f.name)
		}
	}
	return cty.ObjectVal(attrs)
}
