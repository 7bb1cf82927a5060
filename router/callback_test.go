package router_test

import (
	"context"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

func TestLateIsAcceptedAndCalledBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", func(context.Context, router.Call) router.Outcome { time.Sleep(10 * time.Second); return ok })
		began := time.Now()
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("the caller was told after %s, want at its limit", took)
		}
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		time.Sleep(10 * time.Second)
		if cb := g.source.Callbacks(); len(cb) != 1 || cb[0].Kind != router.Success {
			t.Errorf("callbacks: %+v", cb)
		}
		s := g.only("ORDER").State
		if s.Told != router.ToldLater || s.Callback.Status != router.CallbackConfirmed || !s.Finished() {
			t.Errorf("told %q, callback %+v, finished %v", s.Told, s.Callback, s.Finished())
		}
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
		if len(g.caller.Calls()) != 1 {
			t.Errorf("a repeat ran it again")
		}
	})
}

func TestCallbackOutcomes(t *testing.T) {
	for _, tc := range []struct {
		name     string
		outcomes []router.Outcome
		want     router.CallbackStatus
		alerts   map[string]int
	}{
		{"retried", []router.Outcome{again, lost, ok}, router.CallbackConfirmed, nil},
		{"gone: somebody else answered", []router.Outcome{{Kind: router.Rejected, Code: router.CallbackGone}}, router.CallbackElsewhere, map[string]int{router.TypeCallbackRefused: 1}},
		{"gone after an unknown attempt", []router.Outcome{lost, {Kind: router.Rejected, Code: router.CallbackGone}}, router.CallbackElsewhere, nil},
		{"refused", []router.Outcome{{Kind: router.Rejected, Code: "400"}}, router.CallbackRefused, map[string]int{router.TypeCallbackRefused: 1}},
		{"credentials refused, then rotated", []router.Outcome{{Kind: router.Retry, NeedsOperator: true}, {Kind: router.Retry, NeedsOperator: true}, ok}, router.CallbackConfirmed, map[string]int{router.TypeCallbackUnauthorized: 1}},
		{"never", []router.Outcome{again}, router.CallbackExhausted, map[string]int{router.TypeCallbackFailed: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
				g.action("billing.create", func(context.Context, router.Call) router.Outcome { time.Sleep(5 * time.Second); return ok })
				f := outcomes(tc.outcomes...)
				g.source.CallbackFn = func(ctx context.Context, _ *router.Event, _ router.Verdict) router.Outcome {
					return f(ctx, router.Call{})
				}
				g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
				time.Sleep(80 * time.Hour)
				if s := g.only("ORDER").State; s.Callback.Status != tc.want {
					t.Errorf("the callback is %q, want %q", s.Callback.Status, tc.want)
				}
				for _, alert := range []string{router.TypeCallbackRefused, router.TypeCallbackUnauthorized, router.TypeCallbackFailed} {
					if g.count(alert) != tc.alerts[alert] {
						t.Errorf("%d events %s, want %d", g.count(alert), alert, tc.alerts[alert])
					}
				}
			})
		})
	}
}

func TestNobodyToCallBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.source.Late = router.LateAccepted
		g.action("billing.create", func(context.Context, router.Call) router.Outcome { time.Sleep(10 * time.Second); return no })
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		time.Sleep(time.Minute)
		if s := g.only("ORDER").State; !s.Finished() || s.Told != router.ToldAccepted || len(g.source.Callbacks()) != 0 {
			t.Errorf("finished %v, told %q, callbacks %v", s.Finished(), s.Told, g.source.Callbacks())
		}
	})
}
