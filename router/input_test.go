package router_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// An input that can't be made, since a required value of it is null, is no
// attempt: nobody is called, and the event ends where all can see it.
func TestAnInputThatCantBeMadeIsNoAttempt(t *testing.T) {
	lacking := func(s router.Spec) router.Spec {
		s.Input = func(router.Scope) (json.RawMessage, error) {
			return nil, errors.New(`"email" is required, but it is null`)
		}
		return s
	}
	bill, company := routertest.Deliver("bill", "billing", "create"), routertest.Deliver("company", "crm", "create", "bill")
	for name, c := range map[string]struct {
		deliver        []router.Spec
		answer, failed string
		calls          int
	}{
		"before anything has run": {
			deliver: []router.Spec{bill, lacking(routertest.Deliver("mail", "email", "send"))},
			answer:  "200 error signalbox.failed", failed: router.TypeEventFailed,
		},
		"of an optional delivery": {
			deliver: []router.Spec{bill, lacking(optional(routertest.Deliver("mail", "email", "send")))},
			answer:  "200 warning", failed: router.TypeDeliveryFailed, calls: 1,
		},
		"behind a call": {
			deliver: []router.Spec{bill, lacking(company)},
			answer:  "202 accepted", failed: router.TypeEventHeld, calls: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(c.deliver...))
				g.action("billing.create", outcomes(ok))
				g.action("crm.create", outcomes(ok))
				g.action("email.send", outcomes(ok))
				g.answer(g.send("ORDER", "acme", "k1"), c.answer)
				time.Sleep(time.Second)
				if n := len(g.caller.Calls()); n != c.calls {
					t.Errorf("%d calls, want %d", n, c.calls)
				}
				for _, d := range g.only("ORDER").State.Deliveries {
					if d.Name != "order/bill" && d.Attempts != 0 {
						t.Errorf("%s has %d attempts", d.Name, d.Attempts)
					}
				}
				if g.count(c.failed) != 1 {
					t.Errorf("there are %d events %s, want one", g.count(c.failed), c.failed)
				}
			})
		})
	}
}
