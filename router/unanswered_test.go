package router_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// TestASuccessThatLacksItsAttributeIsHeld: an order whose account nobody names
// is neither a success nor a failure, and an operator is told which it lacks.
func TestASuccessThatLacksItsAttributeIsHeld(t *testing.T) {
	for name, tc := range map[string]struct {
		reply string
		phase router.Phase
	}{
		"no reply":          {"", router.Held},
		"another attribute": {`{"message":"Welcome"}`, router.Held},
		"the attribute":     {`{"account":"a-1"}`, router.Settled},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				route := order(routertest.Deliver("bill", "billing", "create"))
				if tc.reply != "" {
					route.Reply = func(router.Scope) (json.RawMessage, error) { return json.RawMessage(tc.reply), nil }
				}
				g := newRig(t, route)
				g.source.MissingFn = func(_ *router.Event, reply []byte) string {
					if strings.Contains(string(reply), "account") {
						return ""
					}
					return "account"
				}
				g.action("billing.create", outcomes(ok))
				got := g.send("ORDER", "acme", "k1")
				synctest.Wait()
				s := g.only("ORDER").State
				if s.Phase != tc.phase {
					t.Fatalf("the event is %s (%s), want %s", s.Phase, s.Why, tc.phase)
				}
				if tc.phase == router.Settled {
					g.answer(got, "200 success"+tc.reply)
					return
				}
				g.answer(got, "202 accepted")
				if s.Why != "a success of ORDER must reply with account, and no route's reply gives it" || g.count(router.TypeEventHeld) != 1 {
					t.Errorf("%d events tell of it; why: %q", g.count(router.TypeEventHeld), s.Why)
				}
			})
		})
	}
}
