package router

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// run is one event on its way, in memory: a mailbox of facts, and the one
// goroutine that applies them and carries out their effects.
type run struct {
	r   *Router
	key string // of flights, or ""
	log zerolog.Logger
	// table was in force when the event came in, when its fetch was tried last, or
	// when it was taken up: what is fetched by one source's settings is routed by
	// the plan that goes with them. endpoint is of it, nil if the source is gone.
	table    *Table
	endpoint *Endpoint
	event    Event
	state    State

	// Of the goroutine alone.
	plan     *Plan
	routes   []*Route // that matched
	scope    Scope
	inputs   map[string]json.RawMessage // evaluated, not yet sent
	version  int64
	written  []int // the revision of each delivery that the journal has
	attempts []AttemptRow
	caused   []Record
	fetched  bool     // the journal has only the notice yet
	emptied  bool     // Record.Emptied
	moved    bool     // the journal has another place in the lane
	busy     int      // attempts, fetches and callbacks under way
	observed bool     // the observer knows that it is finished
	dead     bool     // the journal has gone on without this run, or ends
	unsaved  bool     // something is known that no flush has made durable
	rests    *resting // the event leaves memory, until then

	deadline  time.Time    // of the caller that brought the event
	idleUntil atomic.Int64 // when a parked run's clock goes on, or 0
	again     bool         // of the router: to be taken up as soon as it has left memory

	mail  mailbox
	ended chan struct{}

	// The answer: told once, whoever decides it first.
	once     sync.Mutex
	answer   *Verdict
	known    *Event // once it is accepted; never changed
	answered chan struct{}
	settled  chan struct{} // closed once the verdict is durable
	verdict  *Verdict      // then
}

func (r *Router) newRun(t *Table, e Event) *run {
	x := &run{
		r: r, table: t, endpoint: t.Sources[e.Source], event: e, log: r.log,
		mail: mailbox{wake: make(chan struct{}, 1)}, ended: make(chan struct{}), answered: make(chan struct{}), settled: make(chan struct{}),
	}
	if k := e.Key(); k != "" {
		x.key = flightKey(e.Source, k)
	}
	return x
}

// flightKey names a run for callers that bring the same notice.
func flightKey(source, key string) string { return source + "\x00" + key }

// live applies facts until the event has nothing left to do, or the router
// stops. Parked work of a stopping router stays in the journal.
func (x *run) live() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	drain := x.r.drain
	for {
		facts := x.mail.take(x.atEnd(drain == nil))
		for _, f := range facts {
			if !x.dead {
				x.handle(f)
			}
		}
		switch {
		case x.dead:
			x.mail.take(true)
			return
		case len(facts) > 0:
			continue
		case x.mail.closed:
			return
		}
		if drain != nil && x.mayRest() {
			if x.unsaved {
				x.dead = x.flush() != nil
				x.rests = nil
				continue
			}
			if x.mail.close() {
				return
			}
			x.rests = nil
		}
		idle := int64(0)
		if due := x.state.Due(); !due.IsZero() && drain != nil {
			timer.Reset(time.Until(due))
			if x.busy == 0 {
				idle = due.UnixNano()
			}
		} else {
			timer.Stop()
		}
		if was := x.idleUntil.Swap(idle); was != idle && idle != 0 {
			x.r.lanes.idle(x, time.Unix(0, idle))
			if x.state.Live && x.state.parkedPast(x.deadline) {
				x.tellCallers(nil)
			}
		}
		select {
		case <-x.mail.wake:
		case <-timer.C:
			x.apply(Woke{At: time.Now()})
		case <-drain:
			drain = nil
		case <-x.r.ctx.Done():
			x.mail.take(true)
			return
		}
	}
}

// atEnd reports whether the run may leave memory.
func (x *run) atEnd(draining bool) bool {
	if x.busy > 0 || x.state.Live {
		return false
	}
	return draining || x.state.Finished()
}

// handle applies one fact from the mailbox, or answers an operator.
func (x *run) handle(f Fact) {
	switch f := f.(type) {
	case operator:
		x.obey(f)
	case laneIdle:
		x.headIdle(f.until)
	case Attempted, CalledBack, FetchFailed, fetchedEvent:
		x.busy--
		x.apply(f)
	case Turned:
		if x.r.lanes.first(x) { // else it has joined the tail since then
			x.apply(f)
		}
	case Overdue, Replied, Unheard:
		x.apply(f)
		x.letGo()
	default:
		x.apply(f)
	}
}

// obey does what an operator asks, if the event's state allows it.
func (x *run) obey(order operator) {
	if x.event.Notice.Unkept {
		order.done <- ErrNotFound // it is in no journal
		return
	}
	fact, err := order.ask(&Record{Event: x.event, State: x.state, Emptied: x.emptied})
	if err == nil {
		if again, ok := fact.(Replayed); ok && x.event.Plan == "" {
			again.Unfetched = true
			fact = again
		} else if ok {
			if err := x.reopen(); err != nil {
				order.done <- err // it stays as it is: nothing of it can run
				return
			}
			if x.state.HoldsLane() { // something of it is under way: it keeps its place
				x.r.lanes.attach(x)
			} else {
				x.r.lanes.leave(x)
				x.r.lanes.enter(x)
				x.moved = true
			}
		}
		err = x.apply(fact)
		if err == nil && x.state.Phase == Open && len(x.state.Routes) == 0 {
			err = x.route() // it was held before it was routed
		}
	}
	order.done <- err
}

// apply steps the machine and carries out the effects, in their order. An
// error means that the run can't go on in this life.
func (x *run) apply(f Fact) error {
	if fe, ok := f.(fetchedEvent); ok {
		return x.takeFetched(fe)
	}
	generation := 0
	if a, ok := f.(Attempted); ok {
		if d := x.state.delivery(a.Name); d != nil {
			generation = d.Generation
		}
	}
	if x.r.watch != nil {
		x.r.watch(x, f)
	}
	effects := x.state.step(f)
	x.unsaved = true
	if x.state.HoldsLane() && !x.r.lanes.placed(x) { // it had passed the lane on, and needs it again
		x.r.lanes.enter(x)
		x.moved = true
	}
	switch a := f.(type) {
	case FetchFailed:
		x.recordFetch(a)
	case CalledBack:
		x.recordCallback(a)
	case Attempted:
		x.recordAttempt(a, generation)
		if d := x.state.delivery(a.Name); d != nil && d.Status == DoneSucceeded && x.scope != nil {
			if err := x.output(d); err != nil {
				x.log.Error().Err(err).Str("delivery", d.Name).Msg("the output can't be read by expressions")
			}
		}
	}
	for _, e := range effects {
		if err := x.carryOut(e); err != nil {
			x.log.Error().Err(err).Msg("the event rests until the next start")
			x.dead = true
			return err
		}
	}
	if !x.state.HoldsLane() {
		x.r.lanes.leave(x)
	}
	if finished := x.state.Finished(); finished != x.observed {
		if x.observed = finished; finished {
			x.r.opt.Observer.Finished(&x.event, &x.state)
		}
	}
	return nil
}

// mayRest reports whether the event has nothing to do for so long that it had
// better leave memory, and says until when.
func (x *run) mayRest() bool {
	until, ok := x.state.Rests()
	linger := lingerFor
	if x.state.Phase == Noticed {
		linger = 0 // a fetch may hang for long: only so many of a source are made at one time
	}
	if !ok || x.busy > 0 || time.Until(until) < linger {
		return false
	}
	x.rests = &resting{id: x.event.ID, due: until, line: lineOf(&x.event, &x.state)}
	for i := range x.state.Deliveries {
		if d := &x.state.Deliveries[i]; d.Status == Parked && !d.PausedAt.IsZero() {
			x.rests.plugins = append(x.rests.plugins, d.To.Plugin)
		}
	}
	return true
}
