package router_test

import (
	"context"
	"errors"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// marketplace is a source as one process has it.
type marketplace struct {
	*routertest.Source
}

func (m marketplace) Limits(eventType string) router.Limits {
	l := m.Source.Limits(eventType)
	if eventType == "NOTICE" {
		l.Late = router.LateAccepted
	}
	return l
}

func (w *world) marketplace(name string, life int) *router.Endpoint {
	s := &routertest.Source{
		Synchronous: []string{checked, unkept},
		MissingFn: func(e *router.Event, reply []byte) string {
			if e.Type == "ORDER" && len(reply) == 0 {
				return "accountIdentifier"
			}
			return ""
		},
		CallbackFn: func(ctx context.Context, e *router.Event, v router.Verdict) router.Outcome {
			return w.callback(ctx, life, e, v)
		},
		FetchFn: func(ctx context.Context, n router.Notice) (router.Event, error) {
			e := routertest.EventOf(n)
			if e.Type == "PING" {
				e.Flag = router.FlagStateless
			}
			if name == near {
				return e, nil
			}
			return e, w.fetch(ctx, life, n)
		},
	}
	return &router.Endpoint{Name: name, Source: marketplace{s}}
}

// fetch decides what a fetch comes to.
func (w *world) fetch(ctx context.Context, life int, n router.Notice) error {
	passing := func(text string, operator bool) error {
		return &router.FetchError{Kind: router.FetchPassing, NeedsOperator: operator, Err: errors.New(text)}
	}
	if w.killed(life) {
		return passing("the process is gone", false)
	}
	for _, r := range w.records(router.Query{Source: n.Source, Key: n.Key}) {
		if r.State.Phase != router.Noticed {
			w.problem("%s is fetched although its event is there, %s", n.Key, r.State.Phase)
		}
	}
	fate := w.fate(20, "fetch", n.Key, w.nth("fetch "+n.Key))
	w.note("%s is fetched (fate %d)", n.Key, fate)
	switch {
	case fate < 4:
		return passing("503", false)
	case fate == 4:
		return passing("401", true)
	case fate == 5:
		<-ctx.Done()
		return ctx.Err()
	case fate == 6 && w.chance(2, "gone", n.Key):
		return &router.FetchError{Kind: router.FetchGone, Code: "fetch-gone", Err: errors.New("410")}
	case fate == 7 && w.chance(2, "refused", n.Key):
		return &router.FetchError{Kind: router.FetchRefused, Code: "fetch-refused", Err: errors.New("404")}
	}
	return nil
}

// callback takes one callback, and decides what it comes to.
func (w *world) callback(ctx context.Context, life int, e *router.Event, v router.Verdict) router.Outcome {
	if w.killed(life) {
		return gone
	}
	w.durable(e.ID, v)
	w.tell(e.ID, said(v), "a callback")
	n := w.nth("callback " + e.Notice.Key)
	fate := w.fate(20, "callback", e.Notice.Key, n)
	select {
	case <-time.After([]time.Duration{0, 0, 100 * time.Millisecond, 20 * time.Second}[w.fate(4, "calling back", e.Notice.Key, n)]):
	case <-ctx.Done():
		return gone
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noteLocked("%s is called back (fate %d)", e.ID, fate)
	if w.confirmed[e.ID] == life { // a kill may come before it is written down
		w.problemLocked("%s is called back although it was confirmed", e.ID)
	}
	switch {
	case fate < 5:
		return router.Outcome{Kind: router.Retry, Detail: "503"}
	case fate == 5:
		return router.Outcome{Kind: router.Retry, NeedsOperator: true, Detail: "401"}
	case fate < 8:
		return gone
	case fate == 8:
		return router.Outcome{Kind: router.Rejected, Code: router.CallbackGone, Detail: "410"}
	case fate == 9:
		return router.Outcome{Kind: router.Rejected, Code: "400", Detail: "400"}
	}
	w.confirmed[e.ID] = life
	return router.Outcome{Kind: router.Succeeded}
}
