package router

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
)

// Options are what a Router is made of.
type Options struct {
	Journal Journal
	Caller  Caller
	Log     zerolog.Logger
	// PlanOf returns the plan of that digest, compiled from the journal's
	// snapshot, for events that began under it.
	PlanOf func(digest string) (*Plan, error)
	// Observer may be nil.
	Observer Observer
	// Vault covers sensitive values; nil keeps them as they are.
	Vault Vault
}

// DefaultMaxInFlight bounds the memory that unaccepted requests can take: each
// holds at most a body, a fetched document and two goroutines, about 2.5 MiB.
const DefaultMaxInFlight = 256

// Table is all that a reload swaps at once.
type Table struct {
	Plan    *Plan
	Sources map[string]*Endpoint // by the source's name
	Rules   Rules
	Limits  map[string]PluginLimits // by the plugin's name
	// MaxInFlight caps the requests whose events are not accepted yet; 0 is
	// DefaultMaxInFlight. As many again are told to wait before their events
	// are fetched; more are told "not now".
	MaxInFlight int
}

// Endpoint is a source as it is configured.
type Endpoint struct {
	Name   string // "appdirect.acme"
	Source Source
	// Reply is what a reply can carry; what it calls sensitive is shown nowhere.
	Reply Schema
	// AcceptUnrouted: an event that no route takes is a success.
	AcceptUnrouted bool
}

// Router carries events through their life. Make one with New, give it a Table
// with Swap, and Start it.
type Router struct {
	opt   Options
	log   zerolog.Logger
	table atomic.Pointer[Table]

	mu         sync.Mutex
	unaccepted map[string]int           // by source: requests that are not accepted yet
	unkept     int                      // events that are in no journal
	flights    map[string]*run          // by source and key: runs in progress
	runs       map[string]*run          // by event id
	resting    map[string]*resting      // by event id: unfinished, and not in memory
	clock      byDue                    // of those at rest that a clock wakes
	lines      map[string]*line         // by counterpart: what is to be taken up when there is room
	taking     map[*resting]bool        // to be read back next, or being so
	reading    map[string]chan struct{} // by event id: claimed; closed when that ends
	summoned   int                      // being taken up, or in hand again
	stopping   bool
	// recovering: unfinished events are still being found.
	recovering bool
	met        map[string]bool // while recovering: events that this life has met already

	tick  chan struct{} // the clock has something new to look at
	lanes *lanes
	gates *gates

	throttles *throttles
	refusals  *refusals

	watch func(*run, Fact) // of tests: is told each fact before it is applied

	broken     atomic.Pointer[breakage] // how the last write to the journal failed, or nil
	toldBroken atomic.Int64             // when it was last told that the journal fails

	ctx    context.Context // ends when attempts are to be given up
	cancel context.CancelFunc
	drain  chan struct{} // closed when runs are to end as soon as they can
	wg     sync.WaitGroup
}

// New makes a Router that has no Table yet.
func New(opt Options) *Router {
	if opt.Observer == nil {
		opt.Observer = unobserved{}
	}
	if opt.Vault == nil {
		opt.Vault = unsealed{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Router{
		opt: opt, log: opt.Log, unaccepted: map[string]int{},
		flights: map[string]*run{}, runs: map[string]*run{}, resting: map[string]*resting{}, lines: map[string]*line{}, taking: map[*resting]bool{},
		reading: map[string]chan struct{}{},
		tick:    make(chan struct{}, 1), ctx: ctx, cancel: cancel, drain: make(chan struct{}),
	}
	r.lanes, r.gates, r.throttles = newLanes(r.summon), newGates(r.nudge), newThrottles(r.summarise)
	r.refusals = newRefusals(r.tellRefused)
	return r
}

// Swap puts a table in force for events that arrive from now on. The plan's
// snapshot must be in the journal already.
func (r *Router) Swap(t *Table) {
	r.table.Store(t)
	r.gates.limit(t.Limits)
}

// Table returns the table in force.
func (r *Router) Table() *Table { return r.table.Load() }

// Start takes up every unfinished event where its last life left it. It
// returns when all of them have their places in their lanes; Swap comes before
// it. Deliveries go out meanwhile.
func (r *Router) Start(ctx context.Context) error {
	r.work(r.restoreThrottles)
	r.work(r.wakeByClock)
	return r.recover(ctx)
}

// Stop lets what runs end until ctx is done, then gives it up: the journal has
// what is left. New requests are told "not now". It is idempotent.
func (r *Router) Stop(ctx context.Context) {
	r.mu.Lock()
	if !r.stopping {
		r.stopping = true
		close(r.drain)
	}
	r.mu.Unlock()
	ended := make(chan struct{})
	go func() { r.wg.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
		r.cancel()
		<-ended
	}
	r.cancel()
	r.gates.stop()
	r.throttles.stop()
	r.refusals.stop()
}

// PluginBack says that a plugin that was down is there again: what waits for it
// goes on.
func (r *Router) PluginBack(name string) { r.gates.back(name) }

// launch runs a run's life in a goroutine of its own. It reports false, and
// runs nothing, when the router is stopping, or somebody has the event in hand.
func (r *Router) launch(x *run, life func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping || r.runs[x.event.ID] != nil || r.reading[x.event.ID] != nil {
		return false // an operator may have found it in the journal already
	}
	r.spawn(x, life)
	return true
}

// spawn is launch for a caller that holds the lock and knows that the router
// is not stopping.
func (r *Router) spawn(x *run, life func()) {
	r.registerLocked(x)
	r.work(func() {
		defer r.retire(x)
		life()
	})
}

func (r *Router) registerLocked(x *run) {
	if id := x.event.ID; id != "" {
		r.runs[id] = x
		if r.recovering {
			r.met[id] = true
		}
	}
	if x.key != "" && r.flights[x.key] == nil {
		r.flights[x.key] = x
	}
}

// retire forgets a run that has ended, or puts its event to rest.
func (r *Router) retire(x *run) {
	r.mu.Lock()
	lost := x.dead && !r.stopping // it has no next life before a restart
	r.mu.Unlock()
	if x.rests != nil {
		r.lanes.detach(x)
	} else if lost || !x.state.HoldsLane() {
		r.lanes.leave(x)
	} // else its next life goes on where this one ended
	r.mu.Lock()
	if r.runs[x.event.ID] == x {
		delete(r.runs, x.event.ID)
		switch {
		case x.rests == nil || r.stopping:
		case x.again:
			r.awaitLocked(x.rests)
			r.takeUpLocked()
		default:
			r.restLocked(x.rests)
		}
	}
	if r.flights[x.key] == x {
		delete(r.flights, x.key)
	}
	r.mu.Unlock()
	x.overdue()
	close(x.ended)
}

// work runs f on behalf of a run, in a goroutine that Stop waits for.
func (r *Router) work(f func()) {
	r.wg.Add(1)
	go func() {
		defer r.wg.Done()
		f()
	}()
}

func (operator) apply(*machine) {}

func roll() float64 { return rand.Float64() }
