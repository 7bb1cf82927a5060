package router_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

func passing() error {
	return &router.FetchError{Kind: router.FetchPassing, Err: errors.New("503")}
}

func TestFetchFailures(t *testing.T) {
	gone := &router.FetchError{Kind: router.FetchGone, Code: "NOT_FOUND", Err: errors.New("410")}
	refused := &router.FetchError{Kind: router.FetchRefused, Code: "NOT_FOUND", Err: errors.New("404")}
	for _, tc := range []struct {
		name     string
		errs     []error // one a fetch, the last for ever; nil is a success
		told     string
		phase    router.Phase // "" for nothing journaled
		callback string
		calls    int
		failures map[string]int
	}{
		{"refused at once", []error{refused}, "200 error NOT_FOUND", "", "", 0, nil},
		{"gone at once", []error{gone}, "200 error NOT_FOUND", "", "", 0, nil},
		{"passing, then there", []error{passing(), passing(), nil}, "202 accepted", router.Settled, "success", 1, nil},
		{"passing, then gone", []error{passing(), gone}, "202 accepted", router.Elsewhere, "", 0, nil},
		{"passing, then refused", []error{passing(), refused}, "202 accepted", router.Settled, "error NOT_FOUND", 0, map[string]int{router.TypeFetchFailed: 1}},
		{"passing for ever", []error{passing()}, "202 accepted", router.Settled, "error signalbox.fetch", 0, map[string]int{router.TypeFetchFailed: 1}},
		{"our credentials refused, then rotated", []error{&router.FetchError{NeedsOperator: true, Err: errors.New("401")}, &router.FetchError{NeedsOperator: true, Err: errors.New("401")}, nil},
			"202 accepted", router.Settled, "success", 1, map[string]int{router.TypeFetchUnauthorized: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
				g.action("billing.create", outcomes(ok))
				n := 0
				g.source.FetchFn = func(_ context.Context, notice router.Notice) (router.Event, error) {
					err := tc.errs[min(n, len(tc.errs)-1)]
					n++
					return routertest.EventOf(notice), err
				}
				g.answer(g.send("ORDER", "acme", "k1"), tc.told)
				time.Sleep(30 * time.Hour)
				records, _ := g.journal.Find(t.Context(), router.Query{Source: shop})
				switch {
				case tc.phase == "" && len(records) != 0:
					t.Errorf("journaled: %+v", records)
				case tc.phase != "" && (len(records) != 1 || records[0].State.Phase != tc.phase || !records[0].State.Finished()):
					t.Errorf("journaled: %+v, want one finished, %s", records, tc.phase)
				}
				got := ""
				for _, v := range g.source.Callbacks() {
					got += string(v.Kind)
					if v.Code != "" {
						got += " " + v.Code
					}
				}
				if got != tc.callback || len(g.caller.Calls()) != tc.calls {
					t.Errorf("callbacks %q, want %q; %d calls, want %d", got, tc.callback, len(g.caller.Calls()), tc.calls)
				}
				for f, want := range tc.failures {
					if g.count(f) != want {
						t.Errorf("%d events %s, want %d", g.count(f), f, want)
					}
				}
			})
		})
	}
}

func TestSlowFetchEndsIn202BeforeTheLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		slow := true
		g.source.FetchFn = func(ctx context.Context, n router.Notice) (router.Event, error) {
			if slow {
				slow = false
				<-ctx.Done()
				return router.Event{}, ctx.Err()
			}
			return routertest.EventOf(n), nil
		}
		began := time.Now()
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		if took := time.Since(began); took != 2500*time.Millisecond {
			t.Errorf("told after %s, want 4 s − 1.5 s", took)
		}
		time.Sleep(time.Minute)
		if cb := g.source.Callbacks(); len(cb) != 1 || cb[0].Kind != router.Success {
			t.Errorf("callbacks: %+v", cb)
		}
	})
}

// TestTooManyFetches: who comes while too many events are being fetched is told
// to wait, and fetched later; only more than that are turned away.
func TestTooManyFetches(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.stop(0)
		g.router = router.New(router.Options{Journal: g.journal, Caller: g.caller, Log: zerolog.Nop()})
		g.table.MaxInFlight = 2
		g.router.Swap(g.table)
		if err := g.router.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.action("billing.create", outcomes(ok))
		var silent atomic.Bool
		silent.Store(true)
		g.source.FetchFn = func(ctx context.Context, n router.Notice) (router.Event, error) {
			if silent.Load() {
				<-ctx.Done()
				return router.Event{}, &router.FetchError{Kind: router.FetchPassing, Err: ctx.Err()}
			}
			return routertest.EventOf(n), nil
		}
		g.journal.OnAccept(func(*router.Event) error { time.Sleep(100 * time.Millisecond); return nil })
		told := make(chan string, 6)
		began := time.Now()
		for i := range cap(told) {
			go func() { told <- g.send("ORDER", fmt.Sprint(i), fmt.Sprint("k", i)) }()
			synctest.Wait()
		}
		for _, want := range []string{"503 not now", "503 not now", "202 accepted", "202 accepted"} {
			if got := <-told; got != want || time.Since(began) > 100*time.Millisecond {
				t.Errorf("told %q after %s, want %q at once", got, time.Since(began), want)
			}
		}
		silent.Store(false)
		for range 2 {
			g.answer(<-told, "202 accepted")
		}
		time.Sleep(time.Hour)
		if n := len(g.source.Callbacks()); n != 4 {
			t.Errorf("%d callbacks, want 4", n)
		}
	})
}

func TestBlindNoticeSurvivesACrash(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		g.source.FetchFn = func(context.Context, router.Notice) (router.Event, error) { return router.Event{}, passing() }
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		g.crash()
		g.source.FetchFn = func(_ context.Context, n router.Notice) (router.Event, error) { return routertest.EventOf(n), nil }
		g.start()
		time.Sleep(time.Hour)
		if cb := g.source.Callbacks(); len(cb) != 1 || cb[0].Kind != router.Success {
			t.Errorf("callbacks: %+v", cb)
		}
	})
}

func TestStatelessRunsNothingAndKeepsNoKey(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		g.source.FetchFn = func(_ context.Context, n router.Notice) (router.Event, error) {
			e := routertest.EventOf(n)
			e.Flag = router.FlagStateless
			return e, nil
		}
		for range 2 {
			g.answer(g.send("ORDER", "acme", "dummyOrder"), "200 success")
		}
		if n := g.count("ORDER"); n != 2 || len(g.caller.Calls()) != 0 || len(g.source.Callbacks()) != 0 {
			t.Errorf("%d events in the log, want 2; calls %v, callbacks %v", n, g.caller.Calls(), g.source.Callbacks())
		}
	})
}

func TestJournalThatCantBeWritten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		g.journal.OnAccept(func(*router.Event) error { return router.ErrJournal })
		g.answer(g.send("ORDER", "acme", "k1"), "503 not now")
		g.journal.OnAccept(nil)
		synctest.Wait()
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
	})
}

func TestAcceptBehindARefusedCallerIsAbandoned(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		g.journal.OnAccept(func(*router.Event) error { time.Sleep(10 * time.Second); return nil })
		g.answer(g.send("ORDER", "acme", "k1"), "503 not now")
		time.Sleep(time.Minute)
		if s := g.only("ORDER").State; s.Phase != router.Abandoned || len(g.caller.Calls()) != 0 {
			t.Errorf("the event is %s, %d calls; want it abandoned and never run", s.Phase, len(g.caller.Calls()))
		}
		g.journal.OnAccept(nil)
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
	})
}

func TestSettleWaitsForAFailingJournal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		g.journal.OnApply(func(router.Change) error { return router.ErrJournal })
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		g.journal.OnApply(nil)
		time.Sleep(time.Minute)
		if cb := g.source.Callbacks(); len(cb) != 1 || len(g.caller.Calls()) != 1 {
			t.Errorf("callbacks %v, %d calls: want the same work told once there is space", cb, len(g.caller.Calls()))
		}
	})
}

func TestDedupeWindow(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.source.Dedupe = 10 * time.Minute
		g.action("billing.create", outcomes(ok))
		for i, want := range []int{1, 1, 2} {
			g.answer(g.send("ORDER", "acme", "k1"), "200 success")
			synctest.Wait()
			if n := len(g.caller.Calls()); n != want {
				t.Errorf("request %d: %d calls, want %d", i+1, n, want)
			}
			if i == 1 {
				time.Sleep(11 * time.Minute)
			}
		}
	})
}

func TestFailureEventsAreRoutedAndCauseNone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		alarm := &router.Route{Name: "alarm", From: []string{router.SourceSelf}, Deliver: []router.Spec{routertest.Deliver("mail", "email", "send")}}
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")), alarm)
		g.action("billing.create", outcomes(no))
		g.action("email.send", outcomes(no))
		g.answer(g.send("ORDER", "acme", "k1"), "200 error card_declined")
		synctest.Wait()
		story := g.only(router.TypeDeliveryFailed)
		if story.Event.CausedBy != g.only("ORDER").Event.ID || story.State.Verdict == nil || story.State.Verdict.Kind != router.Error {
			t.Errorf("the failure event: %+v", story.Record)
		}
		if err := g.router.Report(t.Context(), router.TypePluginDown, router.Failure{Plugin: "crm"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := len(g.caller.Calls()); n != 3 {
			t.Errorf("%d calls, want 3: the order's and two mails", n)
		}
	})
}
