package router_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// inHand asserts how many events are in memory and how many at rest.
func (g *rig) inHand(memory, rest int) {
	g.t.Helper()
	synctest.Wait()
	if m, r := g.router.InHand(); m != memory || r != rest {
		g.t.Errorf("%d events in memory and %d at rest, want %d and %d", m, r, memory, rest)
	}
}

func TestFarRetriesLeaveMemoryAndComeBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(router.Outcome{Kind: router.Retry, After: time.Hour}, ok))
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		g.inHand(0, 1)
		g.answer(g.send("ORDER", "acme", "k2"), "202 accepted")
		g.inHand(0, 2)
		time.Sleep(time.Hour)
		g.inHand(0, 0)
		calls := g.caller.Calls()
		if len(calls) != 3 || calls[0].Delivery != calls[1].Delivery || calls[0].Key != calls[1].Key {
			t.Errorf("calls: %+v", calls)
		}
		if n := len(g.source.Callbacks()); n != 2 {
			t.Errorf("%d callbacks, want 2", n)
		}
	})
}

func TestDeadPluginBurnsNoAttempts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		twice := routertest.Deliver("bill", "billing", "create")
		twice.Policy.Attempts = 2
		twice.Policy.Within = time.Minute
		g := newRig(t, order(twice))
		var up atomic.Bool
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			if up.Load() {
				return ok
			}
			return router.Outcome{Kind: router.Retry, NotSent: true, Detail: "it restarts"}
		})
		for i := range 20 {
			g.answer(g.send("ORDER", fmt.Sprint(i), fmt.Sprint(i)), "202 accepted")
		}
		time.Sleep(6 * time.Hour)
		g.inHand(0, 20)
		// A probe every 30 s, and the few that found out.
		if n := len(g.caller.Calls()); n > 6*120+40 {
			t.Errorf("%d calls of a plugin that is down for 6 h", n)
		}
		for _, r := range mustFind(t, g) {
			if d := r.State.Deliveries[0]; d.Attempts != 0 || d.Status != router.Parked {
				t.Errorf("%s after %d attempts, want it parked with none used up", d.Status, d.Attempts)
			}
		}
		up.Store(true)
		g.router.PluginBack("billing")
		synctest.Wait()
		g.inHand(0, 0)
		if n := len(g.source.Callbacks()); n != 20 {
			t.Errorf("%d callbacks, want 20 at once", n)
		}
	})
}

func mustFind(t *testing.T, g *rig) []router.Record {
	t.Helper()
	records, err := g.journal.Find(t.Context(), router.Query{Type: "ORDER"})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestBreakerLetsOneProbeThrough(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		var silent atomic.Bool
		silent.Store(true)
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			if silent.Load() {
				return router.Outcome{Kind: router.Unknown, Lost: true}
			}
			return ok
		})
		for i := range 50 {
			g.answer(g.send("ORDER", fmt.Sprint(i), fmt.Sprint(i)), "202 accepted")
		}
		before := len(g.caller.Calls())
		time.Sleep(10 * time.Minute)
		if n := len(g.caller.Calls()) - before; n < 10 || n > 40 {
			t.Errorf("%d calls in 10 minutes of silence, want a probe at a time", n)
		}
		silent.Store(false)
		time.Sleep(15 * time.Minute) // those that were probes keep to their own backoff
		if n := len(g.source.Callbacks()); n != 50 {
			t.Errorf("%d callbacks, want 50 once a probe was answered", n)
		}
	})
}

func TestPluginLimits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		limited := *g.table
		limited.Limits = map[string]router.PluginLimits{"billing": {MaxInFlight: 3, Rate: 2}}
		g.router.Swap(&limited)
		var running, most atomic.Int32
		began := time.Now()
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			most.Store(max(most.Load(), running.Add(1)))
			time.Sleep(2 * time.Second)
			running.Add(-1)
			return ok
		})
		for i := range 12 {
			go g.send("ORDER", fmt.Sprint(i), fmt.Sprint(i))
		}
		time.Sleep(2 * time.Hour)
		if n := len(g.caller.Calls()); n != 12 {
			t.Fatalf("%d calls, want 12", n)
		}
		if most.Load() > 3 {
			t.Errorf("%d calls at one time, want at most 3", most.Load())
		}
		var took time.Duration
		for _, r := range mustFind(t, g) {
			took = max(took, r.State.Deliveries[0].First.Sub(began))
		}
		if took < 5*time.Second {
			t.Errorf("12 calls went out within %s, at 2 a second", took)
		}
		g.inHand(0, 0)
	})
}

func TestBacklogAtStartIsTakenUpPieceByPiece(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		const backlog = 3000
		for i := range backlog {
			e := router.Event{
				ID: fmt.Sprintf("id-%05d", i), Source: shop, Type: "ORDER", Lane: fmt.Sprint(i % 100), Seq: int64(i + 1), Plan: "plan-1",
				Received: time.Now(), Notice: router.Notice{Source: shop, Key: fmt.Sprint(i)},
			}
			if _, err := g.journal.Accept(t.Context(), &e, &router.State{Phase: router.Open, Rules: router.DefaultRules()}); err != nil {
				t.Fatal(err)
			}
		}
		var most atomic.Int32
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			memory, _ := g.router.InHand()
			most.Store(max(most.Load(), int32(memory)))
			time.Sleep(time.Millisecond)
			return ok
		})
		g.stop(0)
		g.start()
		time.Sleep(time.Minute)
		g.inHand(0, 0)
		if n := len(g.source.Callbacks()); n != backlog {
			t.Errorf("%d callbacks, want %d", n, backlog)
		}
		if most.Load() > 1024 {
			t.Errorf("%d events were in memory at one time", most.Load())
		}
		last := map[string]string{}
		for _, c := range g.caller.Calls() {
			id := c.Delivery[:8]
			lane := id[6:]
			if last[lane] >= id {
				t.Fatalf("%s ran after %s of the same lane", id, last[lane])
			}
			last[lane] = id
		}
	})
}
