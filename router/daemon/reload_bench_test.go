package daemon_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

// The load of BenchmarkReload: what a busy marketplace sends, which two cores
// answer with room to spare. A reload a minute is more than anybody asks for.
const (
	reloadRoutes = 1000
	reloadTurn   = time.Minute
	reloadEvery  = 5 * time.Millisecond // from one event to the next
)

// BenchmarkReload measures what a reload of a thousand routes takes from those
// who wait for answers meanwhile. Turns with a reload in the middle and turns
// without follow each other, in one daemon, so that what else happens on the
// machine befalls both. Events come at their times, whether those before are
// answered or not. "with/without" is the ratio of the 99th percentiles, the
// median of all pairs of turns: 1 is as good as it gets. "reload-p99-ms" is that
// of the events alone that came while a reload was under way.
func BenchmarkReload(b *testing.B) {
	s := newService(b, serviceConfig+idleRoutes(reloadRoutes, 0))
	s.launch(b)
	r := &reloading{service: s, client: operator.Dial(s.socket())}
	r.turn(b, reloadTurn/10, true) // caches and connections
	r.took, r.reloads, r.during = 0, 0, nil
	var ratios, usual []float64
	for b.Loop() {
		without, with := p99(r.turn(b, reloadTurn, false)), p99(r.turn(b, reloadTurn, true))
		ratios, usual = append(ratios, with/without), append(usual, without)
	}
	slices.Sort(ratios)
	slices.Sort(usual)
	b.ReportMetric(ratios[len(ratios)/2], "with/without")
	b.ReportMetric(usual[len(usual)/2]*1000, "p99-ms")
	b.ReportMetric(p99(r.during)*1000, "reload-p99-ms")
	b.ReportMetric(r.took.Seconds()*1000/float64(r.reloads), "ms/reload")
}

// reloading is a service that gets events at their times.
type reloading struct {
	*service
	client  *operator.Client
	number  int // of the last event
	reloads int
	took    time.Duration // all reloads together
	// during are the waits of those who came while a reload was under way.
	during []time.Duration
}

// turn gives the waits of all that come in the time, with a reload in the middle
// of it or without.
func (r *reloading) turn(b *testing.B, lasts time.Duration, reload bool) (waits []time.Duration) {
	var all sync.WaitGroup
	var mu sync.Mutex
	var underWay atomic.Bool
	ticks := time.NewTicker(reloadEvery)
	defer ticks.Stop()
	for began := time.Now(); time.Since(began) < lasts; <-ticks.C {
		r.number++
		k, during := ticket{"change", fmt.Sprintf("lane%d", r.number), r.number}, underWay.Load()
		all.Go(func() {
			a, err := r.call(b.Context(), k)
			if err != nil || !a.success() {
				b.Errorf("a caller is told %+v, %v", a, err)
			}
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, a.took)
			if during {
				r.during = append(r.during, a.took)
			}
		})
		if reload && time.Since(began) > lasts/2 {
			reload = false
			r.reloads++
			r.configure(b, serviceConfig+idleRoutes(reloadRoutes, r.reloads))
			underWay.Store(true)
			all.Go(func() {
				defer underWay.Store(false)
				began := time.Now()
				if _, err := r.client.Reload(b.Context(), operator.Reload{}); err != nil {
					b.Errorf("the reload ends with %v", err)
				}
				r.took += time.Since(began)
			})
		}
	}
	all.Wait()
	return waits
}

// p99 is the 99th percentile, in seconds; of nothing, 0.
func p99(waits []time.Duration) float64 {
	if len(waits) == 0 {
		return 0
	}
	slices.Sort(waits)
	return waits[len(waits)*99/100].Seconds()
}

// idleRoutes are n routes that are asked about the load's events and take none of
// them. The address differs from one reload to the next.
func idleRoutes(n, reload int) string {
	types := []string{"SUBSCRIPTION_CHANGE", "SUBSCRIPTION_CANCEL", "USER_ASSIGNMENT", "USER_UNASSIGNMENT"}
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `
route "idle %d" {
  from = [source.appdirect.market]
  on   = [%q]
  when = event.attributes.creator.email == "idle-%d-%d@example.com"
  deliver "hook" {
    to   = plugin.hook.post
    with = { data = event.attributes.creator.email }
  }
}
`, i, types[i%len(types)], reload, i)
	}
	return text.String()
}
