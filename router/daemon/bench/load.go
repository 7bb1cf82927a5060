package bench

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// operation brings event number n from its beginning to its end. An error ends
// the measurement, but for errLate.
type operation func(n int64) error

// errLate: the answer was "accepted; wait for a callback".
var errLate = errors.New("the event was answered with 202")

// sample is what workers have seen.
type sample struct {
	took    []time.Duration // of each event, in ascending order
	late    int
	elapsed time.Duration
}

// measured is a sample and what the processes spent on it.
type measured struct {
	sample
	cpu []time.Duration // of each process
}

// measure warms up and then has every worker do one event after the other,
// numbers counting on from last, and reads the clocks of the processes before
// and after.
func measure(ctx context.Context, workers []operation, atMost time.Duration, last *atomic.Int64, pids ...int) (m measured, err error) {
	if _, err = drive(ctx, workers, min(atMost/5, maxWarmUp), last); err != nil {
		return m, err
	}
	before, err := cpuOf(pids)
	if err != nil {
		return m, err
	}
	if m.sample, err = drive(ctx, workers, atMost, last); err != nil {
		return m, err
	}
	if m.cpu, err = cpuOf(pids); err != nil {
		return m, err
	}
	for i := range m.cpu {
		m.cpu[i] -= before[i]
	}
	return m, nil
}

// drive is the loop: a closed one, so that no more events are on their way than
// there are workers. It returns when the last of them is done.
func drive(ctx context.Context, workers []operation, atMost time.Duration, last *atomic.Int64) (sample, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, atMost, errTimeIsUp)
	defer cancel()
	var (
		mu    sync.Mutex
		all   sample
		first error
		wg    sync.WaitGroup
		begun = time.Now()
		stop  = last.Load() + maxEvents
	)
	for _, work := range workers {
		wg.Go(func() {
			var own sample
			var err error
			for err == nil && ctx.Err() == nil {
				n := last.Add(1)
				if n > stop {
					break
				}
				began := time.Now()
				if err = work(n); errors.Is(err, errLate) {
					own.late++
					err = nil
				}
				own.took = append(own.took, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all.took, all.late = append(all.took, own.took...), all.late+own.late
			if err != nil && first == nil {
				first = err
				cancel()
			}
		})
	}
	wg.Wait()
	all.elapsed = time.Since(begun)
	slices.Sort(all.took)
	if first == nil && context.Cause(ctx) != errTimeIsUp {
		first = context.Cause(ctx) // nil where the events were used up
	}
	return all, first
}

// errTimeIsUp is how a measurement is meant to end.
var errTimeIsUp = errors.New("the time is up")

// figures are those of the sample, with the CPU time of all its processes.
func (m *measured) figures() Figures {
	f := Figures{Events: len(m.took), P50: m.quantile(0.50), P99: m.quantile(0.99)}
	f.PerSecond = float64(f.Events) / m.elapsed.Seconds()
	for i := range m.cpu {
		f.CPU += m.each(i)
	}
	return f
}

// each is the CPU time of one process for one event.
func (m *measured) each(process int) Micros {
	return micros(m.cpu[process]) / Micros(max(len(m.took), 1))
}

// quantile is the time within which that part of the events was done.
func (m *measured) quantile(q float64) Micros {
	if len(m.took) == 0 {
		return 0
	}
	return micros(m.took[int(q*float64(len(m.took)-1))])
}
