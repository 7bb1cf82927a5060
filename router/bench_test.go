package router_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// nowhere is a journal that keeps nothing, so that the story alone is measured.
type nowhere struct{ router.Journal }

func (nowhere) Accept(context.Context, *router.Event, *router.State) (*router.Record, error) {
	return nil, nil
}
func (nowhere) Apply(context.Context, router.Change) error { return nil }
func (nowhere) Find(context.Context, router.Query) ([]router.Record, error) {
	return nil, nil
}
func (nowhere) Due(context.Context, int64, int) ([]router.Pending, error) { return nil, nil }

// BenchmarkEvent is one event's way from request to answer, without a
// protocol, expressions, a journal or a plugin.
func BenchmarkEvent(b *testing.B) {
	source := &routertest.Source{}
	caller := &routertest.Caller{Actions: map[string]func(context.Context, router.Call) router.Outcome{"billing.create": outcomes(ok)}}
	r := router.New(router.Options{Journal: nowhere{}, Caller: caller, Log: zerolog.New(discard{})})
	r.Swap(&router.Table{
		Plan:    routertest.NewPlan("plan-1", order(routertest.Deliver("bill", "billing", "create"))),
		Sources: map[string]*router.Endpoint{shop: {Name: shop, Source: source}}, Rules: router.DefaultRules(),
	})
	if err := r.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer r.Stop(context.Background())
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequest("POST", "/", strings.NewReader(`{}`))
		req.Header.Set("X-Type", "ORDER")
		w := httptest.NewRecorder()
		r.Handle(w, req, r.Table(), shop)
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
