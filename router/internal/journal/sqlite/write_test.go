package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
)

// TestMain lets the test binary be another process on the journal of a test.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		map[string]func(dir string){
			"":       beVictim,
			"worker": beWorker, "careless": beCareless, "holder": beHolder, "teller": beTeller,
		}[os.Getenv(victimRole)](dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The journal's directory, and what the process does there: the role of "" is
// TestKill's victim.
const (
	victimDir  = "SIGNALBOX_TEST_JOURNAL"
	victimRole = "SIGNALBOX_TEST_ROLE"
)

// beVictim accepts events and says which were acknowledged, until it is killed.
func beVictim(dir string) {
	j, err := Open(context.Background(), Options{Path: filepath.Join(dir, "journal.db")})
	if err != nil {
		panic(err)
	}
	for w := range 8 {
		go func() {
			for n := w + 1; ; n += 8 {
				r := plain(n)
				if _, err := j.Accept(context.Background(), &r.Event, &r.State); err != nil {
					panic(err)
				}
				fmt.Println(r.Event.ID)
			}
		}()
	}
	select {}
}

func TestKill(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const enough = 200
	var acknowledged []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		acknowledged = append(acknowledged, lines.Text())
		if len(acknowledged) == enough {
			if _, err := Open(t.Context(), Options{Path: filepath.Join(dir, "journal.db")}); !errors.Is(err, ErrLocked) ||
				!strings.Contains(err.Error(), fmt.Sprintf("process %d ", cmd.Process.Pid)) {
				t.Errorf("opening it meanwhile: %v", err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(acknowledged) < enough {
		t.Fatalf("the victim ended by itself after %d events: %v", len(acknowledged), err)
	}
	j := open(t, dir)
	for _, id := range acknowledged {
		if _, err := j.Story(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBatchIsWhatIsQueued(t *testing.T) {
	ask := &request{done: make(chan struct{})}
	idle := &request{lazy: true}
	for _, c := range []struct {
		name          string
		queued        []*request
		closing       bool
		first, second int
	}{
		{"one", []*request{ask}, false, 1, 0},
		{"all that is there", []*request{ask, ask, idle, ask}, false, 4, 0},
		{"lazy ones go with the first that is not", []*request{idle, idle, ask}, false, 3, 0},
		{"a cap", many(ask, batchCap+3), false, batchCap, 3},
		{"a cap of lazy ones", many(idle, batchCap+3), false, batchCap, 3},
		{"closing takes the rest", many(ask, 3), true, 3, 0},
		{"closing with nothing", nil, true, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := &Journal{queue: make(chan *request, queueCap), closing: make(chan struct{})}
			for _, r := range c.queued {
				j.queue <- r
			}
			if c.closing {
				close(j.closing)
			}
			batch, _ := j.collect(nil)
			if len(batch) != c.first || len(j.queue) != c.second {
				t.Errorf("took %d and left %d, want %d and %d", len(batch), len(j.queue), c.first, c.second)
			}
		})
	}
}

func many(r *request, n int) []*request {
	list := make([]*request, n)
	for i := range list {
		list[i] = r
	}
	return list
}

func TestFullQueue(t *testing.T) {
	j := &Journal{queue: make(chan *request, 1), closing: make(chan struct{}), stopped: make(chan struct{})}
	j.queue <- &request{lazy: true}
	if err := j.Apply(t.Context(), router.Change{Event: "x", Lazy: true}); err != nil || len(j.queue) != 1 {
		t.Errorf("a lazy change is not dropped: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := plain(1)
	if _, err := j.Accept(ctx, &r.Event, &r.State); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that gives up gets %v", err)
	}
}

func TestLazyAloneIsWrittenSoon(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j := open(t, dir)
		defer j.Close()
		r := plain(1)
		accept(t, j, r)
		c := settlement(r)
		c.Lazy = true
		if err := j.Apply(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		phase := func() router.Phase {
			synctest.Wait()
			story, err := j.Story(t.Context(), r.Event.ID)
			if err != nil {
				t.Fatal(err)
			}
			return story.State.Phase
		}
		if p := phase(); p != router.Open {
			t.Fatalf("it is %s at once: nothing waits for lazy changes", p)
		}
		<-time.After(lazyWait)
		if p := phase(); p != router.Settled {
			t.Fatalf("it is still %s after %v", p, lazyWait)
		}
	})
}

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
