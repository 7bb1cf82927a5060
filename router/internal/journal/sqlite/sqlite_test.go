package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/journal/journaltest"
)

func TestConformance(t *testing.T) {
	journaltest.Exercise(t, func(t *testing.T, dir string) router.Journal { return open(t, dir) })
}

func TestPragmas(t *testing.T) {
	j := open(t, t.TempDir())
	c, err := connect(j.read.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for pragma, want := range map[string]any{
		"synchronous":  int64(2), // FULL: 1, NORMAL, loses acknowledged events at a power cut
		"journal_mode": "wal",
		"auto_vacuum":  int64(2), // INCREMENTAL
		"foreign_keys": int64(1),
		"busy_timeout": int64(5000),
	} {
		row, err := c.row("PRAGMA " + pragma)
		if err != nil {
			t.Fatal(err)
		}
		if row[0] != want {
			t.Errorf("the writer's %s is %v, want %v", pragma, row[0], want)
		}
	}
	err = j.read.view(t.Context(), func(query queryFunc) error {
		return query("DELETE FROM events", func(*row) error { return nil })
	})
	if err == nil {
		t.Error("a reader may write")
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "a?b#c%20d")
	j := open(t, dir)
	accept(t, j, plain(1))
	want := map[string]fs.FileMode{
		".": 0o700, "journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600, "journal.db.lock": 0o600,
	}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, want %v", name, info.Mode().Perm(), mode)
		}
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	_, err := Open(t.Context(), Options{Path: filepath.Join(dir, "journal.db")})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("by process %d ", os.Getpid())) {
		t.Fatalf("got %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	meddle(t, dir, "UPDATE meta SET value = '2'")
	_, err := Open(t.Context(), Options{Path: filepath.Join(dir, "journal.db")})
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "its schema is 2, this one knows schemas up to 1") {
		t.Fatalf("got %v", err)
	}
	meddle(t, dir, "UPDATE meta SET value = '1'")
	open(t, dir) // the refusal let go of the lock
}

func TestForeignFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	content := strings.Repeat("no database at all ", 100)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Path: path}); err == nil || !strings.Contains(err.Error(), "not a database") {
		t.Fatalf("got %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != content {
		t.Fatalf("it was overwritten, %v", err)
	}
}

// TestIndexesServe keeps the queries that run all the time off full scans.
func TestIndexesServe(t *testing.T) {
	j := open(t, t.TempDir())
	for _, c := range []struct {
		q    router.Query
		want string
	}{
		{router.Query{ID: "x"}, "SEARCH e USING INDEX sqlite_autoindex_events_1 (id=?)"},
		{router.Query{Source: "s", Key: "k"}, "SEARCH e USING INDEX events_key (source=? AND key=?)"},
		{router.Query{Lane: "l"}, "SEARCH e USING INDEX events_lane (lane=?)"},
		{router.Query{Type: "t"}, "SCAN e"},
		{router.Query{Source: "s"}, "SCAN e"},
		{router.Query{Source: router.SourceSelf}, "SEARCH e USING INDEX events_own (source=?)"},
		{router.Query{Source: router.SourceSelf, Since: time.Now(), Bare: true}, "SEARCH e USING INDEX events_own (source=?)"},
		{router.Query{}, "SCAN e"},
		{router.Query{Before: "x"}, "SEARCH e USING INTEGER PRIMARY KEY (rowid<?)"},
	} {
		s := selectionOf(c.q)
		plan := explain(t, j, s.text(), s.args)
		if !strings.Contains(plan, c.want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%+v runs as:\n%s", c.q, plan)
		}
	}
	if plan := explain(t, j, pendingText(1), []any{int64(0)}); !strings.Contains(plan, "SEARCH events USING INDEX events_unfinished (seq>?)") {
		t.Errorf("Due runs as:\n%s", plan)
	}
	if plan := explain(t, j, deletable, []any{int64(0), int64(0)}); !strings.Contains(plan, "SEARCH events USING INDEX events_received (received<?)") {
		t.Errorf("to delete is chosen as:\n%s", plan)
	}
	if plan := explain(t, j, emptiable, []any{int64(0)}); !strings.Contains(plan, "SEARCH documents USING INTEGER PRIMARY KEY (rowid<?)") ||
		!strings.Contains(plan, "SEARCH events USING COVERING INDEX events_received (received<?)") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("to empty is chosen as:\n%s", plan)
	}
}

func explain(t *testing.T, j *Journal, text string, args []any) string {
	t.Helper()
	var plan strings.Builder
	err := j.read.view(t.Context(), func(query queryFunc) error {
		return query("EXPLAIN QUERY PLAN "+text, func(r *row) error {
			fmt.Fprintln(&plan, r.values[3])
			return nil
		}, args...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

func FuzzDecodeState(f *testing.F) {
	full := router.State{
		Told: router.ToldLater, Late: router.LateAccepted, Blind: true, Why: "because", Since: time.Unix(1, 2),
		Routes: []string{"order"}, Verdict: &router.Verdict{Kind: router.Error, Reply: []byte(`{"a":1}`)},
		Callback: router.Callback{Status: router.CallbackParked, Attempts: 2}, Fetch: router.Fetching{Detail: "401"},
	}
	b, err := router.EncodeState(&full)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	for _, seed := range []string{"", "{}", "null", "[]", `{"verdict":null}`, `{"since":"x"}`, `{"late":1e99}`, `{"routes":[1]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var once, twice router.State
		if router.DecodeState(b, &once) != nil {
			return
		}
		first, err := router.EncodeState(&once)
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		if err := router.DecodeState(first, &twice); err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		second, err := router.EncodeState(&twice)
		if err != nil || string(first) != string(second) {
			t.Fatalf("%s came back as %s (%v)", first, second, err)
		}
	})
}

// What the tests of this package share.

func open(t testing.TB, dir string) *Journal {
	t.Helper()
	j, err := Open(t.Context(), Options{Path: filepath.Join(dir, "journal.db"), Log: zerolog.New(zerolog.NewTestWriter(t))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// meddle runs SQL behind the journal's back.
func meddle(t testing.TB, dir, text string) {
	t.Helper()
	c, err := dial(filepath.Join(dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.script(text); err != nil {
		t.Fatal(err)
	}
}

// plain builds the n-th event, open, with one delivery.
func plain(n int) router.Record {
	at := time.Date(2026, 3, 1, 9, 0, 0, n, time.UTC)
	return router.Record{
		Event: router.Event{
			ID: fmt.Sprintf("01957a4e-0000-7abc-8def-%012d", n), Source: "appdirect.acme", Type: "SUBSCRIPTION_ORDER",
			Lane: fmt.Sprintf("lane %d", n%1000), Seq: int64(n), Received: at, Plan: "plan-a",
			Payload: []byte(`{"order":{"editionCode":"GOLD","items":[{"quantity":5,"unit":"USER"}]}}`), Raw: []byte(`<event/>`),
			Notice: router.Notice{Source: "appdirect.acme", Key: fmt.Sprintf("https://market.example %d", n), Received: at},
		},
		State: router.State{Phase: router.Open, Routes: []string{"order"}, Deliveries: []router.Delivery{{
			Name: "order/customer", To: router.ActionRef{Plugin: "billing", Action: "create"}, Ordered: true,
			Policy: router.DefaultPolicy(), Status: router.Waiting,
		}}},
	}
}

// settlement is the change that ends a plain event.
func settlement(r router.Record) router.Change {
	s := r.State
	s.Phase, s.Told = router.Settled, router.ToldReplied
	s.Verdict = &router.Verdict{Kind: router.Success, Reply: []byte(`{"accountIdentifier":"A-1"}`)}
	d := s.Deliveries[0]
	d.Status, d.Attempts, d.First, d.KeySent = router.DoneSucceeded, 1, r.Event.Received, r.Event.Received
	d.Input, d.Output = []byte(`{"email":"ann@example.com","price":"GOLD"}`), []byte(`{"customer_id":"cus_1"}`)
	s.Deliveries = []router.Delivery{d}
	return router.Change{
		Event: r.Event.ID, Version: 1, State: &s, Deliveries: []int{0},
		Attempts: []router.AttemptRow{{Delivery: d.Name, Number: 1, Began: d.First, Took: time.Millisecond, Outcome: router.Succeeded}},
	}
}

func accept(t testing.TB, j *Journal, r router.Record) {
	t.Helper()
	if existing, err := j.Accept(t.Context(), &r.Event, &r.State); existing != nil || err != nil {
		t.Fatalf("accepting %s: %v, %v", r.Event.ID, existing, err)
	}
}
