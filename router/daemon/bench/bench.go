package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Bounds of a run. Below the shortest time the kernel's account of CPU time is
// too coarse; above the longest, and with more events, it is no measurement but
// a soak. More routes than MaxRoutes no configuration has.
const (
	minFor    = 100 * time.Millisecond
	maxFor    = 10 * time.Minute
	maxEvents = 1_000_000
	MaxRoutes = 10_000
	// MaxConcurrency is what the daemon takes in at one time; more are told
	// "not now", which is another journey.
	MaxConcurrency = router.DefaultMaxInFlight
	// A warm-up opens the connections and fills the caches; it takes a fifth of
	// the time of what follows, but no longer than this.
	maxWarmUp = time.Second
)

// Options say what to measure.
type Options struct {
	// For is how long each of the five measurements of a level takes.
	For time.Duration
	// Concurrency has the levels: how many events are on their way at one time.
	Concurrency []int
	// Routes is how many routes the configuration has, spread over the event
	// types. One of them takes the events.
	Routes int
	// Dir is where the temporary directory is made, on the disk to be measured;
	// "" is the system's place for temporary files.
	Dir string
	// Profiles, if not "", is a directory that gets a CPU profile of the daemon
	// for each level.
	Profiles string
	// Progress is told what is measured next.
	Progress func(what string)
}

// Check says what is wrong with the options.
func (o *Options) Check() error {
	switch {
	case o.For < minFor || o.For > maxFor:
		return fmt.Errorf("a measurement takes between %s and %s, not %s", minFor, maxFor, o.For)
	case len(o.Concurrency) == 0:
		return errors.New("there is no concurrency to measure at")
	case o.Routes < 1 || o.Routes > MaxRoutes:
		return fmt.Errorf("the number of routes is between 1 and %d, not %d", MaxRoutes, o.Routes)
	}
	for _, n := range o.Concurrency {
		if n < 1 || n > MaxConcurrency {
			return fmt.Errorf("the concurrency is between 1 and %d, not %d", MaxConcurrency, n)
		}
	}
	return nil
}

// Report is what was measured.
type Report struct {
	CPUs   int `json:"cpus"`
	Routes int `json:"routes"`
	// Flush is what it takes to append a page to a file in Dir and flush it.
	Flush  Micros  `json:"flush_us"`
	Levels []Level `json:"levels"`
}

// Level is what was measured with so many events on their way at one time.
type Level struct {
	Concurrency int     `json:"concurrency"`
	Journey     Journey `json:"journey"`
	// Handler answers over HTTP once it has verified the signature. Journal
	// accepts an event and settles it. Stream calls the plugin's action. Fetch
	// is the handler that fetches the event too.
	Handler Figures `json:"handler"`
	Fetch   Figures `json:"fetch"`
	Journal Figures `json:"journal"`
	Stream  Figures `json:"stream"`
	// Efficiency is the CPU time of handler, journal and stream by that of the
	// journey; WithFetch has the fetch in place of the handler.
	Efficiency float64 `json:"efficiency"`
	WithFetch  float64 `json:"efficiency_with_fetch"`
}

// Journey is an event's whole way: notified, verified, fetched, accepted,
// routed, delivered, settled, answered.
type Journey struct {
	Figures       // its CPU time is the daemon's and the plugin's
	Daemon  Share `json:"daemon"`
	Plugin  Share `json:"plugin"`
	// Load is the CPU time of the load and the marketplace, which share the
	// machine with the daemon.
	Load Micros `json:"load_cpu_us"`
	// Late events were told to wait, since their answer took too long.
	Late int `json:"late"`
}

// Figures are what every measurement comes to.
type Figures struct {
	Events    int     `json:"events"`
	PerSecond float64 `json:"events_per_s"`
	P50       Micros  `json:"p50_us"`
	P99       Micros  `json:"p99_us"`
	CPU       Micros  `json:"cpu_us"` // for one event
}

// Share is what one process takes.
type Share struct {
	CPU  Micros `json:"cpu_us"`     // for one event
	Peak int64  `json:"peak_bytes"` // the most memory that was ever resident
}

// Micros is a time span in microseconds.
type Micros float64

// Duration is the time span as Go has it.
func (m Micros) Duration() time.Duration {
	return time.Duration(float64(m) * float64(time.Microsecond))
}

func micros(d time.Duration) Micros { return Micros(float64(d) / float64(time.Microsecond)) }

// bench is one run.
type bench struct {
	opt    Options
	self   string // this binary
	dir    string
	market *marketplace
	last   atomic.Int64 // the number of the latest event
}

// Run measures. The options must be checked.
func Run(ctx context.Context, opt Options) (_ *Report, err error) {
	b := &bench{opt: opt}
	if b.self, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("finding this binary: %w", err)
	}
	if b.dir, err = os.MkdirTemp(opt.Dir, "signalbox-bench-"); err != nil {
		return nil, fmt.Errorf("making a directory for the measurements: %w", err)
	}
	defer os.RemoveAll(b.dir)
	if b.market, err = openMarketplace(); err != nil {
		return nil, err
	}
	defer b.market.close()

	report := &Report{CPUs: runtime.NumCPU(), Routes: opt.Routes}
	if report.Flush, err = bareFlush(b.dir); err != nil {
		return nil, err
	}
	for _, concurrency := range opt.Concurrency {
		level, err := b.level(ctx, concurrency)
		if err != nil {
			return nil, fmt.Errorf("measuring with %d at once: %w", concurrency, err)
		}
		report.Levels = append(report.Levels, level)
	}
	return report, nil
}

func (b *bench) level(ctx context.Context, concurrency int) (l Level, err error) {
	l.Concurrency = concurrency
	for _, part := range []struct {
		name    string
		measure func() error
	}{
		{"the handler alone", func() (err error) { l.Handler, err = b.handler(ctx, concurrency); return err }},
		{"the handler and the fetch", func() (err error) { l.Fetch, err = b.handler(ctx, concurrency, b.market.url); return err }},
		{"the journal alone", func() (err error) { l.Journal, err = b.journal(ctx, concurrency); return err }},
		{"the plugin's stream alone", func() (err error) { l.Stream, err = b.stream(ctx, concurrency); return err }},
		{"the journey", func() (err error) { l.Journey, err = b.journey(ctx, concurrency); return err }},
	} {
		b.opt.Progress(fmt.Sprintf("%d at once: %s", concurrency, part.name))
		if err := part.measure(); err != nil {
			return l, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if l.Journey.CPU > 0 {
		l.Efficiency = float64((l.Handler.CPU + l.Journal.CPU + l.Stream.CPU) / l.Journey.CPU)
		l.WithFetch = float64((l.Fetch.CPU + l.Journal.CPU + l.Stream.CPU) / l.Journey.CPU)
	}
	return l, nil
}

// flushRounds is enough for a mean, and takes a disk that spins two seconds.
const flushRounds = 200

// bareFlush measures what no commit can do without.
func bareFlush(dir string) (Micros, error) {
	f, err := os.CreateTemp(dir, "flush-")
	if err != nil {
		return 0, fmt.Errorf("measuring the disk: %w", err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	began := time.Now()
	for range flushRounds {
		if _, err := f.Write(page); err != nil {
			return 0, fmt.Errorf("measuring the disk: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("measuring the disk: %w", err)
		}
	}
	return micros(time.Since(began)) / flushRounds, nil
}
