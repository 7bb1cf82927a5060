package router_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// TestPendingOverdue: who was told to wait, and waits for long, is told of once.
func TestPendingOverdue(t *testing.T) {
	unavailable := router.Outcome{Kind: router.Retry, Detail: "503"}
	cases := []struct {
		name  string
		setup func(g *rig)
		says  string // of the failure event; "" wants none
	}{
		{"a delivery is tried again and again", func(g *rig) {
			g.action("billing.create", outcomes(again))
		}, "order/bill is parked: busy"},
		{"it succeeds in time", func(g *rig) {
			g.action("billing.create", outcomes(again, again, again, ok))
		}, ""},
		{"it is answered at once", func(g *rig) {
			g.action("billing.create", outcomes(ok))
		}, ""},
		{"the event is held", func(g *rig) {
			g.action("billing.create", outcomes(again))
			g.table.Plan.Routes[0].Deliver[0].Policy.Attempts = 1
		}, "it is held: order/bill: retries are used up: busy"},
		{"the callback does not arrive", func(g *rig) {
			g.action("billing.create", outcomes(router.Outcome{Kind: router.Retry, After: 10 * time.Second}, ok))
			g.source.CallbackFn = func(context.Context, *router.Event, router.Verdict) router.Outcome { return unavailable }
		}, "the answer can't be called back: 503"},
		{"the event can't be fetched", func(g *rig) {
			g.source.FetchFn = func(context.Context, router.Notice) (router.Event, error) {
				return router.Event{}, &router.FetchError{Kind: router.FetchPassing, Err: errors.New("502")}
			}
		}, "the event can't be fetched: 502"},
		{"the note that it was told to wait is lost", func(g *rig) {
			g.action("billing.create", outcomes(again))
			g.journal.OnApply(func(c router.Change) error {
				if c.Lazy {
					return errors.New("dropped")
				}
				return nil
			})
		}, "order/bill is parked: busy"},
		{"a caller that can't be called back does not wait", func(g *rig) {
			g.source.Late = router.LateAccepted
			g.action("billing.create", outcomes(again))
		}, ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
				tc.setup(g)
				g.send("ORDER", "acme", "k1")
				time.Sleep(10 * time.Minute)
				g.crash() // it is told after a restart too
				g.start()
				if n := g.count(router.TypePendingOverdue); n != 0 {
					t.Errorf("told after 10 minutes: %d", n)
				}
				time.Sleep(10 * time.Hour)
				if tc.says == "" {
					if n := g.count(router.TypePendingOverdue); n != 0 {
						t.Errorf("%d events %s, want none", n, router.TypePendingOverdue)
					}
					return
				}
				told := g.only(router.TypePendingOverdue)
				if !strings.Contains(string(told.Event.Payload), tc.says) || told.Event.CausedBy == "" {
					t.Errorf("it says %s (caused by %q), want %q", told.Event.Payload, told.Event.CausedBy, tc.says)
				}
			})
		})
	}
}
