package router_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// doubtful is a journal whose write lands although it says that it failed.
type doubtful struct {
	*routertest.Journal
	accept, apply atomic.Bool
}

func (d *doubtful) Accept(ctx context.Context, e *router.Event, s *router.State) (*router.Record, error) {
	r, err := d.Journal.Accept(ctx, e, s)
	if err == nil && d.accept.CompareAndSwap(true, false) {
		return nil, router.ErrJournal
	}
	return r, err
}

func (d *doubtful) Apply(ctx context.Context, c router.Change) error {
	err := d.Journal.Apply(ctx, c)
	if err == nil && !c.Lazy && d.apply.CompareAndSwap(true, false) {
		return router.ErrJournal
	}
	return err
}

func (g *rig) doubt() *doubtful {
	g.stop(0)
	d := &doubtful{Journal: g.journal}
	g.router = router.New(router.Options{Journal: d, Caller: g.caller, Log: zerolog.Nop()})
	g.router.Swap(g.table)
	g.router.Start(context.Background())
	return d
}

func TestCommitInDoubt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		d := g.doubt()
		d.apply.Store(true)
		time.Sleep(time.Hour)
		g.answer(g.send("ORDER", "acme", "k2"), "200 success")
		if len(g.source.Callbacks()) != 0 {
			t.Errorf("callbacks: %v", g.source.Callbacks())
		}
	})
}

func TestAcceptInDoubtIsAbandoned(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(ok))
		d := g.doubt()
		d.accept.Store(true)
		g.answer(g.send("ORDER", "acme", "k1"), "503 not now")
		time.Sleep(time.Hour)
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
		time.Sleep(time.Hour)
		phases := map[router.Phase]int{}
		for _, r := range mustFind(t, g) {
			phases[r.State.Phase]++
		}
		if phases[router.Abandoned] != 1 || phases[router.Settled] != 1 || len(g.caller.Calls()) != 1 {
			t.Errorf("%v and %d calls, want one abandoned, one settled, and one call", phases, len(g.caller.Calls()))
		}
	})
}
