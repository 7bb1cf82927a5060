package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/journal/journaltest"
	"github.com/signalbox/signalbox/router/internal/journal/powerfs"
)

// recovery bounds the wait for a journal whose store works again: healPause,
// and a wait for a lock.
const recovery = 30 * time.Second

// TestNoSpace: a full file system fails what doesn't fit, whoever asks. When
// there is space again all goes on.
func TestNoSpace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	journaltest.SmallDisk(t, dir, "2m")
	j := open(t, dir)
	first := bulky(1)
	accept(t, j, first)
	ballast := filepath.Join(dir, "ballast")
	journaltest.Fill(t, ballast)

	refused := 2
	for err := error(nil); err == nil; refused++ {
		r := bulky(refused)
		if _, err = j.Accept(t.Context(), &r.Event, &r.State); err != nil && !errors.Is(err, router.ErrJournal) {
			t.Fatal(err)
		}
	}
	refused--
	if err := j.Apply(t.Context(), settlement(first)); !errors.Is(err, router.ErrJournal) {
		t.Fatalf("settling an event gives %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return j.Apply(t.Context(), settlement(first)) })
	again := bulky(refused)
	if existing, err := j.Accept(t.Context(), &again.Event, &again.State); err != nil || existing != nil {
		t.Fatalf("what was refused for want of space was written: %v, %v", existing, err)
	}
	holds(t, j, dir, refused)
}

// TestReadOnly: while the file system takes no writes, the journal takes none
// either, and can be read; then all goes on.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(powerfs.Device); err != nil && os.Getenv("CI") == "" {
		t.Skip("without FUSE there is no file system that turns read-only under an open file: ", err)
	}
	dir, refusing := t.TempDir(), atomic.Bool{}
	f, err := powerfs.Mount(dir, func(powerfs.Op) powerfs.Fate {
		if refusing.Load() {
			return powerfs.Refuse
		}
		return powerfs.Pass
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Unmount(); err != nil {
			t.Error(err)
		}
	})
	ask := other(t, "teller", dir)
	for _, step := range []struct {
		readOnly bool
		want     string
	}{{false, "1: accepted"}, {true, "1: " + router.ErrJournal.Error()}, {false, "2: accepted"}} {
		refusing.Store(step.readOnly)
		eventually(t, func() error {
			if got := ask(); got != step.want {
				return fmt.Errorf("read-only %v, the journal answers %q, want %q", step.readOnly, got, step.want)
			}
			return nil
		})
	}
}

// TestLockedByAnother: while another process holds the file, a caller gets its
// answer when its time is up; once it lets go, all goes on.
func TestLockedByAnother(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	accept(t, j, plain(1))
	release := other(t, "holder", dir)
	if said := release(); said != "held" {
		t.Fatal(said)
	}
	r := plain(2)
	hasty, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := j.Accept(hasty, &r.Event, &r.State); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a caller with a second's time gets %v", err)
	}
	if err := j.Apply(t.Context(), settlement(plain(1))); !errors.Is(err, router.ErrJournal) {
		t.Fatalf("a caller with time gets %v", err)
	}
	if said := release(); said != "released" {
		t.Fatal(said)
	}
	eventually(t, func() error { return j.Apply(t.Context(), settlement(plain(1))) })
	eventually(t, func() error {
		_, err := j.Accept(t.Context(), &r.Event, &r.State)
		return err
	})
	holds(t, j, dir, 2)
}

// eventually tries until it works, as long as a journal may take to recover.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	begun := time.Now()
	for err := try(); err != nil; err = try() {
		if time.Since(begun) > recovery {
			t.Fatal(err)
		}
		<-again.C
	}
}

// holds closes a journal that must have so many events and be sound.
func holds(t *testing.T, j *Journal, dir string, want int) {
	t.Helper()
	found, err := j.Find(t.Context(), router.Query{Limit: want + 1, Bare: true})
	if err != nil || len(found) != want {
		t.Fatalf("%d events are there, not %d: %v", len(found), want, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	sound(t, dir)
}

// other starts another process on the journal in dir. Each call of what it
// returns has it take one step, and returns what it says of it.
func other(t *testing.T, role, dir string) (step func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*recovery) // it outlives the test's
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir, victimRole+"="+role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer cancel()
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the %s: %v", role, err)
		}
	})
	lines := bufio.NewScanner(out)
	return func() string {
		t.Helper()
		if _, err := io.WriteString(in, "\n"); err != nil || !lines.Scan() {
			t.Fatalf("the %s says no more: %v, %v", role, err, lines.Err())
		}
		return lines.Text()
	}
}

// beHolder locks the journal's file at its first step, and lets go at its
// second.
func beHolder(dir string) {
	steps := bufio.NewScanner(os.Stdin)
	steps.Scan()
	c, err := dial(filepath.Join(dir, "journal.db"))
	if err == nil {
		err = c.script("BEGIN IMMEDIATE")
	}
	if err != nil {
		panic(err)
	}
	fmt.Println("held")
	steps.Scan()
	if err := c.close(); err != nil {
		panic(err)
	}
	fmt.Println("released")
}

// beTeller tries to accept an event at each step, the same until it succeeds.
// It says how many are there, and what came of it.
func beTeller(dir string) {
	j, err := Open(context.Background(), Options{Path: filepath.Join(dir, "journal.db")})
	if err != nil {
		panic(err)
	}
	next := 1
	for steps := bufio.NewScanner(os.Stdin); steps.Scan(); {
		r := plain(next)
		said := "accepted"
		existing, err := j.Accept(context.Background(), &r.Event, &r.State)
		switch {
		case errors.Is(err, router.ErrJournal):
			said = router.ErrJournal.Error()
		case err != nil:
			said = err.Error()
		case existing != nil:
			said = "there already"
			next++
		default:
			next++
		}
		found, err := j.Find(context.Background(), router.Query{Bare: true})
		if err != nil {
			said = strings.Join([]string{said, err.Error()}, "; ")
		}
		fmt.Printf("%d: %s\n", len(found), said)
	}
	if err := j.Close(); err != nil {
		panic(err)
	}
	c, err := dial(filepath.Join(dir, "journal.db"))
	if err != nil {
		panic(err)
	}
	defer c.close()
	if row, err := c.row("PRAGMA integrity_check"); err != nil || row[0] != "ok" {
		panic(fmt.Sprintf("the journal is corrupt: %v, %v", row, err))
	}
}
