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

// hangs is a fetch that a marketplace never answers.
func hangs(ctx context.Context, _ router.Notice) (router.Event, error) {
	<-ctx.Done()
	return router.Event{}, passing()
}

// second is another source beside the rig's, which needs no fetch.
func (g *rig) second() *router.Endpoint {
	other := &router.Endpoint{Name: "fake.other", Source: &routertest.Source{}}
	g.table.Sources[other.Name] = other
	return other
}

// TestSilentMarketplaceHoldsUpNothingElse has more fetches hang than events are
// taken up at one time. What waits for something else goes on when it is due,
// in the life in which it came and in the next.
func TestSilentMarketplaceHoldsUpNothingElse(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		t.Run(fmt.Sprintf("restarted %t", restarted), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				route := order(routertest.Deliver("bill", "billing", "create"))
				route.From = append(route.From, "fake.other")
				g := newRig(t, route)
				other := g.second()
				g.source.FetchFn = hangs
				const atOnce = 150
				for i := range 20 * atOnce {
					go g.send("ORDER", "acme", fmt.Sprint(i))
					if i%atOnce == atOnce-1 {
						time.Sleep(3 * time.Second)
					}
				}
				const wait = 10 * time.Second
				g.action("billing.create", outcomes(router.Outcome{Kind: router.Retry, After: wait}, ok))
				g.answer(g.sendTo(other.Name, "ORDER", "beta", "far"), "202 accepted")
				if restarted {
					g.crash()
					g.start()
				}
				time.Sleep(wait)
				synctest.Wait()
				if n := len(g.caller.Calls()); n != 2 {
					t.Errorf("%d calls once the retry was due, want 2", n)
				}
			})
		})
	}
}

// TestSilentMarketplaceLeavesRoom has more callers call for a marketplace that
// never answers than are taken in at one time. Another source's still are.
func TestSilentMarketplaceLeavesRoom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		route := order(routertest.Deliver("bill", "billing", "create"))
		route.From = append(route.From, "fake.other")
		g := newRig(t, route)
		other := g.second()
		g.action("billing.create", outcomes(ok))
		g.source.FetchFn = hangs
		told := make(chan string, 2*router.DefaultMaxInFlight)
		for i := range cap(told) {
			go func() { told <- g.send("ORDER", fmt.Sprint(i), fmt.Sprint(i)) }()
		}
		synctest.Wait()
		if n := len(told); n == 0 || n == cap(told) {
			t.Errorf("%d callers of %d were turned away, want some", n, cap(told))
		}
		g.answer(g.sendTo(other.Name, "ORDER", "beta", "now"), "200 success")
	})
}

// slowSearch is a journal that takes its time to find what is unfinished.
type slowSearch struct{ router.Journal }

func (j slowSearch) Due(ctx context.Context, after int64, limit int) ([]router.Pending, error) {
	time.Sleep(time.Second)
	return j.Journal.Due(ctx, after, limit)
}

// TestFetchedWhileTheSearchGoesOn has more notices than are found at one time:
// the first of them are fetched, and have another place, before the last are
// found. Each is run once all the same, and holds up nobody.
func TestFetchedWhileTheSearchGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const notices = 1100
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			time.Sleep(100 * time.Millisecond)
			return ok
		})
		g.source.FetchFn = func(context.Context, router.Notice) (router.Event, error) { return router.Event{}, passing() }
		for i := range notices {
			g.answer(g.send("ORDER", fmt.Sprint(i%100), fmt.Sprint(i)), "202 accepted")
		}
		g.crash()
		g.source.FetchFn = func(_ context.Context, n router.Notice) (router.Event, error) { return routertest.EventOf(n), nil }
		time.Sleep(time.Minute) // all are due
		g.router = router.New(router.Options{Journal: slowSearch{g.journal}, Caller: g.caller, Log: zerolog.Nop()})
		g.router.Swap(g.table)
		if err := g.router.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		g.inHand(0, 0)
		if calls, told := len(g.caller.Calls()), len(g.source.Callbacks()); calls != notices || told != notices {
			t.Errorf("%d calls and %d callbacks for %d notices", calls, told, notices)
		}
	})
}
