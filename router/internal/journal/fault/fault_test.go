package fault_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/journal/fault"
	"github.com/signalbox/signalbox/router/internal/journal/journaltest"
	"github.com/signalbox/signalbox/router/internal/journal/sqlite"
)

func open(t *testing.T, dir string) *fault.Journal {
	t.Helper()
	inner, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "journal.db"), Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	j := fault.New(inner)
	t.Cleanup(func() { j.Close() })
	return j
}

// TestConformance: without a cue it is the journal that it wraps.
func TestConformance(t *testing.T) {
	journaltest.Exercise(t, func(t *testing.T, dir string) router.Journal { return open(t, dir) })
}

var errFull = errors.New("disk full")

func TestCues(t *testing.T) {
	j := open(t, t.TempDir())
	j.FailNext(fault.Find, errFull)
	j.FailNext(fault.Find, router.ErrJournal)
	j.FailNth(fault.Find, 4, errFull)
	for i, want := range []error{errFull, router.ErrJournal, nil, errFull, nil} {
		if _, err := j.Find(t.Context(), router.Query{}); !errors.Is(err, want) {
			t.Errorf("call %d: got %v, want %v", i+1, err, want)
		}
	}
	if n := j.Calls(fault.Find); n != 5 {
		t.Errorf("%d calls are counted", n)
	}
}

func TestEveryMethodCanFail(t *testing.T) {
	j := open(t, t.TempDir())
	ctx := t.Context()
	for op, call := range map[fault.Op]func() error{
		fault.Accept: func() error { _, err := j.Accept(ctx, &router.Event{}, &router.State{}); return err },
		fault.Apply:  func() error { return j.Apply(ctx, router.Change{}) },
		fault.Due:    func() error { _, err := j.Due(ctx, 0, 1); return err },
		fault.Find:   func() error { _, err := j.Find(ctx, router.Query{}); return err },
		fault.Story:  func() error { _, err := j.Story(ctx, "x"); return err },
		fault.Plan:   func() error { _, err := j.Plan(ctx, "x"); return err },
		fault.Prune:  func() error { _, err := j.Prune(ctx, router.Retention{}, 1); return err },
	} {
		j.FailNext(op, errFull)
		if err := call(); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", op, err)
		}
		if err := call(); errors.Is(err, errFull) {
			t.Errorf("%s fails again", op)
		}
	}
}

func TestHooks(t *testing.T) {
	j := open(t, t.TempDir())
	var seen []int
	j.BeforeFn = func(_ context.Context, op fault.Op, n int) error {
		seen = append(seen, n)
		if op == fault.Apply && n == 1 {
			return errFull
		}
		return nil
	}
	j.AfterFn = func(op fault.Op, n int, err error) error {
		if op == fault.Apply && n == 2 {
			return errors.Join(err, errFull)
		}
		return err
	}
	plan := router.Change{PlanDigest: "plan-a", Plan: []byte("a")}
	written := func() bool {
		_, err := j.Plan(t.Context(), "plan-a")
		return err == nil
	}
	if err := j.Apply(t.Context(), plan); !errors.Is(err, errFull) || written() {
		t.Errorf("before: got %v, written: %v", err, written())
	}
	if err := j.Apply(t.Context(), plan); !errors.Is(err, errFull) || !written() {
		t.Errorf("after: got %v, written: %v", err, written())
	}
	if len(seen) < 2 {
		t.Errorf("the hook saw %v", seen)
	}
}
