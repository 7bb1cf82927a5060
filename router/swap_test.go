package router_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// tableOf is a table with one source and the plan of that digest.
func tableOf(digest string, ep router.Endpoint, routes ...*router.Route) *router.Table {
	ep.Name = shop
	return &router.Table{Plan: routertest.NewPlan(digest, routes...), Sources: map[string]*router.Endpoint{shop: &ep}, Rules: router.DefaultRules()}
}

// TestSwapDuringARequest: what comes in by one table's source is routed by that
// table's plan, and by what that source makes of an event that no route takes.
func TestSwapDuringARequest(t *testing.T) {
	bill := routertest.Deliver("bill", "billing", "create")
	for _, c := range []struct {
		name           string
		before, behind func(source router.Source) *router.Table
		want           string
		calls          int
	}{
		{"another plan",
			func(s router.Source) *router.Table { return tableOf("before", router.Endpoint{Source: s}, order(bill)) },
			func(s router.Source) *router.Table { return tableOf("behind", router.Endpoint{Source: s}) },
			"200 success", 1},
		{"no such source any more",
			func(s router.Source) *router.Table { return tableOf("before", router.Endpoint{Source: s}, order(bill)) },
			func(router.Source) *router.Table { return &router.Table{Plan: routertest.NewPlan("behind")} },
			"200 success", 1},
		{"events that no route takes are accepted now",
			func(s router.Source) *router.Table { return tableOf("before", router.Endpoint{Source: s}) },
			func(s router.Source) *router.Table {
				return tableOf("behind", router.Endpoint{Source: s, AcceptUnrouted: true}, order(bill))
			},
			"200 error " + router.CodeUnrouted, 0},
		{"they were accepted before",
			func(s router.Source) *router.Table {
				return tableOf("before", router.Endpoint{Source: s, AcceptUnrouted: true})
			},
			func(s router.Source) *router.Table { return tableOf("behind", router.Endpoint{Source: s}, order(bill)) },
			"200 success", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t)
				g.action("billing.create", outcomes(ok))
				g.source.FetchFn = func(_ context.Context, n router.Notice) (router.Event, error) {
					g.router.Swap(c.behind(g.source))
					return routertest.EventOf(n), nil
				}
				g.router.Swap(c.before(g.source))
				g.answer(g.send("ORDER", "acme", "k1"), c.want)
				synctest.Wait()
				if plan, calls := g.only("ORDER").Event.Plan, len(g.caller.Calls()); plan != "before" || calls != c.calls {
					t.Errorf("it is routed by the plan %q: %d calls", plan, calls)
				}
			})
		})
	}
}

// TestSwapDuringALaterFetch: an event whose caller was told to wait is routed by
// the table that its fetch was tried with at last.
func TestSwapDuringALaterFetch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t)
		g.action("billing.create", outcomes(ok))
		digests := []string{"received by", "fetched by", "too late"}
		swap := func() {
			g.router.Swap(tableOf(digests[0], router.Endpoint{Source: g.source}, order(routertest.Deliver("bill", "billing", "create"))))
			digests = digests[1:]
		}
		fetches := 0
		g.source.FetchFn = func(_ context.Context, n router.Notice) (router.Event, error) {
			swap()
			if fetches++; fetches == 1 {
				return router.Event{}, passing()
			}
			return routertest.EventOf(n), nil
		}
		swap()
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		time.Sleep(time.Hour)
		synctest.Wait()
		if e := g.only("ORDER").Event; e.Plan != "fetched by" || len(g.caller.Calls()) != 1 {
			t.Errorf("it is routed by the plan %q: %d calls", e.Plan, len(g.caller.Calls()))
		}
	})
}
