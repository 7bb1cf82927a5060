package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

func once(s router.Spec) router.Spec { s.Policy.Attempts = 1; return s }

// never is an action that goes on until its time is up.
func never(ctx context.Context, _ router.Call) router.Outcome { <-ctx.Done(); return lost }

func TestDiscard(t *testing.T) {
	far := router.Outcome{Kind: router.Retry, After: time.Hour}
	lostFar := router.Outcome{Kind: router.Unknown, After: time.Hour}
	bill := routertest.Deliver("bill", "billing", "create")
	mail := optional(routertest.Deliver("mail", "email", "send"))
	down := func(context.Context, *router.Event, router.Verdict) router.Outcome { return again }
	for name, c := range map[string]struct {
		deliver        []router.Spec
		bill           func(context.Context, router.Call) router.Outcome
		mail           func(context.Context, router.Call) router.Outcome
		callback       func(context.Context, *router.Event, router.Verdict) router.Outcome
		blind          bool // its fetch fails
		phase          router.Phase
		status         router.Status // of the first delivery, "" if there is none
		other          router.Status // of the second
		callbackStatus router.CallbackStatus
		callbacks      int // made in all
		calls          int
		failed         int // delivery.failed
	}{
		"noticed":                    {blind: true, phase: router.Discarded},
		"open, parked":               {deliver: []router.Spec{bill}, bill: outcomes(far), phase: router.Discarded, status: router.DoneSkipped, calls: 1},
		"open, may have run":         {deliver: []router.Spec{bill}, bill: outcomes(lostFar), phase: router.Discarded, status: router.DoneExhausted, calls: 1, failed: 1},
		"held":                       {deliver: []router.Spec{once(bill), onFailure(mail)}, bill: outcomes(again), phase: router.Discarded, status: router.DoneExhausted, other: router.DoneSkipped, calls: 1, failed: 1},
		"settled, optional parked":   {deliver: []router.Spec{bill, mail}, bill: outcomes(ok), mail: outcomes(far), phase: router.Settled, status: router.DoneSucceeded, other: router.DoneSkipped, calls: 2},
		"settled, on_failure parked": {deliver: []router.Spec{bill, onFailure(mail)}, bill: outcomes(no), mail: outcomes(lostFar), phase: router.Settled, status: router.DoneRejected, other: router.DoneExhausted, calls: 2, failed: 2},
		"settled, called back":       {deliver: []router.Spec{bill}, bill: outcomes(far, ok), callback: down, phase: router.Settled, status: router.DoneSucceeded, callbackStatus: router.CallbackDiscarded, calls: 2},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(c.deliver...))
				g.action("billing.create", c.bill)
				g.action("email.send", c.mail)
				g.source.CallbackFn = c.callback
				if c.blind {
					g.source.FetchFn = func(context.Context, router.Notice) (router.Event, error) { return router.Event{}, passing() }
				}
				g.send("ORDER", "acme", "k1")
				time.Sleep(10 * time.Second)
				if c.callback != nil {
					time.Sleep(time.Hour)
				}
				all, _ := g.journal.Find(t.Context(), router.Query{Source: shop})
				id, told := all[0].Event.ID, len(g.source.Callbacks())
				if err := g.router.Discard(t.Context(), id, "a test order"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(100 * time.Hour)
				g.crash()
				g.start()
				time.Sleep(time.Hour)
				story, err := g.journal.Story(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				s := story.State
				if s.Phase != c.phase || !s.Finished() || s.Ended.IsZero() || s.Callback.Status != c.callbackStatus {
					t.Errorf("%s, finished %v at %s, callback %q", s.Phase, s.Finished(), s.Ended, s.Callback.Status)
				}
				if c.phase == router.Discarded && s.Why != "discarded by an operator: a test order" {
					t.Errorf("why: %s", s.Why)
				}
				for i, want := range []router.Status{c.status, c.other} {
					if want != "" && s.Deliveries[i].Status != want {
						t.Errorf("%s is %s (%s), want %s", s.Deliveries[i].Name, s.Deliveries[i].Status, s.Deliveries[i].Detail, want)
					}
				}
				if now := len(g.source.Callbacks()); now != told || len(g.caller.Calls()) != c.calls || g.count(router.TypeDeliveryFailed) != c.failed {
					t.Errorf("%d callbacks after %d, %d calls, %d failures told", now, told, len(g.caller.Calls()), g.count(router.TypeDeliveryFailed))
				}
				if err := g.router.Discard(t.Context(), id, ""); !errors.Is(err, router.ErrFinished) {
					t.Errorf("discarded once more: %v", err)
				}
				if err := g.router.Replay(t.Context(), id, nil, false); (c.phase == router.Discarded) != errors.Is(err, router.ErrNotReplayable) {
					t.Errorf("replayed: %v", err)
				}
				if c.phase == router.Discarded {
					g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
					time.Sleep(time.Hour)
					if len(g.caller.Calls()) != c.calls || len(g.source.Callbacks()) != told {
						t.Error("a repeat ran it again")
					}
				}
			})
		})
	}
}

func TestDiscardOfWhatIsUnderWay(t *testing.T) {
	for name, c := range map[string]struct {
		outcome router.Outcome
		status  router.Status
		crash   bool
		failed  int // delivery.failed: only what may have run is worth a look
	}{
		"succeeds": {outcome: ok, status: router.DoneSucceeded},
		"rejects":  {outcome: no, status: router.DoneRejected},
		"retry":    {outcome: again, status: router.DoneSkipped},
		"unknown":  {outcome: lost, status: router.DoneExhausted, failed: 1},
		"crash":    {crash: true, status: router.DoneExhausted, failed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), onFailure(routertest.Deliver("tell", "email", "send"))))
				g.action("billing.create", func(ctx context.Context, _ router.Call) router.Outcome {
					select {
					case <-time.After(20 * time.Second):
					case <-ctx.Done():
					}
					return c.outcome
				})
				g.action("email.send", outcomes(ok))
				var told string
				go func() { told = g.send("ORDER", "acme", "k1") }()
				time.Sleep(time.Second)
				first := g.only("ORDER").Event.ID
				if err := g.router.Discard(t.Context(), first, ""); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				g.answer(told, "202 accepted")
				go g.send("ORDER", "acme", "k2")
				time.Sleep(time.Second)
				if n := len(g.caller.Calls()); n != 1 {
					t.Errorf("%d calls: the lane passed before the attempt had ended", n)
				}
				if c.crash {
					g.crash()
					g.start()
				}
				time.Sleep(time.Hour)
				story, _ := g.journal.Story(t.Context(), first)
				s := story.State
				if s.Phase != router.Discarded || !s.Finished() || s.Deliveries[0].Status != c.status || s.Deliveries[1].Status != router.DoneSkipped {
					t.Errorf("%s, finished %v: %s and %s", s.Phase, s.Finished(), s.Deliveries[0].Status, s.Deliveries[1].Status)
				}
				if len(story.Attempts) != 1 {
					t.Errorf("attempts: %+v", story.Attempts)
				}
				calls := 0
				for _, call := range g.caller.Calls() {
					if call.Delivery == first+"/order/bill" {
						calls++
					}
				}
				if n := len(story.Caused); calls != 1 || n != c.failed {
					t.Errorf("called %d times, %d failures told", calls, n)
				}
			})
		})
	}
}

func TestARestartCallsNothingOfWhatWasDiscarded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), optional(routertest.Deliver("mail", "email", "send"))))
		g.action("billing.create", outcomes(ok))
		g.action("email.send", never)
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
		if err := g.router.Discard(t.Context(), g.only("ORDER").Event.ID, ""); err != nil {
			t.Fatal(err)
		}
		g.crash()
		g.start()
		time.Sleep(time.Hour)
		if s := g.only("ORDER").State; !s.Finished() || s.Phase != router.Settled || s.Deliveries[1].Status != router.DoneExhausted || len(g.caller.Calls()) != 2 {
			t.Errorf("%s, finished %v, %s, %d calls", s.Phase, s.Finished(), s.Deliveries[1].Status, len(g.caller.Calls()))
		}
	})
}

func TestADiscardedHeadPassesTheLaneOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(router.Outcome{Kind: router.Retry, After: time.Hour}, ok))
		g.send("ORDER", "acme", "k1")
		first := g.only("ORDER").Event.ID
		g.send("ORDER", "acme", "k2")
		if err := g.router.Discard(t.Context(), first, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if n := len(g.caller.Calls()); n != 2 {
			t.Errorf("%d calls, want the second event's at once", n)
		}
	})
}

func TestASettledEventThatWasDiscardedCanBeReplayed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), optional(routertest.Deliver("mail", "email", "send"))))
		g.action("billing.create", outcomes(ok))
		g.action("email.send", outcomes(router.Outcome{Kind: router.Retry, After: time.Hour}, again, ok))
		g.send("ORDER", "acme", "k1")
		id := g.only("ORDER").Event.ID
		if err := g.router.Discard(t.Context(), id, ""); err != nil {
			t.Fatal(err)
		}
		if err := g.router.Replay(t.Context(), id, nil, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if d := g.only("ORDER").State.Deliveries[1]; d.Status != router.DoneSucceeded {
			t.Errorf("%s: %s", d.Status, d.Detail)
		}
	})
}

func TestReplayWithoutAPayloadIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(no))
		g.send("ORDER", "acme", "k1")
		time.Sleep(time.Hour)
		if p, err := g.journal.Prune(t.Context(), router.Retention{PayloadBefore: time.Now()}, 10); err != nil || p.Emptied == 0 {
			t.Fatal(p, err)
		}
		if err := g.router.Replay(t.Context(), g.only("ORDER").Event.ID, nil, false); !errors.Is(err, router.ErrPayloadGone) || len(g.caller.Calls()) != 1 {
			t.Errorf("%v, %d calls", err, len(g.caller.Calls()))
		}
	})
}

func TestWhyOfAHeldEventIsNotSaidOfASettledOne(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(g *rig, id string) error
		want string
	}{
		"resolved": {func(g *rig, id string) error {
			return g.router.Resolve(context.Background(), id, router.Verdict{Kind: router.Success})
		}, "resolved by an operator; it was held: order/bill: retries are used up: busy"},
		"given up": {func(*rig, string) error { time.Sleep(25 * time.Hour); return nil }, "given up after 24h0m0s; it was held: order/bill: retries are used up: busy"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(once(routertest.Deliver("bill", "billing", "create"))))
				g.action("billing.create", outcomes(again))
				g.send("ORDER", "acme", "k1")
				if err := c.end(g, g.only("ORDER").Event.ID); err != nil {
					t.Fatal(err)
				}
				if s := g.only("ORDER").State; s.Phase != router.Settled || s.Why != c.want {
					t.Errorf("%s: %s", s.Phase, s.Why)
				}
			})
		})
	}
}

func TestAnAttemptThatARestartCutOffIsInTheStory(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), routertest.Deliver("note", "crm", "note", "bill")))
		g.action("billing.create", never)
		g.action("crm.note", outcomes(ok))
		go g.send("ORDER", "acme", "k1")
		synctest.Wait()
		g.crash()
		g.action("billing.create", outcomes(ok))
		g.start()
		time.Sleep(time.Minute)
		type row struct {
			Delivery string
			Number   int
			Outcome  router.OutcomeKind
		}
		var got []row
		for _, a := range g.only("ORDER").Attempts {
			if a.Delivery != "" {
				got = append(got, row{a.Delivery, a.Number, a.Outcome})
			}
		}
		want := []row{{"order/bill", 0, router.Unknown}, {"order/bill", 1, router.Succeeded}, {"order/note", 1, router.Succeeded}}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Errorf("attempts %s, want %s", a, b)
		}
	})
}
