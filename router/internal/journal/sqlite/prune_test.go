package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// TestPruneGivesRoomBack: the file itself shrinks, while the journal is open.
func TestPruneGivesRoomBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		raw    int
		r      router.Retention
		atMost int64 // of the size before, in percent
	}{
		{"by age", 32 << 10, router.Retention{Before: time.Now()}, 10},
		{"by size", 32 << 10, router.Retention{MaxBytes: 1, SpareSince: time.Now()}, 10},
		{"large payloads", 32 << 10, router.Retention{PayloadBefore: time.Now()}, 10},
		{"small payloads", 2 << 10, router.Retention{PayloadBefore: time.Now()}, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir)
			const events = 200
			for n := range events {
				r := plain(n + 1)
				r.Event.Raw = make([]byte, c.raw)
				r.State.Phase = router.Elsewhere
				accept(t, j, r)
			}
			before := fileSize(t, j, dir)
			for step := 0; ; step++ {
				p, err := j.Prune(t.Context(), c.r, router.PruneBatch)
				if err != nil || step > 10*events {
					t.Fatalf("after %d steps: %+v, %v", step, p, err)
				}
				if !p.More {
					break
				}
			}
			if after := fileSize(t, j, dir); after > before*c.atMost/100 {
				t.Errorf("of %d bytes the file still has %d", before, after)
			}
		})
	}
}

// fileSize is the size of the journal's file with all of the WAL in it.
func fileSize(t *testing.T, j *Journal, dir string) int64 {
	t.Helper()
	c, err := connect(j.read.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.checkpoint(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
