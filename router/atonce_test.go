package router_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// check is a route that takes the synchronous type of these tests.
func check(deliver ...router.Spec) *router.Route {
	return &router.Route{Name: "check", From: []string{shop}, On: []string{"CHECK"}, Deliver: deliver}
}

// secretValue is what a form of these tests carries.
const secretValue = "example-domain.test"

// sendCheck posts a form, to be kept or not, and gives the answer.
func (g *rig) sendCheck(kept bool) string {
	req := httptest.NewRequest("POST", "/", strings.NewReader(`{"domain":"`+secretValue+`"}`))
	req.Header.Set("X-Type", "CHECK")
	if !kept {
		req.Header.Set("X-Unkept", "1")
	}
	w := httptest.NewRecorder()
	g.router.Handle(w, req, g.router.Table(), shop)
	return fmt.Sprintf("%d %s", w.Code, w.Body.String())
}

// newCheckRig is a rig whose type CHECK is synchronous. Its log goes to the
// buffer.
func newCheckRig(t *testing.T, routes ...*router.Route) (*rig, *bytes.Buffer) {
	g := newRig(t, routes...)
	g.source.Synchronous = []string{"CHECK"}
	log := &bytes.Buffer{}
	g.stop(0)
	g.options.Log = zerolog.New(zerolog.SyncWriter(log))
	g.start()
	return g, log
}

// untouched fails the test if anything reaches the journal.
func (g *rig) untouched() {
	g.journal.OnAccept(func(e *router.Event) error { g.t.Errorf("accepted: %+v", e); return nil })
	g.journal.OnApply(func(c router.Change) error { g.t.Errorf("applied: %+v", c); return nil })
}

func slowly(d time.Duration, o router.Outcome) func(context.Context, router.Call) router.Outcome {
	return func(ctx context.Context, _ router.Call) router.Outcome {
		select {
		case <-time.After(d):
			return o
		case <-ctx.Done():
			return router.Outcome{Kind: router.Unknown, Lost: true, Detail: "timed out"}
		}
	}
}

func TestSynchronousAnswers(t *testing.T) {
	domain, name := routertest.Deliver("domain", "dns", "check"), routertest.Deliver("name", "crm", "check")
	optional := name
	optional.Optional = true
	once := domain
	once.Policy.Attempts = 1
	after := routertest.Deliver("after", "mail", "send", "name")
	mapped := check(domain)
	mapped.Codes = map[string]string{"card_declined": "domain"}
	broken := check(domain)
	broken.When = func(router.Scope) (bool, error) { return false, errors.New("no attribute " + secretValue) }
	said := router.Outcome{Kind: router.Rejected, Code: "name", Public: secretValue + " is taken", Detail: secretValue}
	busy := router.Outcome{Kind: router.Retry, Detail: secretValue, After: time.Minute}

	for _, tc := range []struct {
		name      string
		route     *router.Route
		dns, crm  func(context.Context, router.Call) router.Outcome
		want      string
		took      time.Duration
		callsDone int
	}{
		{"all well", check(domain, name), outcomes(ok), outcomes(ok), "200 success", 0, 2},
		{"rejected", check(domain), outcomes(said), nil, "200 error name {Optional:false Code:name Message:" + secretValue + " is taken}", 0, 1},
		{"both rejected", check(domain, name), slowly(time.Second, no), outcomes(said), "200 error card_declined {Optional:false Code:card_declined Message:Your card was declined.} {Optional:false Code:name Message:" + secretValue + " is taken}", time.Second, 2},
		{"rejected, code mapped", mapped, outcomes(no), nil, "200 error domain {Optional:false Code:domain Message:Your card was declined.}", 0, 1},
		{"an optional one rejected", check(optional, domain), slowly(time.Second, ok), outcomes(said), "200 warning {Optional:true Code:name Message:" + secretValue + " is taken}", time.Second, 2},
		{"an optional one exhausted", check(func() router.Spec { o := optional; o.Policy.Attempts = 1; return o }(), domain), slowly(time.Second, ok), outcomes(busy), "200 warning {Optional:true Code: Message:}", time.Second, 2},
		{"an optional one too slow", check(optional, domain), outcomes(ok), slowly(time.Minute, no), "200 success", 0, 2},
		{"exhausted", check(once), outcomes(busy), nil, "202 accepted", 0, 1},
		{"a retry comes too late", check(domain), outcomes(busy), nil, "202 accepted", 0, 1},
		{"too slow", check(domain), slowly(time.Minute, no), nil, "202 accepted", 3800 * time.Millisecond, 1},
		{"rejected beside one too slow", check(domain, name), slowly(time.Minute, no), outcomes(said), "200 error name {Optional:false Code:name Message:" + secretValue + " is taken}", 3800 * time.Millisecond, 2},
		{"nothing starts after the limit", check(name, after), outcomes(ok), slowly(time.Minute, ok), "202 accepted", 3800 * time.Millisecond, 1},
		{"an expression fails", broken, outcomes(ok), nil, "200 error signalbox.failed", 0, 0},
		{"no route", &router.Route{Name: "other", From: []string{shop}, On: []string{"ORDER"}}, nil, nil, "200 error signalbox.unrouted", 0, 0},
	} {
		for _, kept := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, kept %t", tc.name, kept), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					g, log := newCheckRig(t, tc.route)
					g.action("dns.check", tc.dns)
					g.action("crm.check", tc.crm)
					g.action("mail.send", outcomes(ok))
					if !kept {
						g.untouched()
					}
					began := time.Now()
					g.answer(g.sendCheck(kept), tc.want)
					if took := time.Since(began); took.Round(time.Millisecond) != tc.took {
						t.Errorf("it took %s, want %s", took, tc.took)
					}
					time.Sleep(48 * time.Hour) // no retry, no giving up, no callback
					synctest.Wait()
					if n := len(g.caller.Calls()); n != tc.callsDone {
						t.Errorf("%d calls, want %d", n, tc.callsDone)
					}
					if inMemory, atRest := g.router.InHand(); inMemory+atRest != 0 || g.router.Places() != 0 {
						t.Errorf("left behind: %d in memory, %d at rest, %d places", inMemory, atRest, g.router.Places())
					}
					records, _ := g.journal.Find(context.Background(), router.Query{})
					if kept {
						if len(records) != 1 || !records[0].State.Finished() || len(g.source.Callbacks()) != 0 {
							t.Errorf("journaled: %+v; called back: %v", records, g.source.Callbacks())
						}
						return
					}
					if len(records) != 0 || g.journal.Flushes() != 0 {
						t.Errorf("journaled: %+v", records)
					}
					if strings.Contains(log.String(), secretValue) {
						t.Errorf("the log shows a value: %s", log)
					}
					if !strings.Contains(log.String(), `"type":"CHECK"`) || !strings.Contains(log.String(), "ends with its caller") {
						t.Errorf("the log has no line of the event: %s", log)
					}
				})
			})
		}
	}
}

// Who has gone needs no answer: what is parked then is dropped.
func TestSynchronousEndsWithTheConnection(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := newCheckRig(t, check(routertest.Deliver("domain", "dns", "check"), routertest.Deliver("next", "dns", "check", "domain")))
		g.action("dns.check", slowly(2*time.Second, ok))
		g.untouched()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		req := httptest.NewRequest("POST", "/", strings.NewReader(`{}`)).WithContext(ctx)
		req.Header.Set("X-Type", "CHECK")
		req.Header.Set("X-Unkept", "1")
		g.router.Handle(httptest.NewRecorder(), req, g.router.Table(), shop)
		time.Sleep(time.Minute)
		if n := len(g.caller.Calls()); n != 1 {
			t.Errorf("%d calls, want the one that was under way", n)
		}
		if inMemory, _ := g.router.InHand(); inMemory != 0 {
			t.Errorf("%d events in memory", inMemory)
		}
	})
}

// A call that had to hurry says nothing of its plugin: the next order goes
// through.
func TestHurriedCallsOpenNoBreaker(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := newCheckRig(t, check(routertest.Deliver("domain", "billing", "check")), order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.check", slowly(10*time.Second, ok))
		g.action("billing.create", outcomes(ok))
		for range 8 {
			g.answer(g.sendCheck(false), "202 accepted")
		}
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
	})
}

// One that is kept does not run again after a crash: nobody waits.
func TestSynchronousAfterACrash(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := newCheckRig(t, check(routertest.Deliver("domain", "dns", "check")))
		g.action("dns.check", slowly(time.Second, ok))
		told := make(chan string)
		go func() { told <- g.sendCheck(true) }()
		synctest.Wait()
		g.crash()
		<-told
		g.start()
		time.Sleep(time.Hour)
		if s := g.only("CHECK").State; s.Phase != router.Discarded || !s.Finished() || len(g.caller.Calls()) != 1 {
			t.Errorf("the event is %s (%s) after %d calls", s.Phase, s.Why, len(g.caller.Calls()))
		}
	})
}

// What an operator has run again is nobody's answer: it is retried as any other.
func TestSynchronousReplayIsRetried(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := newCheckRig(t, check(routertest.Deliver("domain", "dns", "check")))
		g.action("dns.check", outcomes(no, router.Outcome{Kind: router.Retry, After: 10 * time.Second}, ok))
		g.sendCheck(true)
		synctest.Wait()
		if err := g.router.Replay(context.Background(), g.only("CHECK").Event.ID, nil, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if s := g.only("CHECK").State; s.Deliveries[0].Status != router.DoneSucceeded {
			t.Errorf("after %d calls it is %s: %s", len(g.caller.Calls()), s.Deliveries[0].Status, s.Deliveries[0].Detail)
		}
	})
}

// What is told at once that it can't be checked calls nothing.
func TestSynchronousInACrowd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := newCheckRig(t, check(routertest.Deliver("domain", "dns", "check")), order(routertest.Deliver("bill", "billing", "create")))
		g.stop(0)
		g.table.MaxInFlight = 10_000
		g.start()
		g.action("dns.check", outcomes(ok))
		g.action("billing.create", slowly(time.Minute, ok))
		for i := range 4100 {
			go g.send("ORDER", fmt.Sprint(i), fmt.Sprint(i))
		}
		synctest.Wait()
		before := len(g.caller.Calls())
		g.answer(g.sendCheck(true), "202 accepted")
		synctest.Wait()
		if s := g.only("CHECK").State; len(g.caller.Calls()) != before || s.Phase != router.Discarded {
			t.Errorf("%d calls; the event is %s", len(g.caller.Calls())-before, s.Phase)
		}
	})
}
