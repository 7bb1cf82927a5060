package daemon_test

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkOtherLanes measures what a stuck lane takes from a thousand others.
// Two daemons do the same work by turns, so that what else happens on the
// machine befalls both; one of them has a lane whose head fails all the time,
// with a thousand events behind it. "stuck/free" is the ratio of their
// throughputs, the median of all turns: 1 is as good as it gets.
func BenchmarkOtherLanes(b *testing.B) {
	const behind = 1000
	free, stuck := newService(b, serviceConfig), newService(b, serviceConfig)
	stuck.sink.answers(func(name string, _ int) said {
		if name == "change.stuck.0" {
			return said{status: 503, retryAfter: 1} // it is tried again all the time
		}
		return said{}
	})
	free.launch(b)
	stuck.launch(b)
	behindHead := func(n int) {
		if a := stuck.mustCall(b, ticket{"change", "stuck", n}); !a.later() {
			b.Errorf("the caller of number %d of the stuck lane is told %+v", n, a)
		}
	}
	behindHead(0)
	inParallel(atOnce, behind, func(n int) { behindHead(1 + n) })

	var number int
	turn := func(s *service) (perSecond float64) {
		number++
		const lanes = 1000
		began := time.Now()
		inParallel(64, lanes, func(lane int) {
			if a := s.mustCall(b, ticket{"change", "lane" + strconv.Itoa(lane), number}); !a.success() {
				b.Errorf("a caller of another lane is told %+v", a)
			}
		})
		return lanes / time.Since(began).Seconds()
	}
	turn(free) // caches and connections
	turn(stuck)
	var ratios, rates []float64
	for b.Loop() {
		first, second := turn(free), turn(stuck)
		third, fourth := turn(stuck), turn(free) // who goes first is no advantage
		ratios = append(ratios, (second+third)/(first+fourth))
		rates = append(rates, (first+fourth)/2)
	}
	slices.Sort(ratios)
	slices.Sort(rates)
	b.ReportMetric(ratios[len(ratios)/2], "stuck/free")
	b.ReportMetric(rates[len(rates)/2], "events/s")
	if stuck.sink.of("change.stuck.0")+stuck.sink.of("change.stuck.1") > 0 {
		b.Error("the stuck lane was not stuck")
	}
}

// inParallel does work for the numbers below n, so many at one time.
func inParallel(workers, n int, work func(n int)) {
	var all sync.WaitGroup
	var last atomic.Int64
	for range workers {
		all.Go(func() {
			for i := int(last.Add(1)) - 1; i < n; i = int(last.Add(1)) - 1 {
				work(i)
			}
		})
	}
	all.Wait()
}
