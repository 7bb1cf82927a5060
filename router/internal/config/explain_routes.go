package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
)

// RouteText is a route as the operator wrote it.
type RouteText struct {
	Name string `json:"name"`
	At   string `json:"at"`
	// From names sources; On names types, and is empty for every type.
	From []string `json:"from"`
	On   []string `json:"on,omitempty"`
	// When is the condition's text; "" is always true.
	When  string `json:"when,omitempty"`
	Final bool   `json:"final,omitempty"`
	// Throttle is how often at most the route tells of one thing, or "".
	Throttle string `json:"throttle,omitempty"`
	// Codes maps plugin codes to codes of the source's protocol.
	Codes map[string]string `json:"codes,omitempty"`
	// Deliveries stand in the order in which they can start.
	Deliveries []DeliveryText `json:"deliveries,omitempty"`
	// Reply are the reply's attributes, without values.
	Reply []Value `json:"reply,omitempty"`
}

// DeliveryText is a delivery as the operator wrote it.
type DeliveryText struct {
	Name      string `json:"name"`
	To        string `json:"to"`
	Optional  bool   `json:"optional,omitempty"`
	Unordered bool   `json:"unordered,omitempty"`
	// Needs are the deliveries of the route that it waits for.
	Needs []string `json:"needs,omitempty"`
	// OnFailure: it runs only when the event has failed.
	OnFailure bool `json:"on_failure,omitempty"`
	// When is the condition's text; "" is always true.
	When string `json:"when,omitempty"`
}

// Routes are all routes, in file order.
func (x *Explainer) Routes() []RouteText {
	out := make([]RouteText, 0, len(x.own.drafts))
	for i, route := range x.config.Plan.Routes {
		draft := x.own.drafts[i]
		r := RouteText{
			Name: route.Name, At: route.At, From: route.From, On: route.On, When: x.written(draft.when),
			Final: route.Final, Throttle: throttleText(route.Throttle), Codes: route.Codes,
		}
		for _, d := range inStartOrder(draft.deliveries) {
			r.Deliveries = append(r.Deliveries, x.delivery(d))
		}
		for _, name := range keys(draft.reply) {
			expr, f := draft.reply[name], draft.replyTo.named(name)
			sensitive := f != nil && f.sensitive
			r.Reply = append(r.Reply, Value{Name: name, Expression: x.shown(expr, sensitive), After: waitsFor(expr), Sensitive: sensitive})
		}
		out = append(out, r)
	}
	return out
}

func (x *Explainer) delivery(d *deliveryDraft) DeliveryText {
	return DeliveryText{
		Name: d.name, To: d.to.String(), Optional: d.optional, Unordered: !d.ordered, Needs: d.needs,
		OnFailure: d.onFailure, When: x.written(d.when),
	}
}

// written is the text of an expression, "" for none.
func (x *Explainer) written(expr hcl.Expression) string {
	if expr == nil {
		return ""
	}
	return x.text.of(expr.Range())
}

func throttleText(t *router.Throttle) string {
	if t == nil {
		return ""
	}
	return t.Every.String()
}
