package router

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// identify fills in what the router knows of an event.
func (x *run) identify(e Event) error {
	id := x.event.ID
	if id == "" {
		var err error
		if id, err = newID(); err != nil {
			return err
		}
	}
	e.ID, e.Source, e.Notice, e.Received, e.Seq = id, x.event.Source, x.event.Notice, x.event.Received, x.event.Seq
	if e.Lane == "" {
		e.Lane = id
	}
	x.plan = x.table.Plan
	e.Plan = x.plan.Digest
	x.event = e
	x.log = eventLog(x.r.log, &x.event)
	return nil
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("making an event id: %w", err)
	}
	return id.String(), nil
}

// accept writes the event down, before anything runs and before anybody is
// told. What it returns is what comes next, or nil.
func (x *run) accept(e Event, deadline time.Time) (next func()) {
	if err := x.identify(e); err != nil {
		x.log.Error().Err(err).Msg("not now")
		x.answerOnce(Verdict{Kind: NotNow})
		return nil
	}
	limits := x.endpoint.Source.Limits(x.event.Type)
	x.state = State{Phase: Open, Late: limits.Late, Quiet: limits.Synchronous, Live: true, Rules: x.table.Rules}
	if x.event.Flag == FlagStateless {
		x.state = pinged(x.state)
		x.event.Seq = x.r.lanes.next()
	}
	var headDue time.Time
	if x.state.Phase == Open {
		headDue = x.r.lanes.enter(x)
	}
	if !x.write() {
		return nil
	}
	if x.state.Phase == Settled {
		x.settle()
		x.answerOnce(*x.state.Verdict)
		return nil
	}
	x.deadline = deadline
	if limits.Synchronous {
		x.deadline = patience(deadline)
	}
	return func() {
		if x.r.crowded() {
			x.tellCallers(nil)
			if limits.Synchronous { // nobody is left who wants to know
				x.apply(Unwanted{At: time.Now()})
				return
			}
		}
		x.route()
		x.headIdle(headDue)
	}
}

// headIdle: the head of the lane can go on at that time at the earliest. A
// caller whose limit comes sooner is told to wait at once.
func (x *run) headIdle(due time.Time) {
	if x.state.Live && x.state.lateByTurn() && due.After(x.deadline) {
		x.tellCallers(nil)
	}
}

// pinged is the state of a ping: answered well-formed, it runs nothing and
// owes nothing.
func pinged(s State) State {
	s.Phase, s.Told, s.Live = Settled, ToldReplied, false
	s.Verdict, s.Ended = &Verdict{Kind: Success}, time.Now()
	s.Why = "a ping: it runs nothing"
	return s
}

// acceptBlind writes the notice down, so that the caller can be told 202
// although nothing is known yet; the fetch is tried again behind it.
func (x *run) acceptBlind(failure *FetchError) (next func()) {
	var err error
	if x.event.ID, err = newID(); err != nil {
		x.log.Error().Err(err).Msg("not now")
		x.answerOnce(Verdict{Kind: NotNow})
		return nil
	}
	x.log = eventLog(x.r.log, &x.event)
	x.event.Seq = x.r.lanes.next()
	now := time.Now()
	x.state = State{Phase: Noticed, Told: ToldLater, Later: now, Blind: true, Since: now, Rules: x.table.Rules}
	if !x.write() {
		return nil
	}
	x.answerOnce(Verdict{Kind: Accepted})
	return func() { x.apply(FetchFailed{Began: x.event.Received, At: now, Err: failure, Roll: roll()}) }
}

// write puts the run's event into the journal. It waits for the journal even
// past the caller's limit, to know what became of it: an accept that lands
// after its caller was refused is abandoned right behind it. It reports
// whether the run goes on.
func (x *run) write() bool {
	x.r.mu.Lock()
	x.r.registerLocked(x) // before anybody can find it in the journal
	x.r.mu.Unlock()
	var existing *Record
	var err error
	if !x.event.Notice.Unkept {
		existing, err = x.r.opt.Journal.Accept(x.r.ctx, &x.event, &x.state)
		x.r.wrote(err)
	}
	switch {
	case err != nil:
		x.log.Error().Err(err).Msg("not now: the journal can't be written")
		x.answerOnce(Verdict{Kind: NotNow})
		x.r.lanes.leave(x)
		x.disown()
	case existing != nil:
		x.adopt(existing)
		x.r.lanes.leave(x)
	case !x.accepted():
		x.version = 1
		x.apply(Refused{At: time.Now()})
	default:
		x.version = 1
		x.r.opt.Observer.Accepted(x.event.Source, x.event.Type)
		x.log.Info().Str("lane", x.event.Lane).Str("flag", string(x.event.Flag)).Str("phase", string(x.state.Phase)).Msg("accepted")
		return true
	}
	return false
}

// disown makes sure that an accept which was told to have failed is not in the
// journal, or is abandoned there: its caller was refused.
func (x *run) disown() {
	for n := 1; x.r.ctx.Err() == nil; n++ {
		found, err := x.r.opt.Journal.Find(x.r.ctx, Query{ID: x.event.ID, Limit: 1})
		if err == nil {
			if len(found) == 1 {
				x.version = found[0].Version
				x.apply(Refused{At: time.Now()})
			}
			return
		}
		if x.r.pause(n) != nil {
			return
		}
	}
}
