package router_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

func optional(s router.Spec) router.Spec  { s.Optional = true; return s }
func onFailure(s router.Spec) router.Spec { s.OnFailure = true; return s }
func typed(name, typ string, d ...router.Spec) *router.Route {
	return &router.Route{Name: name, From: []string{shop}, On: []string{typ}, Deliver: d}
}

func TestOptionalDeliveriesWaitForTheirTurn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")), typed("assign", "ASSIGN", optional(routertest.Deliver("mail", "email", "send"))))
		g.action("billing.create", func(context.Context, router.Call) router.Outcome { time.Sleep(time.Minute); return ok })
		g.action("email.send", outcomes(ok))
		g.send("ORDER", "acme", "k1")
		g.answer(g.send("ASSIGN", "acme", "k2"), "200 success")
		time.Sleep(time.Hour)
		if s := g.only("ASSIGN").State; !s.Finished() {
			t.Errorf("an hour later: %s, delivery %s", s.Phase, s.Deliveries[0].Status)
		}
	})
}

func TestOnFailureRunsAfterGivingUp(t *testing.T) {
	for _, restart := range []bool{false, true} {
		inBubble(t, func(t *testing.T) {
			once := routertest.Deliver("bill", "billing", "create")
			once.Policy.Attempts = 1
			g := newRig(t, order(once, onFailure(routertest.Deliver("tell", "email", "send"))))
			g.action("billing.create", outcomes(again))
			g.action("email.send", outcomes(ok))
			g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
			if restart {
				g.crash()
				g.start()
			}
			time.Sleep(30 * time.Hour)
			if s := g.only("ORDER").State; !s.Finished() {
				t.Errorf("restart %v: %s, on_failure %s", restart, s.Phase, s.Deliveries[1].Status)
			}
		})
	}
}

func TestCallbacksUseTheCredentialsInForce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", func(context.Context, router.Call) router.Outcome { time.Sleep(5 * time.Second); return ok })
		g.source.CallbackFn = func(context.Context, *router.Event, router.Verdict) router.Outcome {
			return router.Outcome{Kind: router.Retry, NeedsOperator: true}
		}
		g.send("ORDER", "acme", "k1")
		time.Sleep(time.Minute)
		fresh := &routertest.Source{}
		g.router.Swap(&router.Table{Plan: g.table.Plan, Sources: map[string]*router.Endpoint{shop: {Name: shop, Source: fresh}}, Rules: g.table.Rules})
		time.Sleep(2 * time.Hour)
		if len(fresh.Callbacks()) != 1 {
			t.Errorf("new source called back %d times, old one %d", len(fresh.Callbacks()), len(g.source.Callbacks()))
		}
	})
}

func TestOptionalDeliveryHoldsUpNoRejection(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), optional(routertest.Deliver("mail", "email", "send"))))
		g.action("billing.create", outcomes(no))
		g.action("email.send", func(context.Context, router.Call) router.Outcome { time.Sleep(20 * time.Second); return ok })
		g.answer(g.send("ORDER", "acme", "k1"), "200 error card_declined")
	})
}

func TestRetryDoesNotMakeAnUnknownResultKnown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := routertest.Deliver("bill", "billing", "create")
		d.Policy.Within = 48 * time.Hour
		g := newRig(t, order(d))
		g.caller.Lifetime = 23 * time.Hour
		g.action("billing.create", outcomes(lost, router.Outcome{Kind: router.Retry, After: 30 * time.Hour, Detail: "429"}, ok))
		g.send("ORDER", "acme", "k1")
		time.Sleep(40 * time.Hour)
		calls := g.caller.Calls()
		if len(calls) == 3 && calls[2].Key == calls[0].Key {
			t.Errorf("the key was sent again 30 h after an unknown result; it lives 23 h")
		}
	})
}

func TestRetryClockStartsAtTheFirstAttempt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := routertest.Deliver("bill", "billing", "create")
		d.Policy.Within, d.Policy.Max = time.Hour, time.Minute
		g := newRig(t, order(d))
		down := time.Now().Add(10 * time.Hour)
		var first, last atomic.Int64
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			if time.Now().Before(down) {
				return router.Outcome{Kind: router.Retry, NotSent: true, After: time.Minute}
			}
			first.CompareAndSwap(0, time.Now().UnixNano())
			last.Store(time.Now().UnixNano())
			return again
		})
		g.send("ORDER", "acme", "k1")
		time.Sleep(48 * time.Hour)
		if got := time.Duration(last.Load() - first.Load()); got > time.Hour {
			t.Errorf("retried for %v after the first attempt, within = 1h", got)
		}
	})
}

func TestExhaustionOfAFailureEventIsWritten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := optional(routertest.Deliver("mail", "email", "send"))
		m.Policy.Attempts = 2
		alarm := &router.Route{Name: "alarm", From: []string{router.SourceSelf}, Deliver: []router.Spec{m}}
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")), alarm)
		g.action("billing.create", outcomes(no))
		g.action("email.send", outcomes(again))
		g.send("ORDER", "acme", "k1")
		time.Sleep(time.Hour)
		if s := g.only(router.TypeDeliveryFailed).State; !s.Finished() {
			t.Errorf("journal: %s/%s, calls %d", s.Phase, s.Deliveries[0].Status, len(g.caller.Calls()))
		}
	})
}

func TestRepeatWaitsForARecoveredRun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", func(ctx context.Context, _ router.Call) router.Outcome { <-ctx.Done(); return lost })
		go g.send("ORDER", "acme", "k1")
		synctest.Wait()
		g.crash()
		g.action("billing.create", func(context.Context, router.Call) router.Outcome { time.Sleep(time.Second); return ok })
		g.start()
		synctest.Wait()
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
	})
}

func TestResolvedEventKeepsTheLane(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		once := routertest.Deliver("bill", "billing", "create")
		once.Policy.Attempts = 1
		g := newRig(t, order(once, onFailure(routertest.Deliver("tell", "email", "send"))), typed("change", "CHANGE", routertest.Deliver("chg", "crm", "upsert")))
		g.action("billing.create", outcomes(again))
		var busy, overlap atomic.Bool
		g.action("crm.upsert", func(context.Context, router.Call) router.Outcome {
			busy.Store(true)
			time.Sleep(10 * time.Second)
			busy.Store(false)
			return ok
		})
		g.action("email.send", func(context.Context, router.Call) router.Outcome { overlap.Store(busy.Load()); return ok })
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		go g.send("CHANGE", "acme", "k2")
		time.Sleep(time.Second)
		g.router.Resolve(t.Context(), g.only("ORDER").Event.ID, router.Verdict{Kind: router.Error})
		time.Sleep(time.Minute)
		if overlap.Load() {
			t.Error("on_failure of the resolved event ran while another event of its lane did")
		}
	})
}

func TestResolvedEventCallsNobody(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(router.Outcome{Kind: router.Retry, After: time.Hour}, ok))
		g.send("ORDER", "acme", "k1")
		time.Sleep(10 * time.Minute)
		g.crash()
		g.table = &router.Table{Plan: routertest.NewPlan("plan-2"), Sources: g.table.Sources, Rules: g.table.Rules}
		g.start() // plan-1 can't be had: held
		time.Sleep(time.Minute)
		e := g.only("ORDER")
		if err := g.router.Resolve(t.Context(), e.Event.ID, router.Verdict{Kind: router.Error}); err != nil {
			t.Fatal(err)
		}
		n := len(g.caller.Calls())
		time.Sleep(3 * time.Hour)
		if len(g.caller.Calls()) > n {
			t.Errorf("resolved as failure, and called %d times after; verdict %+v", len(g.caller.Calls())-n, g.only("ORDER").State.Verdict)
		}
	})
}

// A lazy write may be dropped. What a settled event's last deliveries came to is
// not left to one: a replay would call them again, as if for the first time.
func TestTheLastOutcomesAreWrittenDown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		mail := optional(routertest.Deliver("mail", "email", "send"))
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), mail))
		g.action("billing.create", outcomes(ok))
		g.action("email.send", func(context.Context, router.Call) router.Outcome {
			time.Sleep(time.Second) // the verdict does not wait for it
			return ok
		})
		g.journal.OnApply(func(c router.Change) error {
			if c.Lazy {
				return errors.New("disk full")
			}
			return nil
		})
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
		time.Sleep(time.Minute)
		e := g.only("ORDER")
		if d := e.State.Deliveries[1]; d.Status != router.DoneSucceeded {
			t.Errorf("the journal has %s as %s", d.Name, d.Status)
		}
		g.inHand(0, 0)
	})
}
