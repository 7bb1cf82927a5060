package router_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// ending is what there is to know of how an event ended.
type ending struct {
	Phase      router.Phase
	Why        string
	Routes     []string
	Deliveries map[string]string
	Verdict    *router.Verdict
}

func endingOf(s router.State) ending {
	e := ending{Phase: s.Phase, Why: s.Why, Routes: s.Routes, Deliveries: map[string]string{}, Verdict: s.Verdict}
	for _, d := range s.Deliveries {
		e.Deliveries[d.Name] = fmt.Sprintf("%s %s %s %s %s", d.Status, d.Code, d.Public, d.Detail, needed(d))
	}
	return e
}

// needed is the part of an input that does not hang on what runs beside it.
func needed(d router.Delivery) string {
	var outputs map[string]json.RawMessage
	if len(d.Input) == 0 || json.Unmarshal(d.Input, &outputs) != nil {
		return "not made"
	}
	return fmt.Sprintf("bill: %s", outputs["order/bill"])
}

// TestARehearsalEndsAsTheEventWould has the router itself carry the same event,
// whatever its deliveries come to.
func TestARehearsalEndsAsTheEventWould(t *testing.T) {
	optional := routertest.Deliver("mail", "email", "send", "bill")
	optional.Optional = true
	atOnce := routertest.Deliver("sms", "sms", "send")
	atOnce.Optional = true
	aside := when(routertest.Deliver("note", "crm", "note", "bill"), func(s router.Scope) (bool, error) {
		return s.(*routertest.Scope).Outputs["order/bill"] == nil, nil // never
	})
	ticket := routertest.Deliver("ticket", "desk", "open")
	ticket.OnFailure = true
	route := order(routertest.Deliver("bill", "billing", "create"), routertest.Deliver("stock", "stock", "take"),
		aside, routertest.Deliver("company", "crm", "create", "bill"), optional, atOnce, ticket)
	for i := range route.Deliver {
		route.Deliver[i].Policy.Attempts = 1
	}
	route.Codes = map[string]string{"card_declined": "FORBIDDEN"}
	route.Reply = func(s router.Scope) (json.RawMessage, error) { return s.(*routertest.Scope).Outputs["order/bill"], nil }

	kinds := []router.Outcome{ok, no, again}
	names := []string{"bill", "stock", "company", "mail", "sms", "ticket"}
	for n := range 729 { // 3 outcomes of 6 deliveries
		outcome := map[string]router.Outcome{}
		for i, rest := 0, n; i < len(names); i, rest = i+1, rest/3 {
			outcome["order/"+names[i]] = kinds[rest%3]
		}
		inBubble(t, func(t *testing.T) {
			g := newRig(t, route)
			for i, spec := range route.Deliver {
				g.action(spec.To.String(), func(context.Context, router.Call) router.Outcome {
					if !spec.Optional {
						time.Sleep(time.Duration(i+1) * time.Millisecond) // the optional ones end first, the others in file order
					}
					return outcome["order/"+spec.Name]
				})
			}
			g.send("ORDER", "acme", "k1")
			time.Sleep(time.Second)
			story := g.only("ORDER")
			rehearsed := router.Rehearse(g.table.Plan, g.table.Sources[shop], story.Event, func(name string) router.Outcome { return outcome[name] })
			if diff := cmp.Diff(endingOf(story.State), endingOf(rehearsed)); diff != "" {
				t.Fatalf("with %+v (-live +rehearsed):\n%s", outcome, diff)
			}
		})
	}
}

func TestWhatARehearsalLeavesOut(t *testing.T) {
	never := func(string) router.Outcome { panic("nothing is to be called") }
	e := router.Event{ID: "e1", Source: shop, Type: "ORDER"}
	source := &router.Endpoint{Name: shop, Source: &routertest.Source{}}
	route := order(routertest.Deliver("bill", "billing", "create"))
	other := *route
	other.On = []string{"CANCEL"}
	ping := e
	ping.Flag = router.FlagStateless
	accepting := *source
	accepting.AcceptUnrouted = true
	for name, c := range map[string]struct {
		route    *router.Route
		endpoint *router.Endpoint
		event    router.Event
		want     router.Verdict
	}{
		"a ping":                       {route, source, ping, router.Verdict{Kind: router.Success}},
		"no route takes it":            {&other, source, e, router.Verdict{Kind: router.Error, Code: router.CodeUnrouted}},
		"no route need take it":        {&other, &accepting, e, router.Verdict{Kind: router.Success}},
		"a failure that nobody routes": {route, nil, router.Event{ID: "e2", Source: router.SourceSelf, Type: "plugin.down"}, router.Verdict{Kind: router.Success}},
	} {
		t.Run(name, func(t *testing.T) {
			got := router.Rehearse(routertest.NewPlan("p", c.route), c.endpoint, c.event, never)
			if diff := cmp.Diff(&c.want, got.Verdict); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestARehearsalTriesOnce has a delivery fail that would be tried for a day.
func TestARehearsalTriesOnce(t *testing.T) {
	route := order(routertest.Deliver("bill", "billing", "create"))
	e := router.Event{ID: "e1", Source: shop, Type: "ORDER"}
	for name, outcome := range map[string]router.Outcome{"it is not done": again, "it may be": lost, "under another key": freshKey} {
		t.Run(name, func(t *testing.T) {
			tries := 0
			end := router.Rehearse(routertest.NewPlan("p", route), &router.Endpoint{Name: shop, Source: &routertest.Source{}}, e,
				func(string) router.Outcome { tries++; return outcome })
			if end.Phase != router.Held || tries != 1 {
				t.Errorf("after %d tries it is %s", tries, end.Phase)
			}
		})
	}
}
