package sqlite

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
)

// TestPoison: a request that can't be written fails alone, whatever it had
// written already.
func TestPoison(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	for n := range 3 {
		accept(t, j, plain(n+1))
	}
	meddle(t, dir, `CREATE TRIGGER poison BEFORE INSERT ON attempts WHEN NEW.code = 'poison'
		BEGIN SELECT RAISE(ABORT, 'poisoned'); END`)
	w := &writer{path: j.read.path, read: j.read}
	var err error
	if w.conn, err = connect(w.path); err != nil {
		t.Fatal(err)
	}
	defer w.conn.close()
	var batch []*request
	for n := range 3 {
		c := settlement(plain(n + 1))
		if n == 1 {
			c.Attempts[0].Code = "poison"
		}
		var enc encoder
		enc.change(&c)
		batch = append(batch, &request{steps: enc.steps, done: make(chan struct{})})
	}
	w.commit(batch)
	for n, want := range []router.Phase{router.Settled, router.Open, router.Settled} {
		story, err := j.Story(t.Context(), plain(n+1).Event.ID)
		if err != nil {
			t.Fatal(err)
		}
		if story.State.Phase != want || (batch[n].err != nil) != (n == 1) {
			t.Errorf("event %d is %s, its caller got %v", n+1, story.State.Phase, batch[n].err)
		}
	}
	if err := batch[1].err; err == nil || errors.Is(err, router.ErrJournal) || !strings.Contains(err.Error(), "poisoned") {
		t.Errorf("the poisoned request got %v", err)
	}
}

// TestHeal: after a failure of the store nothing is acknowledged until it has
// been reopened, checkpointed and synced; then all goes on.
func TestHeal(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j := open(t, dir)
		defer j.Close()
		accept(t, j, plain(1))
		fails := func(n int, why string) {
			t.Helper()
			r := plain(n)
			_, err := j.Accept(t.Context(), &r.Event, &r.State)
			if !errors.Is(err, router.ErrJournal) || !strings.Contains(err.Error(), why) {
				t.Fatalf("got %v, want %q", err, why)
			}
		}
		meddle(t, dir, "ALTER TABLE documents RENAME TO gone")
		fails(2, "no such table: documents")
		fails(3, "healing it: ")
		fails(4, "the next try to heal it is in 1s")
		if _, err := j.Plan(t.Context(), "x"); !errors.Is(err, router.ErrNotFound) {
			t.Fatalf("what can still be read is not: %v", err)
		}
		meddle(t, dir, "ALTER TABLE gone RENAME TO documents")
		fails(5, "the next try to heal it is in 1s")
		<-time.After(healPause)
		accept(t, j, plain(2))

		found, err := j.Find(t.Context(), router.Query{})
		if err != nil || len(found) != 2 {
			t.Fatalf("%d events are there, %v", len(found), err)
		}
	})
}

// TestDiskFull: a full disk fails those whose rows don't fit, and heals when
// there is room, at the first try.
func TestDiskFull(t *testing.T) {
	j := open(t, t.TempDir())
	accept(t, j, plain(1))
	w := &writer{path: j.read.path, read: j.read}
	var err error
	if w.conn, err = connect(w.path); err != nil {
		t.Fatal(err)
	}
	if err := w.conn.script("PRAGMA max_page_count = 1"); err != nil { // of this connection only
		t.Fatal(err)
	}
	write := func(n, size int) error {
		r := plain(n)
		r.Event.Raw = make([]byte, size)
		var enc encoder
		enc.insert(&r.Event, &r.State)
		ask := &request{steps: enc.steps, done: make(chan struct{})}
		w.commit([]*request{ask})
		<-ask.done
		return ask.err
	}
	if err := write(2, 1<<17); !errors.Is(err, router.ErrJournal) || !strings.Contains(err.Error(), "full") {
		t.Fatalf("got %v", err)
	}
	if w.conn != nil {
		t.Fatal("the connection is still trusted")
	}
	if err := w.heal(); err != nil {
		t.Fatal(err)
	}
	const oneFrame = 32 + 24 + 4096 // opening sets auto_vacuum, which writes the first page
	info, err := os.Stat(w.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > oneFrame {
		t.Fatalf("the WAL has %d bytes after healing", info.Size())
	}
	if err := write(3, 1<<17); err != nil {
		t.Fatal(err)
	}
	if err := w.conn.close(); err != nil {
		t.Fatal(err)
	}
}
