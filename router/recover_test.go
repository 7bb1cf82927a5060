package router_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// slowDue takes a while for each page of unfinished events, so that much
// happens to those of the first before the next is read.
type slowDue struct{ *routertest.Journal }

func (s slowDue) Due(ctx context.Context, after int64, limit int) ([]router.Pending, error) {
	time.Sleep(100 * time.Millisecond)
	return s.Journal.Due(ctx, after, limit)
}

// owe puts an unfinished event into the journal that the next start finds.
func (g *rig) owe(n int, lane string, s router.State) {
	g.t.Helper()
	id := fmt.Sprintf("00000000-0000-7000-8000-%012d", n)
	e := router.Event{
		ID: id, Source: shop, Type: "ORDER", Lane: lane, Seq: int64(n + 1), Received: time.Now(), Plan: "plan-1", Payload: []byte("{}"),
		Notice: router.Notice{Source: shop, Key: id, Token: "ORDER|" + lane},
	}
	if _, err := g.journal.Accept(context.Background(), &e, &s); err != nil {
		g.t.Fatal(err)
	}
}

// TestRecoveryOfManyMeetsEachOnce: what gets a new place in its lane while
// unfinished events are still being found comes up again, and so do the failure
// events of this life. No lane is left behind.
func TestRecoveryOfManyMeetsEachOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		undo := routertest.Deliver("undo", "crm", "undo")
		undo.OnFailure = true
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), undo), &router.Route{
			Name: "alarm", From: []string{router.SourceSelf}, Deliver: []router.Spec{routertest.Deliver("mail", "email", "send")},
		})
		slow := func(context.Context, router.Call) router.Outcome { time.Sleep(500 * time.Millisecond); return ok }
		g.action("billing.create", outcomes(no))
		g.action("crm.undo", slow)
		g.action("email.send", slow)
		g.crash()
		// Given up at once: its on_failure needs a turn in the lane anew.
		g.owe(0, "acme", router.State{
			Phase: router.Held, Told: router.ToldLater, Since: time.Now().Add(-25 * time.Hour), Routes: []string{"order"}, Rules: g.table.Rules,
			Deliveries: []router.Delivery{
				{Name: "order/bill", To: router.ActionRef{Plugin: "billing", Action: "create"}, Ordered: true, Status: router.DoneExhausted, Rev: 1},
				{Name: "order/undo", To: router.ActionRef{Plugin: "crm", Action: "undo"}, Ordered: true, OnFailure: true, Status: router.Waiting, Rev: 1},
			},
		})
		const others = 2500
		for n := 1; n <= others; n++ {
			g.owe(n, fmt.Sprint("lane", n), router.State{Phase: router.Open, Told: router.ToldLater, Later: time.Now()})
		}
		g.router = router.New(router.Options{Journal: slowDue{g.journal}, Caller: g.caller, Log: zerolog.Nop()})
		g.router.Swap(g.table)
		if err := g.router.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		g.action("billing.create", outcomes(ok))
		g.answer(g.send("ORDER", "acme", "new"), "200 success")
		time.Sleep(time.Hour)
		synctest.Wait()
		if left, err := g.journal.Find(context.Background(), router.Query{Unfinished: true}); err != nil || len(left) > 0 {
			t.Errorf("%d events never end (%v)", len(left), err)
		}
		if n := g.router.Places(); n != 0 {
			t.Errorf("%d places in lanes are left", n)
		}
		if n := g.count(router.TypeDeliveryFailed); n != 100 { // as many as are given at once
			t.Errorf("%d deliveries failed", n)
		}
	})
}
