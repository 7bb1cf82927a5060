package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// BenchmarkAcceptSettle takes a plain event in and settles it: two flushed
// writes. "fsyncs/event" is its time in units of a bare fsync on the same disk
// in the same run: 2 is the floor for one caller alone, many at once share
// theirs.
func BenchmarkAcceptSettle(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			dir := b.TempDir()
			bare := bareFsync(b, dir)
			j := open(b, dir)
			var last atomic.Int64
			work := func() error {
				for {
					n := last.Add(1)
					if n > int64(b.N) {
						return nil
					}
					r := plain(int(n))
					if _, err := j.Accept(b.Context(), &r.Event, &r.State); err != nil {
						return err
					}
					if err := j.Apply(b.Context(), settlement(r)); err != nil {
						return err
					}
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			errs := make(chan error, callers)
			for range callers {
				go func() { errs <- work() }()
			}
			for range callers {
				if err := <-errs; err != nil {
					b.Fatal(err)
				}
			}
			each := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(time.Second/each), "events/s")
			b.ReportMetric(float64(bare.Microseconds()), "fsync-µs")
			b.ReportMetric(float64(each)/float64(bare), "fsyncs/event")
		})
	}
}

// bareFsync measures what a commit can't do without: to append a page and
// flush it.
func bareFsync(b *testing.B, dir string) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, "bare"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	const rounds = 200
	page := make([]byte, 4096)
	began := time.Now()
	for range rounds {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began) / rounds
}

// BenchmarkLookUp looks an event up by its key, which every notice does: most
// find none.
func BenchmarkLookUp(b *testing.B) {
	j := open(b, b.TempDir())
	accept(b, j, plain(1))
	for name, want := range map[string]int{"hit": 1, "miss": 0} {
		q := router.Query{Source: "appdirect.acme", Key: plain(2 - want).Event.Notice.Key}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if found, err := j.Find(b.Context(), q); err != nil || len(found) != want {
					b.Fatal(len(found), err)
				}
			}
		})
	}
}
