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
