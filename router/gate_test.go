package router_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// Calls that were under way when the plugin fell silent tell the same thing
// once: the first probe comes as soon as after one of them.
func TestSilenceOfManyCallsIsOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		var silent atomic.Bool
		silent.Store(true)
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			if !silent.Load() {
				return ok
			}
			time.Sleep(3 * time.Second)
			return router.Outcome{Kind: router.Unknown, Lost: true}
		})
		const crowd = 20
		for i := range crowd {
			go g.send("ORDER", fmt.Sprint(i), fmt.Sprint(i))
		}
		time.Sleep(3*time.Second + time.Millisecond)
		silent.Store(false)
		before := len(g.caller.Calls())
		if before != crowd {
			t.Fatalf("%d calls, want all %d at once", before, crowd)
		}
		time.Sleep(500 * time.Millisecond)
		if n := len(g.caller.Calls()) - before; n != 0 {
			t.Fatalf("%d calls while the plugin counts as silent, want none", n)
		}
		time.Sleep(time.Second)
		if n := len(g.caller.Calls()) - before; n == 0 {
			t.Error("no probe within 1.5 s of the silence")
		}
	})
}

// A probe that must wait for its turn by the rate does not use up the probe.
func TestProbeKeepsToTheRate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		limited := *g.table
		limited.Limits = map[string]router.PluginLimits{"billing": {Rate: 0.01}}
		g.router.Swap(&limited)
		var up atomic.Bool
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			if up.Load() {
				return ok
			}
			return router.Outcome{Kind: router.Retry, NotSent: true}
		})
		g.answer(g.send("ORDER", "1", "1"), "202 accepted")
		up.Store(true)
		time.Sleep(3 * time.Minute)
		if n := len(g.source.Callbacks()); n != 1 {
			t.Errorf("%d callbacks, want 1 as soon as the rate lets the probe through", n)
		}
	})
}

// A probe that is given up before its turn comes is asked for again: the plugin
// must not count as silent for ever.
func TestAProbeThatIsGivenUpIsAskedForAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		bill := routertest.Deliver("bill", "billing", "create")
		bill.Policy.Attempts = 1
		g, _ := newCheckRig(t, check(routertest.Deliver("domain", "billing", "check")), order(bill))
		limited := *g.table
		limited.Limits = map[string]router.PluginLimits{"billing": {MaxInFlight: 6}}
		g.router.Swap(&limited)
		var calls atomic.Int64
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			switch n := calls.Add(1); {
			case n <= 5:
				time.Sleep(time.Second) // their silence opens the breaker
			case n <= 11:
				time.Sleep(20 * time.Second) // they fill the plugin meanwhile
			default:
				return ok
			}
			return router.Outcome{Kind: router.Unknown, Lost: true}
		})
		g.action("billing.check", outcomes(ok))
		for i := range 11 {
			go g.send("ORDER", fmt.Sprint(i), fmt.Sprint(i))
		}
		time.Sleep(2500 * time.Millisecond)
		g.answer(g.sendCheck(false), "202 accepted") // the probe, which finds no room
		time.Sleep(time.Minute)
		g.answer(g.sendCheck(false), "200 success")
		g.answer(g.send("ORDER", "late", "late"), "200 success")
	})
}

// A reload that raises a plugin's rate holds from then on.
func TestARaisedRateHoldsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		for n, rate := range []float64{0.01, 100} {
			limited := *g.table
			limited.Limits = map[string]router.PluginLimits{"billing": {Rate: rate}}
			g.router.Swap(&limited)
			g.answer(g.send("ORDER", "acme", fmt.Sprint(n)), "200 success")
		}
	})
}
