package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

func TestReplayAfterARestartKeepsTheReply(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		once := routertest.Deliver("bill", "billing", "create")
		once.Policy.Attempts = 1
		r := order(once)
		r.Reply = func(router.Scope) (json.RawMessage, error) { return []byte(`{"accountIdentifier":"1"}`), nil }
		g := newRig(t, r)
		g.action("billing.create", outcomes(again, ok))
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		g.crash()
		g.start()
		if err := g.router.Replay(t.Context(), g.only("ORDER").Event.ID, nil, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if v := g.only("ORDER").State.Verdict; v == nil || len(v.Reply) == 0 {
			t.Errorf("verdict %+v, want its reply", v)
		}
	})
}

func TestReplayOfAnEventThatWasNeverFetched(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		g.source.FetchFn = func(context.Context, router.Notice) (router.Event, error) { return router.Event{}, passing() }
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		g.crash()
		all := g.table.Sources
		g.table = &router.Table{Plan: g.table.Plan, Sources: map[string]*router.Endpoint{}, Rules: g.table.Rules}
		g.start()
		time.Sleep(time.Hour)
		recs, _ := g.journal.Find(t.Context(), router.Query{Source: shop})
		g.stop(0)
		g.table = &router.Table{Plan: g.table.Plan, Sources: all, Rules: g.table.Rules}
		g.start()
		g.source.FetchFn = func(_ context.Context, n router.Notice) (router.Event, error) { return routertest.EventOf(n), nil }
		if err := g.router.Replay(t.Context(), recs[0].Event.ID, nil, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if cb := g.source.Callbacks(); len(cb) != 1 || len(g.caller.Calls()) == 0 {
			t.Errorf("told %+v with %d calls and the event never fetched", cb, len(g.caller.Calls()))
		}
	})
}

func TestReplayWithoutItsPlanIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", func(ctx context.Context, _ router.Call) router.Outcome { <-ctx.Done(); return lost })
		go g.send("ORDER", "acme", "k1")
		synctest.Wait()
		g.crash()
		g.action("billing.create", outcomes(ok))
		g.table = &router.Table{Plan: routertest.NewPlan("plan-2"), Sources: g.table.Sources, Rules: g.table.Rules}
		g.start() // plan-1 can't be had: held
		time.Sleep(time.Minute)
		e := g.only("ORDER")
		if err := g.router.Replay(t.Context(), e.Event.ID, nil, false); err == nil {
			t.Error("the replay was not refused")
		}
		time.Sleep(time.Minute)
		if cb := g.source.Callbacks(); len(cb) > 0 {
			t.Errorf("told %+v; no delivery of it was made known (%d calls)", cb, len(g.caller.Calls()))
		}
	})
}

type slowFind struct {
	*routertest.Journal
	slow atomic.Bool
}

func (s *slowFind) Find(ctx context.Context, q router.Query) ([]router.Record, error) {
	r, err := s.Journal.Find(ctx, q)
	if s.slow.Load() {
		time.Sleep(10 * time.Millisecond)
	}
	return r, err
}

func TestTwoReplaysAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(no, ok))
		g.stop(0)
		d := &slowFind{Journal: g.journal}
		g.router = router.New(router.Options{Journal: d, Caller: g.caller, Log: zerolog.Nop()})
		g.router.Swap(g.table)
		g.router.Start(context.Background())
		g.answer(g.send("ORDER", "acme", "k1"), "200 error card_declined")
		time.Sleep(time.Second)
		id := g.only("ORDER").Event.ID
		d.slow.Store(true)
		for range 2 {
			go func() { t.Log("replay: ", g.router.Replay(context.Background(), id, nil, false)) }()
		}
		time.Sleep(time.Minute)
		d.slow.Store(false)
		g.answer(g.send("ORDER", "acme", "k2"), "200 success")
	})
}

func TestAttemptsNameTheirGeneration(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(freshKey, ok))
		g.send("ORDER", "acme", "k1")
		time.Sleep(time.Minute)
		for i, a := range g.only("ORDER").Attempts {
			if a.Delivery != "" && a.Generation != i {
				t.Errorf("attempt %d logged as generation %d; its key was %s", i+1, a.Generation, g.caller.Calls()[i].Key)
			}
		}
	})
}

// A crash between an operator's replay and the verdict that it leads to loses
// neither: the next life concludes what has nothing left to run.
func TestAReplayThatACrashCutOffIsConcluded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mended atomic.Bool
		route := order(routertest.Deliver("bill", "billing", "create"))
		route.Reply = func(router.Scope) (json.RawMessage, error) {
			if mended.Load() {
				return json.RawMessage(`{"bill":"1"}`), nil
			}
			return nil, errors.New("no such member")
		}
		g := newRig(t, route)
		g.action("billing.create", outcomes(ok))
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		e := g.only("ORDER")
		if e.State.Phase != router.Held {
			t.Fatalf("it is %s", e.State.Phase)
		}
		g.journal.OnApply(func(c router.Change) error {
			if c.State != nil && c.State.Phase == router.Held {
				return router.ErrJournal // of the next verdict
			}
			return nil
		})
		go g.router.Replay(context.Background(), e.Event.ID, nil, false)
		time.Sleep(time.Second)
		g.crash()
		g.journal.OnApply(nil)
		mended.Store(true)
		g.start()
		time.Sleep(time.Minute)
		if e := g.only("ORDER"); e.State.Phase != router.Settled || e.State.Verdict.Kind != router.Success {
			t.Errorf("it is %s, %+v", e.State.Phase, e.State.Verdict)
		}
		g.inHand(0, 0)
	})
}
