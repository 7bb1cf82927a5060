package router_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// What waits for its next try is done as soon as an operator says so, in memory
// or not, and once only.
func TestRetryNow(t *testing.T) {
	far := router.Outcome{Kind: router.Retry, After: 10 * time.Hour}
	refused := router.Outcome{Kind: router.Rejected, Code: "refused"}
	gone := router.Outcome{Kind: router.Rejected, Code: router.CallbackGone}
	for name, c := range map[string]struct {
		fetch    error // of every fetch before the operator comes
		bill     []router.Outcome
		callback []router.Outcome
		rest     time.Duration // before the operator comes
		err      error
		calls    int
		told     int // callbacks made in all
	}{
		"a delivery":              {bill: []router.Outcome{far, ok}, rest: 20 * time.Second, calls: 2, told: 1},
		"a callback":              {bill: []router.Outcome{far, ok}, callback: []router.Outcome{far, ok}, rest: 11 * time.Hour, calls: 2, told: 2},
		"a callback given up":     {bill: []router.Outcome{far, ok}, callback: []router.Outcome{{Kind: router.Retry, After: 100 * time.Hour}, ok}, rest: 11 * time.Hour, calls: 2, told: 2},
		"a refused callback":      {bill: []router.Outcome{far, ok}, callback: []router.Outcome{refused, ok}, rest: 11 * time.Hour, calls: 2, told: 2},
		"resolved elsewhere":      {bill: []router.Outcome{far, ok}, callback: []router.Outcome{gone}, rest: 11 * time.Hour, err: router.ErrNothingToRetry, calls: 2, told: 1},
		"the fetch":               {fetch: passing(), bill: []router.Outcome{ok}, rest: time.Hour, calls: 1, told: 1},
		"nothing is left to tell": {bill: []router.Outcome{ok}, rest: 20 * time.Second, err: router.ErrNothingToRetry, calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
				g.action("billing.create", outcomes(c.bill...))
				answers := outcomes(append(c.callback, ok)...)
				g.source.CallbackFn = func(ctx context.Context, _ *router.Event, _ router.Verdict) router.Outcome {
					return answers(ctx, router.Call{})
				}
				var mended atomic.Bool
				g.source.FetchFn = func(_ context.Context, n router.Notice) (router.Event, error) {
					if c.fetch != nil && !mended.Load() {
						return router.Event{}, c.fetch
					}
					return routertest.EventOf(n), nil
				}
				g.send("ORDER", "acme", "k1")
				time.Sleep(c.rest)
				all, _ := g.journal.Find(t.Context(), router.Query{Source: shop})
				id := all[0].Event.ID
				mended.Store(true)
				if err := g.router.Retry(t.Context(), id); !errors.Is(err, c.err) {
					t.Fatalf("retried: %v, want %v", err, c.err)
				}
				time.Sleep(time.Second)
				if calls, told := len(g.caller.Calls()), len(g.source.Callbacks()); calls != c.calls || told != c.told {
					t.Errorf("%d calls, %d callbacks; want %d and %d", calls, told, c.calls, c.told)
				}
				g.inHand(0, 0)
				if err := g.router.Retry(t.Context(), id); !errors.Is(err, router.ErrNothingToRetry) {
					t.Errorf("retried once more: %v", err)
				}
			})
		})
	}
}

// What waits behind an earlier event of its lane keeps its place.
func TestRetryKeepsTheLane(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(router.Outcome{Kind: router.Retry, After: 10 * time.Hour}, ok))
		g.send("ORDER", "acme", "first")
		g.send("ORDER", "acme", "second")
		time.Sleep(20 * time.Second)
		all, _ := g.journal.Find(t.Context(), router.Query{Source: shop})
		if err := g.router.Retry(t.Context(), all[0].Event.ID); err == nil || len(g.caller.Calls()) != 1 {
			t.Errorf("the second was retried before the first: %v", err)
		}
		if err := g.router.Retry(t.Context(), all[1].Event.ID); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if n := len(g.source.Callbacks()); n != 2 {
			t.Errorf("%d callbacks, want both, one after the other", n)
		}
	})
}

// What a retry may not send any more ends, and the event goes on from there.
func TestRetryOfAnOldKeyHoldsTheEvent(t *testing.T) {
	sent := time.Unix(1_800_000_000, 0)
	s := router.State{Phase: router.Open, Turn: true, Rules: router.DefaultRules(), Deliveries: []router.Delivery{{
		Name: "order/bill", Ordered: true, Policy: router.DefaultPolicy(), Lifetime: time.Minute,
		Status: router.Parked, Due: sent.Add(time.Hour), First: sent, KeySent: sent, PausedAt: sent.Add(time.Second), MayHaveRun: true,
	}}}
	s, _ = router.Step(s, router.Hastened{At: sent.Add(2 * time.Minute)})
	if s.Phase != router.Held || s.Deliveries[0].Status != router.DoneExhausted {
		t.Errorf("the event is %s, its delivery %s", s.Phase, s.Deliveries[0].Status)
	}
}

// The caller of what was discarded is told nothing more, also if it had refused
// the answer before.
func TestRetryTellsNothingOfWhatWasDiscarded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		mail := routertest.Deliver("mail", "email", "send")
		mail.Optional = true
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), mail))
		far := router.Outcome{Kind: router.Retry, After: 10 * time.Hour}
		g.action("billing.create", slowly(10*time.Second, ok))
		g.action("email.send", outcomes(far))
		g.source.CallbackFn = func(context.Context, *router.Event, router.Verdict) router.Outcome {
			return router.Outcome{Kind: router.Rejected, Code: "refused"}
		}
		g.send("ORDER", "acme", "k1")
		time.Sleep(time.Minute)
		id := g.only("ORDER").Event.ID
		if err := g.router.Discard(t.Context(), id, "a test order"); err != nil {
			t.Fatal(err)
		}
		if err := g.router.Retry(t.Context(), id); !errors.Is(err, router.ErrNothingToRetry) {
			t.Errorf("retried: %v", err)
		}
		if s := g.only("ORDER").State; s.Callback.Status != router.CallbackRefused || len(g.source.Callbacks()) != 1 {
			t.Errorf("the callback is %s after %d of them", s.Callback.Status, len(g.source.Callbacks()))
		}
	})
}
