package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

func TestAnswers(t *testing.T) {
	bill := routertest.Deliver("bill", "billing", "create")
	mail := routertest.Deliver("mail", "email", "send")
	mail.Optional = true
	mapped := order(bill)
	mapped.Codes = map[string]string{"card_declined": "FORBIDDEN"}
	failing := order(bill)
	failing.When = func(router.Scope) (bool, error) { return false, errors.New("no such attribute") }
	replying := order(bill)
	replying.Reply = func(s router.Scope) (json.RawMessage, error) { return []byte(`{"account":"a-1"}`), nil }
	once := bill
	once.Policy.Attempts = 1

	for _, tc := range []struct {
		name     string
		route    *router.Route
		outcomes map[string][]router.Outcome
		want     string
		phase    router.Phase
		flushes  int // accept and settle; one more for a failure event while work goes on, and for leaving memory
		failures []string
	}{
		{"all succeed", order(bill), map[string][]router.Outcome{"billing.create": {ok}}, "200 success", router.Settled, 2, nil},
		{"a reply", replying, map[string][]router.Outcome{"billing.create": {ok}}, `200 success{"account":"a-1"}`, router.Settled, 2, nil},
		{"retried in time", order(bill), map[string][]router.Outcome{"billing.create": {again, ok}}, "200 success", router.Settled, 2, nil},
		{"an optional one failed", order(mail, bill), map[string][]router.Outcome{"email.send": {no}, "billing.create": {again, ok}}, "200 warning", router.Settled, 3, []string{router.TypeDeliveryFailed}},
		{"rejected", order(bill), map[string][]router.Outcome{"billing.create": {no}}, "200 error card_declined", router.Settled, 2, []string{router.TypeDeliveryFailed}},
		{"rejected, code mapped", mapped, map[string][]router.Outcome{"billing.create": {no}}, "200 error FORBIDDEN", router.Settled, 2, []string{router.TypeDeliveryFailed}},
		{"exhausted is held", order(once), map[string][]router.Outcome{"billing.create": {again}}, "202 accepted", router.Held, 3, []string{router.TypeDeliveryFailed, router.TypeEventHeld}},
		{"a missing action is held", order(bill), nil, "202 accepted", router.Held, 3, []string{router.TypeDeliveryFailed, router.TypeEventHeld}},
		{"when fails: nothing runs", failing, map[string][]router.Outcome{"billing.create": {ok}}, "200 error signalbox.failed", router.Settled, 2, []string{router.TypeEventFailed}},
		{"no route", &router.Route{Name: "other", From: []string{shop}, On: []string{"CANCEL"}}, nil, "200 error signalbox.unrouted", router.Settled, 2, []string{router.TypeEventUnrouted}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, tc.route)
				for ref, list := range tc.outcomes {
					g.action(ref, outcomes(list...))
				}
				g.answer(g.send("ORDER", "acme", "k1"), tc.want)
				synctest.Wait()
				if s := g.only("ORDER").State; s.Phase != tc.phase {
					t.Errorf("the event is %s (%s), want %s", s.Phase, s.Why, tc.phase)
				}
				if n := g.journal.Flushes(); n != tc.flushes {
					t.Errorf("%d flushes, want %d", n, tc.flushes)
				}
				for _, f := range tc.failures {
					if g.count(f) != 1 {
						t.Errorf("%d events %s, want one", g.count(f), f)
					}
				}
				if len(g.source.Callbacks()) != 0 {
					t.Errorf("called back without need: %v", g.source.Callbacks())
				}
			})
		})
	}
}

func TestDependentsSeeOutputsAndAreFlushedFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("crm", "crm", "upsert", "bill"), routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		g.action("crm.upsert", outcomes(ok))
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
		calls := g.caller.Calls()
		if len(calls) != 2 || calls[0].To.Plugin != "billing" || string(calls[1].Input) != `{"order/bill":{"id":"1"}}` {
			t.Errorf("calls: %+v", calls)
		}
		if n := g.journal.Flushes(); n != 3 {
			t.Errorf("%d flushes, want 3: accept, the output, settle", n)
		}
	})
}

func TestRejectionEndsTheRest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		undo := routertest.Deliver("undo", "billing", "void")
		undo.OnFailure = true
		g := newRig(t, order(
			routertest.Deliver("bill", "billing", "create"), routertest.Deliver("crm", "crm", "upsert", "bill"),
			routertest.Deliver("slow", "ticket", "open"), routertest.Deliver("unsure", "fax", "send"), undo))
		g.action("billing.create", func(context.Context, router.Call) router.Outcome { time.Sleep(time.Second); return no })
		g.action("crm.upsert", outcomes(ok))
		g.action("ticket.open", func(context.Context, router.Call) router.Outcome { time.Sleep(2 * time.Second); return again })
		g.action("fax.send", func(context.Context, router.Call) router.Outcome { time.Sleep(2 * time.Second); return lost })
		g.action("billing.void", outcomes(ok))
		g.answer(g.send("ORDER", "acme", "k1"), "200 error card_declined")
		synctest.Wait()
		got := map[string]string{}
		for _, d := range g.only("ORDER").State.Deliveries {
			got[d.Name] = string(d.Status) + ": " + d.Detail
		}
		for name, want := range map[string]string{
			"order/bill": "rejected: ", "order/crm": "skipped: needs order/bill", "order/slow": "skipped: cancelled: order/bill was rejected",
			"order/unsure": "exhausted: may have run: its result was unknown when order/bill was rejected", "order/undo": "succeeded: ",
		} {
			if got[name] != want {
				t.Errorf("%s is %q, want %q", name, got[name], want)
			}
		}
	})
}

func TestCrashBetweenAcceptAndDelivery(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", func(ctx context.Context, _ router.Call) router.Outcome { <-ctx.Done(); return lost })
		done := make(chan string)
		go func() { done <- g.send("ORDER", "acme", "k1") }()
		synctest.Wait()
		g.crash()
		<-done
		g.action("billing.create", outcomes(ok))
		g.start()
		time.Sleep(time.Minute)
		calls := g.caller.Calls()
		if len(calls) != 2 || calls[0].Key != calls[1].Key || string(calls[0].Input) != string(calls[1].Input) {
			t.Errorf("calls: %+v, want the same key and input twice", calls)
		}
		if cb := g.source.Callbacks(); len(cb) != 1 || cb[0].Kind != router.Success {
			t.Errorf("callbacks: %+v", cb)
		}
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
	})
}

func TestKeyTooOldAfterACrash(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.caller.Lifetime = 23 * time.Hour
		g.action("billing.create", func(ctx context.Context, _ router.Call) router.Outcome { <-ctx.Done(); return lost })
		go g.send("ORDER", "acme", "k1")
		synctest.Wait()
		g.crash()
		time.Sleep(24 * time.Hour)
		g.action("billing.create", outcomes(ok))
		g.start()
		time.Sleep(time.Minute)
		story := g.only("ORDER")
		if n := len(g.caller.Calls()); n != 1 || story.State.Phase != router.Held {
			t.Fatalf("%d calls, the event is %s; want it held and not called again", n, story.State.Phase)
		}
		if d := story.State.Deliveries[0]; !d.MayHaveRun || !strings.Contains(d.Detail, "may have run") {
			t.Errorf("delivery: %+v", d)
		}
		if err := g.router.Replay(t.Context(), story.Event.ID, nil, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		calls := g.caller.Calls()
		if len(calls) != 2 || calls[0].Key == calls[1].Key {
			t.Errorf("--fresh-key did not call with a new key: %+v", calls)
		}
	})
}

func TestKeysAndGenerations(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(again, lost, freshKey, no, ok))
		g.send("ORDER", "acme", "k1")
		time.Sleep(time.Hour)
		id := g.only("ORDER").Event.ID
		if err := g.router.Replay(t.Context(), id, nil, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var keys []string
		for _, c := range g.caller.Calls() {
			keys = append(keys, c.Key[len(id)+len("/order/bill:"):])
		}
		if got := strings.Join(keys, " "); got != "0 0 0 1 2" {
			t.Errorf("generations %q, want 0 0 0 1 2: kept by retries, new by fresh_key and after a rejection", got)
		}
		if v := g.only("ORDER").State.Verdict; v.Kind != router.Error {
			t.Errorf("the replay changed the verdict to %s", v.Kind)
		}
	})
}

func TestHeldIsResolvedReplayedOrGivenUp(t *testing.T) {
	once := routertest.Deliver("bill", "billing", "create")
	once.Policy.Attempts = 1
	for _, tc := range []struct {
		name string
		do   func(g *rig, id string) error
		want router.VerdictKind
		code string
	}{
		{"resolved", func(g *rig, id string) error {
			return g.router.Resolve(context.Background(), id, router.Verdict{Kind: router.Success})
		}, router.Success, ""},
		{"replayed", func(g *rig, id string) error { return g.router.Replay(context.Background(), id, nil, false) }, router.Success, ""},
		{"given up", func(*rig, string) error { return nil }, router.Error, router.CodeGaveUp},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(once))
				g.action("billing.create", outcomes(again, ok))
				g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
				if err := tc.do(g, g.only("ORDER").Event.ID); err != nil {
					t.Fatal(err)
				}
				time.Sleep(25 * time.Hour)
				cb := g.source.Callbacks()
				if len(cb) != 1 || cb[0].Kind != tc.want || cb[0].Code != tc.code {
					t.Errorf("callbacks: %+v, want one %s %s", cb, tc.want, tc.code)
				}
			})
		})
	}
}

func TestOneRunPerKey(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		fetches := 0
		g.source.FetchFn = func(_ context.Context, n router.Notice) (router.Event, error) {
			fetches++
			time.Sleep(100 * time.Millisecond)
			return routertest.EventOf(n), nil
		}
		g.action("billing.create", func(context.Context, router.Call) router.Outcome { time.Sleep(time.Second); return ok })
		answers := make(chan string)
		for range 8 {
			go func() { answers <- g.send("ORDER", "acme", "k1") }()
		}
		for range 8 {
			g.answer(<-answers, "200 success")
		}
		if len(g.caller.Calls()) != 1 || fetches != 1 {
			t.Errorf("%d calls and %d fetches for one event", len(g.caller.Calls()), fetches)
		}
	})
}
