package router_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

func TestLaneOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		free := routertest.Deliver("note", "crm", "note")
		free.Ordered = false
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), free))
		var busy atomic.Bool
		busy.Store(true)
		g.action("billing.create", func(context.Context, router.Call) router.Outcome {
			if busy.Load() {
				return again
			}
			return ok
		})
		g.action("crm.note", outcomes(ok))

		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		began := time.Now()
		g.answer(g.send("ORDER", "acme", "k2"), "202 accepted")
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("the second of the lane was told after %s", took)
		}
		synctest.Wait()
		calls := func(of string) (n int) {
			for _, c := range g.caller.Calls() {
				if c.To.Plugin == of {
					n++
				}
			}
			return n
		}
		if calls("crm") != 2 {
			t.Errorf("%d calls of the unordered delivery, want 2: it waits for no lane", calls("crm"))
		}
		first := g.caller.Calls()[0].Delivery
		for _, c := range g.caller.Calls() {
			if c.To.Plugin == "billing" && !strings.HasPrefix(c.Delivery, first[:36]) {
				t.Errorf("%s ran before the head of its lane had ended", c.Delivery)
			}
		}
		busy.Store(false)
		g.answer(g.send("ORDER", "other", "k3"), "200 success")
		time.Sleep(time.Hour)
		if n := len(g.source.Callbacks()); n != 2 {
			t.Errorf("%d callbacks, want 2", n)
		}
	})
}

func TestCallerBehindAParkedHeadIsToldAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(router.Outcome{Kind: router.Retry, After: time.Hour}, ok))
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		began := time.Now()
		g.answer(g.send("ORDER", "acme", "k2"), "202 accepted")
		if took := time.Since(began); took != 0 {
			t.Errorf("told after %s, want at once", took)
		}
	})
}

// TestCallerBehindAHeadThatParks: it is told when the head parks, and not only
// at its own limit.
func TestCallerBehindAHeadThatParks(t *testing.T) {
	cases := []struct {
		name    string
		ordered bool
		want    string
		after   time.Duration
	}{
		{"it waits for its turn", true, "202 accepted", time.Second},
		{"it does not wait for its turn", false, "200 success", 500 * time.Millisecond},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				second := routertest.Deliver("note", "crm", "note")
				second.Ordered = tc.ordered
				g := newRig(t, order(routertest.Deliver("bill", "billing", "create")),
					&router.Route{Name: "change", From: []string{shop}, On: []string{"CHANGE"}, Deliver: []router.Spec{second}})
				g.action("billing.create", func(context.Context, router.Call) router.Outcome {
					time.Sleep(time.Second)
					return router.Outcome{Kind: router.Retry, After: time.Hour}
				})
				g.action("crm.note", outcomes(ok))
				began := time.Now()
				told := make(chan struct{})
				go func() {
					defer close(told)
					g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
					if took := time.Since(began); took != time.Second {
						t.Errorf("the head's caller was told after %s, want it when it parks", took)
					}
				}()
				time.Sleep(500 * time.Millisecond)
				g.answer(g.send("CHANGE", "acme", "k2"), tc.want)
				if took := time.Since(began); took != tc.after {
					t.Errorf("told %s after the head came, want %s", took, tc.after)
				}
				<-told
			})
		})
	}
}

func TestLaneOrderSurvivesARestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", func(ctx context.Context, _ router.Call) router.Outcome { <-ctx.Done(); return lost })
		for _, k := range []string{"k1", "k2", "k3"} {
			go g.send("ORDER", "acme", k)
			synctest.Wait()
		}
		before := g.caller.Calls()
		g.crash()
		g.action("billing.create", func(context.Context, router.Call) router.Outcome { time.Sleep(time.Second); return ok })
		g.start()
		time.Sleep(time.Minute)
		after := g.caller.Calls()[len(before):]
		if len(before) != 1 || len(after) != 3 || after[0].Delivery != before[0].Delivery ||
			after[0].Delivery >= after[1].Delivery || after[1].Delivery >= after[2].Delivery {
			t.Errorf("before the crash %v, after it %v", before, after)
		}
	})
}

func TestHeldPassesTheLane(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		once := routertest.Deliver("bill", "billing", "create")
		once.Policy.Attempts = 1
		g := newRig(t, order(once))
		g.action("billing.create", outcomes(again, ok, ok))
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		held := g.only("ORDER").Event
		g.answer(g.send("ORDER", "acme", "k2"), "200 success")
		if err := g.router.Replay(t.Context(), held.ID, nil, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		story, err := g.journal.Story(t.Context(), held.ID)
		if err != nil || story.Event.Seq <= held.Seq || story.State.Phase != router.Settled {
			t.Errorf("after its replay: place %d (was %d), %s, %v", story.Event.Seq, held.Seq, story.State.Phase, err)
		}
	})
}
