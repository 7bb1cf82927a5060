package router_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// The plans that a world's operators swap. Names that begin with "free" mark
// deliveries that wait for no lane.

// The types of events that are of use only while their caller waits.
const (
	checked = "CHECK"
	unkept  = "FORM" // in no journal
)

func synchronous(eventType string) bool { return eventType == checked || eventType == unkept }

const (
	near = "near.shop" // its notices carry their events
	far  = "far.shop"  // its events are fetched
)

// plans gives all plans by digest.
func (w *world) plans() map[string]*router.Plan {
	plans := map[string]*router.Plan{}
	for _, p := range []*router.Plan{
		routertest.NewPlan("first",
			w.route("order", "ORDER", w.calls("bill", "billing.create"), w.calls("company", "crm.upsert"),
				w.calls("assign", "crm.assign", "bill"), free(optional(w.calls("free-mail", "email.send"))),
				onFailure(w.calls("tell", "email.send"))),
			w.route("change", "CHANGE", w.calls("upsert", "crm.upsert"), optional(w.calls("free-audit", "crm.assign"))),
			w.route("notice", "NOTICE", free(w.calls("free-mail", "email.send"))),
			alsoOn(unkept, w.route("check", checked, w.calls("upsert", "crm.upsert"), w.calls("bill", "billing.create", "upsert"),
				free(optional(w.calls("free-mail", "email.send"))))),
			&router.Route{Name: "alarm", From: []string{router.SourceSelf}, On: []string{router.TypeDeliveryFailed, router.TypeEventHeld},
				Deliver: []router.Spec{few(2, optional(free(w.calls("free-mail", "email.send"))))}}),
		routertest.NewPlan("second",
			w.route("order", "ORDER", few(2, w.calls("bill", "billing.create")), w.calls("invoice", "billing.invoice", "bill"),
				few(1, w.calls("assign", "crm.assign", "invoice"))),
			w.route("extra", "ORDER", few(3, w.calls("company", "crm.upsert")), onFailure(free(w.calls("free-tell", "email.send")))),
			w.route("change", "CHANGE", few(1, w.calls("charge", "billing.create")), w.calls("assign", "crm.assign", "charge")),
			w.route("notice", "NOTICE", few(2, w.calls("upsert", "crm.upsert"))),
			alsoOn(unkept, w.route("check", checked, few(1, w.calls("upsert", "crm.upsert")), onFailure(w.calls("tell", "email.send"))))),
		routertest.NewPlan("third",
			w.route("order", "ORDER", quick(w.calls("bill", "billing.create")), free(optional(quick(w.calls("free-mail", "email.send"))))),
			w.route("notice", "NOTICE", optional(w.calls("free-mail", "email.send"))),
			&router.Route{Name: "alarm", From: []string{router.SourceSelf}, Deliver: []router.Spec{few(1, w.calls("tell", "email.send"))}}),
	} {
		p.Routes[0].Reply = w.reply(p.Digest)
		plans[p.Digest] = p
	}
	return plans
}

func alsoOn(eventType string, r *router.Route) *router.Route {
	r.On = append(r.On, eventType)
	return r
}
func free(s router.Spec) router.Spec       { s.Ordered = false; return s }
func few(n int, s router.Spec) router.Spec { s.Policy.Attempts = n; return s }
func quick(s router.Spec) router.Spec {
	s.Policy.Timeout, s.Policy.Within = 5*time.Second, 30*time.Minute
	return s
}
func payloadKey(payload json.RawMessage) string {
	var p struct {
		K string `json:"k"`
	}
	json.Unmarshal(payload, &p) // a failure event has none
	return p.K
}

// route takes a type from both sources; for some events its condition can't be
// evaluated.
func (w *world) route(name, eventType string, deliver ...router.Spec) *router.Route {
	return &router.Route{
		Name: name, From: []string{near, far}, On: []string{eventType}, Deliver: deliver,
		When: func(s router.Scope) (bool, error) {
			if w.chance(25, "when", name, payloadKey(s.(*routertest.Scope).Event.Payload)) {
				return false, fmt.Errorf("the condition can't be evaluated")
			}
			return true, nil
		},
	}
}

// calls makes a delivery whose input tells the event, its plan and what it
// needs; for some events it can't be evaluated.
func (w *world) calls(name, action string, needs ...string) router.Spec {
	var ref router.ActionRef
	for i := range action {
		if action[i] == '.' {
			ref = router.ActionRef{Plugin: action[:i], Action: action[i+1:]}
		}
	}
	s := routertest.Deliver(name, ref.Plugin, ref.Action, needs...)
	s.Input = func(s router.Scope) (json.RawMessage, error) {
		scope := s.(*routertest.Scope)
		k := payloadKey(scope.Event.Payload)
		if w.chance(40, "input", name, k) {
			return nil, fmt.Errorf("the input can't be evaluated")
		}
		outputs := map[string]json.RawMessage{}
		for delivery, o := range scope.Outputs {
			for _, n := range needs {
				if len(delivery) > len(n) && delivery[len(delivery)-len(n)-1:] == "/"+n {
					outputs[n] = o
				}
			}
		}
		return json.Marshal(map[string]any{"k": k, "plan": scope.Event.Plan, "outputs": outputs})
	}
	return s
}

// reply tells what bill gave; for some events it lacks what it must have.
func (w *world) reply(digest string) func(router.Scope) (json.RawMessage, error) {
	return func(s router.Scope) (json.RawMessage, error) {
		scope := s.(*routertest.Scope)
		k := payloadKey(scope.Event.Payload)
		switch {
		case w.chance(20, "no reply", k):
			return []byte(`{}`), nil
		case w.chance(20, "bad reply", k):
			return nil, fmt.Errorf("the reply can't be evaluated")
		}
		return json.Marshal(map[string]any{"plan": digest, "bill": scope.Outputs["order/bill"]})
	}
}
