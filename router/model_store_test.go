package router_test

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/journal/sqlite"
	"github.com/signalbox/signalbox/router/routertest"
)

// store is the journal as one process of the world sees it: slow at times, out
// of order for a while, and gone with the process.
type store struct {
	router.Journal
	w    *world
	life int
}

var errFull = fmt.Errorf("%w: no space left", router.ErrJournal)

// write carries out a write, or fails, or does both.
func (s *store) write(write func() error) error {
	time.Sleep(s.w.lag())
	if s.w.killed(s.life) {
		return router.ErrJournal
	}
	fails := s.w.fails()
	if fails == failsBefore {
		return errFull
	}
	err := write()
	time.Sleep(s.w.lag())
	if err == nil && (fails == failsAfter || s.w.killed(s.life)) {
		err = errFull
	}
	return err
}

func (s *store) Accept(ctx context.Context, e *router.Event, st *router.State) (existing *router.Record, err error) {
	err = s.write(func() (err error) {
		existing, err = s.Journal.Accept(ctx, e, st)
		return err
	})
	return existing, err
}

func (s *store) Apply(ctx context.Context, c router.Change) error {
	if !c.Lazy {
		return s.write(func() error { return s.Journal.Apply(ctx, c) })
	}
	if s.w.killed(s.life) || s.w.fails() != failsNot || s.w.drops() {
		return nil
	}
	return s.Journal.Apply(ctx, c)
}

// Find gives what was there a while ago.
func (s *store) Find(ctx context.Context, q router.Query) ([]router.Record, error) {
	records, err := s.Journal.Find(ctx, q)
	time.Sleep(s.w.lag())
	return records, err
}

type failure int

const (
	failsNot failure = iota
	failsBefore
	failsAfter // it is written all the same
)

// fails decides how a write fails.
func (w *world) fails() failure {
	w.mu.Lock()
	full := w.full
	w.mu.Unlock()
	if !full {
		return failsNot
	}
	return []failure{failsNot, failsBefore, failsBefore, failsAfter}[w.roll(4)]
}

// drops decides whether a lazy change is dropped.
func (w *world) drops() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.calm && w.chaos.IntN(4) == 0
}

// lag is how long one half of a write, or a look-up, takes.
func (w *world) lag() time.Duration {
	switch w.roll(60) {
	case 0:
		return 6 * time.Second // past every caller's limit
	case 1, 2, 3, 4, 5, 6, 7, 8:
		return time.Duration(1+w.roll(40)) * time.Millisecond
	}
	return 0
}

// openJournal opens the world's journal, in memory or on disk.
func (w *world) openJournal() {
	if w.dir == "" {
		if w.inner == nil {
			w.inner = routertest.NewJournal()
		}
		return
	}
	var err error
	if w.inner, err = sqlite.Open(context.Background(), sqlite.Options{Path: filepath.Join(w.dir, "journal.db"), Log: zerolog.Nop()}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) closeJournal() {
	if w.dir == "" {
		return
	}
	if err := w.inner.Close(); err != nil {
		w.problem("closing the journal: %v", err)
	}
}

// caused gives the types of the failure events that each event has caused.
func (w *world) caused() map[string][]string {
	caused := map[string][]string{}
	for _, r := range w.records(router.Query{Source: router.SourceSelf}) {
		caused[r.Event.CausedBy] = append(caused[r.Event.CausedBy], r.Event.Type)
	}
	return caused
}

// records reads past all faults.
func (w *world) records(q router.Query) []router.Record {
	q.Limit = 10_000
	records, err := w.inner.Find(context.Background(), q)
	if err != nil {
		w.problem("reading the journal: %v", err)
	}
	return records
}
