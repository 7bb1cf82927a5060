package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
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
			load := &load{b: b, j: open(b, dir)}
			b.ReportAllocs()
			b.ResetTimer()
			load.run(callers, b.N)
			each := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(time.Second/each), "events/s")
			b.ReportMetric(float64(bare.Microseconds()), "fsync-µs")
			b.ReportMetric(float64(each)/float64(bare), "fsyncs/event")
		})
	}
}

// settledRows says how many settled events BenchmarkSettleAmongSettled puts
// into the journal first. A million takes a minute or two and 2 GB, so that it
// runs only when asked.
const settledRows = "SIGNALBOX_BENCH_SETTLED"

// BenchmarkSettleAmongSettled compares a journal that holds many settled events
// with an empty one, turn by turn in the same run. "of-empty" is the speed of
// the full one in units of the other's: 0.9 is promised for a million.
func BenchmarkSettleAmongSettled(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv(settledRows))
	if err != nil {
		b.Skip(settledRows + " gives no number of events")
	}
	full, empty := among(b, rows), &load{b: b, j: open(b, b.TempDir())}
	const callers, turn = 64, 1000
	var took time.Duration
	var ratios []float64
	for b.Loop() {
		f, e := full.run(callers, turn), empty.run(callers, turn)
		took += f
		ratios = append(ratios, float64(e)/float64(f))
	}
	b.ReportMetric(median(ratios), "of-empty")
	b.ReportMetric(float64(turn*b.N)/took.Seconds(), "events/s")
}

// BenchmarkSettleWhilePruning compares what callers wait for while old events
// are deleted, or emptied, at the daemon's pace, with what they wait for while
// none are, turn by turn in the same run. "of-p99" is the p99 in units of that
// of the quiet turns: 1.2 is promised.
func BenchmarkSettleWhilePruning(b *testing.B) {
	const rows, turn = 50_000, 1000
	for _, callers := range []int{1, 64} {
		for name, r := range map[string]router.Retention{
			"delete": {Before: time.Now()}, "empty": {PayloadBefore: time.Now()},
		} {
			b.Run(fmt.Sprintf("%s/callers=%d", name, callers), func(b *testing.B) {
				l := among(b, rows)
				var ratios, quiet []float64
				gone := 0
				p99 := func() float64 { return float64(l.each(callers, turn)[turn*99/100].Microseconds()) }
				for b.Loop() {
					q := p99()
					stop := l.prune(r)
					ratios = append(ratios, p99()/q)
					gone += stop()
					quiet = append(quiet, q)
				}
				b.ReportMetric(median(ratios), "of-p99")
				b.ReportMetric(median(quiet), "quiet-p99-µs")
				b.ReportMetric(float64(gone)/float64(turn*b.N), "pruned/event")
			})
		}
	}
}

// median leaves out the turns that somebody else's work has hit.
func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// prune has the journal pruned as the daemon does it, until stop, which returns
// how many events went.
func (l *load) prune(r router.Retention) (stop func() int) {
	ctx, cancel := context.WithCancel(l.b.Context())
	gone := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			began := time.Now()
			p, err := l.j.Prune(context.WithoutCancel(ctx), r, router.PruneBatch)
			if err != nil {
				l.b.Error(err)
				break
			}
			n += p.Deleted + p.Emptied
			select {
			case <-time.After(router.PruneRest * time.Since(began)):
			case <-ctx.Done():
			}
		}
		gone <- n
	}()
	return func() int {
		cancel()
		return <-gone
	}
}

// among makes a load on a journal that holds so many settled events: copies of
// one, with keys and lanes that are as scattered as those of real events.
func among(b *testing.B, times int) *load {
	b.Helper()
	began := time.Now()
	dir := b.TempDir()
	j := open(b, dir)
	(&load{b: b, j: j}).run(1, 1)
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	meddle(b, dir, fmt.Sprintf(`
		CREATE TEMP TABLE copies AS WITH RECURSIVE c (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM c WHERE i <= %d) SELECT i FROM c;
		BEGIN;
		INSERT INTO events (n, id, source, key, type, flag, lane, seq, received, phase, finished, due, holds, caused_by, plan, version, state)
			SELECT i, printf('01957a4e-0000-7abc-8def-%%012d', i), source, printf('https://market.example %%s', hex(randomblob(16))),
				type, flag, 'lane ' || abs(random() %% 100000), i, received + i, phase, finished, due, holds, caused_by, plan, version, state
			FROM copies, events WHERE n = 1;
		INSERT INTO documents SELECT i, notice, attributes, payload, raw FROM copies, documents WHERE event = 1;
		INSERT INTO deliveries SELECT i, ord, `+deliveryColumns+` FROM copies, deliveries WHERE event = 1;
		INSERT INTO attempts SELECT i, ord, `+attemptColumns+` FROM copies, attempts WHERE event = 1;
		COMMIT;`, times))
	b.Logf("%d events took %v", times, time.Since(began).Round(time.Second))
	l := &load{b: b, j: open(b, dir)}
	l.last.Store(int64(times) + 1)
	return l
}

// load takes plain events in and settles them.
type load struct {
	b    *testing.B
	j    *Journal
	last atomic.Int64
}

// run has so many callers do n events, and returns how long that took.
func (l *load) run(callers, n int) time.Duration {
	l.b.Helper()
	began := time.Now()
	l.each(callers, n)
	return time.Since(began)
}

// each is run, and returns how long each event took, sorted.
func (l *load) each(callers, n int) []time.Duration {
	l.b.Helper()
	until := l.last.Load() + int64(n)
	took := make([][]time.Duration, callers)
	errs := make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for {
				n := l.last.Add(1)
				if n > until {
					return
				}
				began := time.Now()
				r := scattered(int(n))
				if _, errs[i] = l.j.Accept(l.b.Context(), &r.Event, &r.State); errs[i] != nil {
					return
				}
				if errs[i] = l.j.Apply(l.b.Context(), settlement(r)); errs[i] != nil {
					return
				}
				took[i] = append(took[i], time.Since(began))
			}
		})
	}
	all.Wait()
	l.last.Store(until)
	if err := cmp.Or(errs...); err != nil {
		l.b.Fatal(err)
	}
	return slices.Sorted(slices.Values(slices.Concat(took...)))
}

// scattered is the n-th plain event with a key and a lane that lie anywhere
// among the others, as real ones do.
func scattered(n int) router.Record {
	r := plain(n)
	anywhere := uint64(n) * 0x9e3779b97f4a7c15 // the golden ratio: no two are the same
	r.Event.Notice.Key = fmt.Sprintf("https://market.example %016x", anywhere)
	r.Event.Lane = fmt.Sprintf("lane %d", anywhere%100_000)
	return r
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
		ctx, cancel := context.WithCancel(b.Context()) // as a request's is
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if found, err := j.Find(ctx, q); err != nil || len(found) != want {
					b.Fatal(len(found), err)
				}
			}
		})
		cancel()
	}
}
