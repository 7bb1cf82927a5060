package router

import (
	"errors"
	"slices"
	"time"
)

// A store that fails is asked again after these waits; it heals itself.
const (
	flushRetryInitial = 50 * time.Millisecond
	flushRetryMax     = 5 * time.Second
)

// flush makes all that is known durable, and so final. An error means that the
// event can't go on in this life.
func (x *run) flush() error {
	c := x.change()
	if !x.event.Notice.Unkept {
		if err := x.save(c); err != nil {
			return err
		}
	}
	x.version++
	x.unsaved = false
	caused := x.caused
	x.wrote()
	x.settle()
	for i := range caused {
		x.r.beginCaused(&caused[i])
	}
	return nil
}

// save writes to the journal. While that fails it waits: the event goes on when
// space returns. An error means that it never will, here.
func (x *run) save(c Change) error {
	for n := 1; ; n++ {
		err := x.r.wrote(x.r.opt.Journal.Apply(x.r.ctx, c))
		if err == nil || n > 1 && errors.Is(err, ErrConflict) && x.landed() {
			return nil
		}
		if errors.Is(err, ErrConflict) || x.r.ctx.Err() != nil {
			return err
		}
		x.log.Error().Err(err).Msg("the journal fails; the event waits")
		if err := x.r.pause(n); err != nil {
			return err
		}
	}
}

// landed reports whether a write that was told to have failed is in the journal
// all the same: nobody else writes this event.
func (x *run) landed() bool {
	found, err := x.r.opt.Journal.Find(x.r.ctx, Query{ID: x.event.ID, Limit: 1})
	return err == nil && len(found) == 1 && found[0].Version == x.version+1
}

// note writes down what is known with somebody else's flush. Failure events are
// worth a flush of their own, and so are the last outcomes: once the event has
// left memory nobody else knows that there is nothing left to call.
func (x *run) note() {
	if x.event.Notice.Unkept {
		return
	}
	if len(x.caused) > 0 || x.state.Finished() && !slices.Equal(x.written, revisions(x.state.Deliveries)) {
		if err := x.flush(); err != nil {
			x.dead = true
		}
		return
	}
	c := x.change()
	c.Lazy = true
	if err := x.r.opt.Journal.Apply(x.r.ctx, c); err != nil {
		x.log.Warn().Err(err).Msg("a note could not be written")
	}
	// It may be dropped: deliveries count as written only with a flush. The rows
	// of attempts are for the log alone, and must not be there twice.
	x.attempts = nil
}

// change gathers what the journal does not have yet.
func (x *run) change() Change {
	if x.state.Finished() && x.state.Ended.IsZero() {
		x.state.Ended = time.Now()
	}
	state := x.state
	c := Change{
		Event: x.event.ID, Version: x.version, State: &state, Attempts: x.attempts, Caused: x.caused,
		ReleaseKey: state.Phase == Abandoned || x.event.Flag == FlagStateless,
	}
	for i := range state.Deliveries {
		if i >= len(x.written) || x.written[i] != state.Deliveries[i].Rev {
			c.Deliveries = append(c.Deliveries, i)
		}
	}
	if x.fetched {
		event := x.event
		c.Fetched = &event
	}
	if x.moved {
		c.Seq = x.event.Seq
	}
	return c
}

func (x *run) wrote() {
	x.written = revisions(x.state.Deliveries)
	x.attempts, x.caused, x.fetched, x.moved = nil, nil, false, false
}
