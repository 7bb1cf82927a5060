package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

func when(s router.Spec, holds func(router.Scope) (bool, error)) router.Spec {
	s.When = holds
	return s
}

func TestConditionsOfDeliveries(t *testing.T) {
	never := func(router.Scope) (bool, error) { return false, nil }
	byOutput := func(s router.Scope) (bool, error) { return s.(*routertest.Scope).Outputs["order/bill"] == nil, nil }
	broken := func(router.Scope) (bool, error) { return false, errors.New("no such member") }
	bill, company := routertest.Deliver("bill", "billing", "create"), routertest.Deliver("company", "crm", "create", "bill")
	for name, c := range map[string]struct {
		deliver []router.Spec
		answer  string
		want    map[string]router.Status
		calls   int
	}{
		"at once": {
			deliver: []router.Spec{when(bill, never)},
			answer:  "200 success", want: map[string]router.Status{"order/bill": router.DoneSkipped},
		},
		"what needs it is skipped too": {
			deliver: []router.Spec{when(bill, never), company},
			answer:  "200 success", want: map[string]router.Status{"order/bill": router.DoneSkipped, "order/company": router.DoneSkipped},
		},
		"once what it needs is there": {
			deliver: []router.Spec{bill, when(company, byOutput)},
			answer:  "200 success", want: map[string]router.Status{"order/bill": router.DoneSucceeded, "order/company": router.DoneSkipped}, calls: 1,
		},
		"one that fails before anything ran": {
			deliver: []router.Spec{bill, when(routertest.Deliver("mail", "email", "send"), broken)},
			answer:  "200 error signalbox.failed", want: map[string]router.Status{},
		},
		"one that fails after a call": {
			deliver: []router.Spec{bill, when(company, broken)},
			answer:  "202 accepted", want: map[string]router.Status{"order/bill": router.DoneSucceeded, "order/company": router.DoneExhausted}, calls: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(c.deliver...))
				g.action("billing.create", outcomes(ok))
				g.action("crm.create", outcomes(ok))
				g.answer(g.send("ORDER", "acme", "k1"), c.answer)
				time.Sleep(time.Second)
				e := g.only("ORDER")
				got := map[string]router.Status{}
				for _, d := range e.State.Deliveries {
					got[d.Name] = d.Status
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if n := len(g.caller.Calls()); n != c.calls {
					t.Errorf("%d calls, want %d", n, c.calls)
				}
				g.inHand(0, held(e.State.Phase))
			})
		})
	}
}

// held is how many events of that phase rest for good.
func held(p router.Phase) int {
	if p == router.Held {
		return 1
	}
	return 0
}

// What runs on failure sees why the event has failed, also after a restart.
func TestOnFailureSeesTheFailure(t *testing.T) {
	bill := routertest.Deliver("bill", "billing", "create")
	for name, c := range map[string]struct {
		bill  func(context.Context, router.Call) router.Outcome
		crash bool
		want  router.Failing
	}{
		"rejected":      {bill: outcomes(no), want: router.Failing{Delivery: "order/bill", Code: "card_declined", Message: "Your card was declined."}},
		"and a restart": {bill: outcomes(no), crash: true, want: router.Failing{Delivery: "order/bill", Code: "card_declined", Message: "Your card was declined."}},
		"used up":       {bill: outcomes(again), want: router.Failing{Delivery: "order/bill", Message: "retries are used up: busy"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var mu sync.Mutex
				var seen []router.Failing
				ticket := onFailure(routertest.Deliver("ticket", "crm", "create"))
				ticket.Input = func(s router.Scope) (json.RawMessage, error) {
					mu.Lock()
					defer mu.Unlock()
					seen = append(seen, s.(*routertest.Scope).Failing)
					return []byte(`{}`), nil
				}
				g := newRig(t, order(once(bill), ticket))
				g.action("billing.create", c.bill)
				g.action("crm.create", outcomes(ok))
				if c.crash {
					hang := make(chan struct{})
					g.action("crm.create", func(ctx context.Context, _ router.Call) router.Outcome {
						select {
						case <-hang:
						case <-ctx.Done():
						}
						return lost
					})
				}
				g.send("ORDER", "acme", "k1")
				if c.crash {
					g.crash()
					mu.Lock()
					seen = nil
					mu.Unlock()
					g.action("crm.create", outcomes(ok))
					g.start()
				}
				time.Sleep(30 * time.Hour) // longer than give_up
				mu.Lock()
				defer mu.Unlock()
				if diff := cmp.Diff([]router.Failing{c.want}, seen); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}
