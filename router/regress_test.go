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

// doubtful is a journal whose write lands although it says that it failed.
type doubtful struct {
	*routertest.Journal
	accept, apply atomic.Bool
}

func (d *doubtful) Accept(ctx context.Context, e *router.Event, s *router.State) (*router.Record, error) {
	r, err := d.Journal.Accept(ctx, e, s)
	if err == nil && d.accept.CompareAndSwap(true, false) {
		return nil, router.ErrJournal
	}
	return r, err
}

func (d *doubtful) Apply(ctx context.Context, c router.Change) error {
	err := d.Journal.Apply(ctx, c)
	if err == nil && !c.Lazy && d.apply.CompareAndSwap(true, false) {
		return router.ErrJournal
	}
	return err
}

func (g *rig) doubt() *doubtful {
	g.stop(0)
	d := &doubtful{Journal: g.journal}
	g.router = router.New(router.Options{Journal: d, Caller: g.caller, Log: zerolog.Nop()})
	g.router.Swap(g.table)
	g.router.Start(context.Background())
	return d
}

func TestCommitInDoubt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		d := g.doubt()
		d.apply.Store(true)
		time.Sleep(time.Hour)
		g.answer(g.send("ORDER", "acme", "k2"), "200 success")
		if len(g.source.Callbacks()) != 0 {
			t.Errorf("callbacks: %v", g.source.Callbacks())
		}
	})
}

func TestAcceptInDoubtIsAbandoned(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		d := g.doubt()
		d.accept.Store(true)
		g.answer(g.send("ORDER", "acme", "k1"), "503 not now")
		time.Sleep(time.Hour)
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
		time.Sleep(time.Hour)
		phases := map[router.Phase]int{}
		for _, r := range mustFind(t, g) {
			phases[r.State.Phase]++
		}
		if phases[router.Abandoned] != 1 || phases[router.Settled] != 1 || len(g.caller.Calls()) != 1 {
			t.Errorf("%v and %d calls, want one abandoned, one settled, and one call", phases, len(g.caller.Calls()))
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
