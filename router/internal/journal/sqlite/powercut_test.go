package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/journal/journaltest"
	"github.com/signalbox/signalbox/router/internal/journal/powerfs"
)

// A power cut comes at one of so many operations on the files: the WAL is
// copied into the file about every 2,500.
const latestCut = 6000

// TestPowerCut cuts the power at operations all over the journal's life. What
// was acknowledged is there afterwards, whatever happens to the sectors that
// were not flushed: all are lost, or each by chance.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for seed := range journaltest.Cuts(t) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(seed)))
			left := 1 + rng.IntN(latestCut)
			if seed%4 == 0 {
				left = 1 + seed/4 // from the first operations of a new journal on
			}
			acknowledged, dir := cutOff(t, "worker", keepers(rng, seed), func(powerfs.Op) powerfs.Fate {
				if left--; left > 0 {
					return powerfs.Pass
				}
				return powerfs.Cut
			})
			if lost := lostOf(t, dir, acknowledged); len(lost) > 0 {
				t.Errorf("of %d acknowledged changes %d are lost: %v", len(acknowledged), len(lost), lost)
			}
		})
	}
}

// TestPowerCutAfterFailedFlush fails one flush of a file and lets the journal
// work on before the power goes. After such a failure the kernel calls pages
// clean that are not on the disk.
func TestPowerCutAfterFailedFlush(t *testing.T) {
	t.Parallel()
	for seed := range journaltest.Cuts(t) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(2, uint64(seed)))
			// Every other time it is the journal's own file, which is flushed
			// when the WAL is copied into it.
			file, syncs, left := "journal.db-wal", 2+rng.IntN(80), 1+rng.IntN(latestCut/2)
			if seed%2 == 0 {
				file, syncs = "journal.db", 2+rng.IntN(2)
			}
			acknowledged, dir := cutOff(t, "worker", keepers(rng, seed), func(op powerfs.Op) powerfs.Fate {
				if op.Kind == powerfs.Sync && op.File == file && syncs > 0 {
					if syncs--; syncs == 0 {
						return powerfs.Fail
					}
				}
				if syncs == 0 {
					if left--; left == 0 {
						return powerfs.Cut
					}
				}
				return powerfs.Pass
			})
			if lost := lostOf(t, dir, acknowledged); len(lost) > 0 {
				t.Errorf("of %d acknowledged changes %d are lost: %v", len(acknowledged), len(lost), lost)
			}
		})
	}
}

// TestPowerCutHasTeeth: with synchronous=NORMAL, which flushes the WAL only
// when it is copied, a power cut does lose what was acknowledged.
func TestPowerCutHasTeeth(t *testing.T) {
	t.Parallel()
	left := latestCut / 4
	acknowledged, dir := cutOff(t, "careless", nil, func(powerfs.Op) powerfs.Fate {
		if left--; left > 0 {
			return powerfs.Pass
		}
		return powerfs.Cut
	})
	if lost := lostOf(t, dir, acknowledged); len(lost) == 0 {
		t.Errorf("of %d acknowledged changes none is lost", len(acknowledged))
	}
}

// keepers says what survives unflushed: nothing, or every other sector.
func keepers(rng *rand.Rand, seed int) func() bool {
	if seed%3 == 0 {
		return nil
	}
	return func() bool { return rng.IntN(2) == 0 }
}

// cutOff lets a process work on a journal until the power goes. It returns what
// the process said was acknowledged, and a directory with what the disk has.
func cutOff(t *testing.T, role string, keep func() bool, fate func(powerfs.Op) powerfs.Fate) (acknowledged []string, dir string) {
	t.Helper()
	if _, err := os.Stat(powerfs.Device); err != nil && os.Getenv("CI") == "" {
		t.Skip("without FUSE there is no file system to cut off: ", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	mounted, gone := t.TempDir(), make(chan struct{})
	var once sync.Once
	f, err := powerfs.Mount(mounted, func(op powerfs.Op) powerfs.Fate {
		did := fate(op)
		if did == powerfs.Cut {
			once.Do(func() { close(gone) })
		}
		return did
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+mounted, victimRole+"="+role)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(errors.Join(err, f.Unmount()))
	}
	read := make(chan []string)
	go func() {
		var lines []string
		for s := bufio.NewScanner(out); s.Scan(); {
			lines = append(lines, s.Text())
		}
		read <- lines
	}()
	select {
	case <-gone:
	case <-ctx.Done():
		t.Errorf("the power was never cut: %v", ctx.Err())
	}
	f.Cut()
	dir = t.TempDir()
	err = errors.Join(f.Salvage(dir, keep), cmd.Process.Kill())
	acknowledged = <-read
	_ = cmd.Wait() // it was killed
	if err := errors.Join(err, f.Unmount()); err != nil {
		t.Fatal(err)
	}
	return acknowledged, dir
}

// lostOf opens what a disk has and returns which acknowledged changes are not
// there. The journal must be sound, and take new work.
func lostOf(t *testing.T, dir string, acknowledged []string) (lost []string) {
	t.Helper()
	sound(t, dir)
	j := open(t, dir)
	for _, line := range acknowledged {
		id, phase, _ := strings.Cut(line, " ")
		story, err := j.Story(t.Context(), id)
		switch {
		case errors.Is(err, router.ErrNotFound):
			lost = append(lost, line)
		case err != nil:
			t.Fatal(err)
		case phase == string(router.Settled) && (story.State.Phase != router.Settled || len(story.Attempts) != 1):
			lost = append(lost, line)
		}
	}
	r := plain(1_000_000)
	accept(t, j, r)
	if err := j.Apply(t.Context(), settlement(r)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	sound(t, dir)
	return lost
}

// sound fails the test if the closed journal is corrupt. One that lost its
// power before it was made has no file.
func sound(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "journal.db")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return
	}
	c, err := dial(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	row, err := c.row("PRAGMA integrity_check")
	if err != nil || row[0] != "ok" {
		t.Fatalf("the journal is corrupt: %v, %v", row, err)
	}
}

// beWorker accepts events and settles them, and says what was acknowledged,
// until it is killed. What fails it tries again.
func beWorker(dir string) {
	var j *Journal
	persist(func() (err error) {
		j, err = Open(context.Background(), Options{Path: filepath.Join(dir, "journal.db")})
		return err
	})
	for w := range 4 {
		go func() {
			for n := w + 1; ; n += 4 {
				r := bulky(n)
				persist(func() error {
					_, err := j.Accept(context.Background(), &r.Event, &r.State)
					return err
				})
				fmt.Println(r.Event.ID, router.Open)
				persist(func() error {
					err := j.Apply(context.Background(), settlement(r))
					if errors.Is(err, router.ErrConflict) {
						return nil // it was written, and told as failed
					}
					return err
				})
				fmt.Println(r.Event.ID, router.Settled)
			}
		}()
	}
	select {}
}

// persist tries until it succeeds.
func persist(try func() error) {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for err := try(); err != nil; err = try() {
		<-again.C
	}
}

// bulky is a plain event of several pages, so that the WAL fills soon.
func bulky(n int) router.Record {
	r := plain(n)
	r.Event.Raw = make([]byte, 16<<10)
	return r
}

// beCareless accepts events without flushing each, as nobody should.
func beCareless(dir string) {
	conn, err := create(filepath.Join(dir, "journal.db"))
	if err == nil {
		err = conn.script("PRAGMA synchronous=NORMAL")
	}
	if err != nil {
		panic(err)
	}
	w := &writer{conn: conn}
	for n := 1; ; n++ {
		r := bulky(n)
		var enc encoder
		enc.insert(&r.Event, &r.State)
		ask := &request{steps: enc.steps, done: make(chan struct{})}
		if w.commit([]*request{ask}); ask.err != nil {
			select {}
		}
		fmt.Println(r.Event.ID, router.Open)
	}
}
