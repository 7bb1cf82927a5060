package router_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// rig is a router with fakes around it, inside a bubble of fake time.
type rig struct {
	t       *testing.T
	journal *routertest.Journal
	source  *routertest.Source
	caller  *routertest.Caller
	table   *router.Table
	router  *router.Router
	options router.Options // Log
}

const shop = "fake.shop"

func newRig(t *testing.T, routes ...*router.Route) *rig {
	g := &rig{
		t: t, journal: routertest.NewJournal(), source: &routertest.Source{},
		caller:  &routertest.Caller{Actions: map[string]func(context.Context, router.Call) router.Outcome{}},
		options: router.Options{Log: zerolog.Nop()},
	}
	g.table = &router.Table{
		Plan:    routertest.NewPlan("plan-1", routes...),
		Sources: map[string]*router.Endpoint{shop: {Name: shop, Source: g.source}},
		Rules:   router.DefaultRules(),
	}
	g.start()
	t.Cleanup(func() { g.stop(0) })
	return g
}

func (g *rig) start() {
	g.t.Helper()
	g.options.Journal, g.options.Caller = g.journal, g.caller
	g.router = router.New(g.options)
	g.router.Swap(g.table)
	if err := g.router.Start(context.Background()); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) stop(grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	g.router.Stop(ctx)
}

// crash ends the process as kill -9 would: what is not in the journal is gone.
func (g *rig) crash() {
	g.journal.OnApply(func(router.Change) error { return router.ErrJournal })
	g.stop(0)
	g.journal.OnApply(nil)
}

// action sets what an action does.
func (g *rig) action(ref string, f func(context.Context, router.Call) router.Outcome) {
	g.caller.Actions[ref] = f
}

// outcomes makes an action that gives these outcomes in turn, the last for ever.
func outcomes(list ...router.Outcome) func(context.Context, router.Call) router.Outcome {
	var calls atomic.Int64
	return func(context.Context, router.Call) router.Outcome {
		return list[min(int(calls.Add(1)), len(list))-1]
	}
}

var (
	ok       = router.Outcome{Kind: router.Succeeded, Output: []byte(`{"id":"1"}`)}
	again    = router.Outcome{Kind: router.Retry, Detail: "busy"}
	no       = router.Outcome{Kind: router.Rejected, Code: "card_declined", Public: "Your card was declined."}
	lost     = router.Outcome{Kind: router.Unknown, Detail: "the connection was lost"}
	freshKey = router.Outcome{Kind: router.Retry, FreshKey: true}
)

// send posts one notice and gives the answer: "200 success".
func (g *rig) send(eventType, lane, key string) string {
	return g.sendTo(shop, eventType, lane, key)
}

func (g *rig) sendTo(source, eventType, lane, key string) string {
	req := httptest.NewRequest("POST", "/", strings.NewReader(`{}`))
	req.Header.Set("X-Type", eventType)
	req.Header.Set("X-Lane", lane)
	req.Header.Set("X-Key", key)
	w := httptest.NewRecorder()
	g.router.Handle(w, req, g.router.Table(), source)
	return fmt.Sprintf("%d %s", w.Code, w.Body.String())
}

// only gives the one event of that type, settled things and all.
func (g *rig) only(eventType string) *router.Story {
	g.t.Helper()
	records, err := g.journal.Find(context.Background(), router.Query{Type: eventType})
	if err != nil || len(records) != 1 {
		g.t.Fatalf("%d events of type %s (%v), want one", len(records), eventType, err)
	}
	story, err := g.journal.Story(context.Background(), records[0].Event.ID)
	if err != nil {
		g.t.Fatal(err)
	}
	return story
}

func (g *rig) count(eventType string) int {
	records, _ := g.journal.Find(context.Background(), router.Query{Type: eventType})
	return len(records)
}

func (g *rig) answer(got, want string) {
	g.t.Helper()
	if got != want {
		g.t.Errorf("the caller was told %q, want %q", got, want)
	}
}

func order(deliver ...router.Spec) *router.Route {
	return &router.Route{Name: "order", From: []string{shop}, On: []string{"ORDER"}, Deliver: deliver}
}

func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}
