package router

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrStopping: the router takes nothing in any more.
var ErrStopping = errors.New("the daemon is stopping")

// ErrNotHeld: only held events can be resolved.
var ErrNotHeld = errors.New("the event is not held")

// ErrNotReplayable: the event still runs, or never will.
var ErrNotReplayable = errors.New("only held and settled events can be replayed; what waits for its next try is done now by: signalbox events retry ID")

// ErrNothingToReplay: none of its deliveries would run again.
var ErrNothingToReplay = errors.New("nothing of the event would run again: no delivery has failed, or what you name is still under way")

// ErrNeverRan: it failed before anything ran, and its caller was told so.
var ErrNeverRan = errors.New("nothing of the event ever ran, so nothing can run again: it failed before its deliveries began, and its caller was told so. Mend the route; the sender must send it anew")

// ErrPayloadGone: what deliveries are made of is not there any more.
var ErrPayloadGone = errors.New("the event's payload is past its retention and was deleted: nothing of it can run again")

// ErrNothingToRetry: nothing waits for its next try.
var ErrNothingToRetry = errors.New("nothing of the event waits for its next try")

// ErrFinished: there is nothing left that could be discarded.
var ErrFinished = errors.New("the event is finished: nothing of it is left to discard")

// Replay runs deliveries of a held or settled event again: those named
// (route/name), or all that did not succeed. FreshKey gives them new
// idempotency keys, which can repeat an effect whose result is unknown.
func (r *Router) Replay(ctx context.Context, id string, names []string, freshKey bool) error {
	return r.tell(ctx, id, func(rec *Record) (Fact, error) {
		if _, err := rec.Replayable(names); err != nil {
			return nil, err
		}
		return Replayed{At: time.Now(), Names: names, FreshKey: freshKey}, nil
	})
}

// Replayable gives the indexes of the deliveries that a replay would run again,
// or says why there can be none; ErrNotReplayable and ErrPayloadGone among
// others. It changes nothing.
func (rec *Record) Replayable(names []string) (again []int, err error) {
	s := &rec.State
	switch {
	case s.Phase != Held && s.Phase != Settled:
		return nil, ErrNotReplayable
	case rec.Emptied:
		return nil, ErrPayloadGone
	}
	if s.Phase == Settled && len(s.Deliveries) == 0 && s.Verdict.Kind == Error {
		return nil, ErrNeverRan
	}
	for _, n := range names {
		if s.delivery(n) == nil {
			return nil, fmt.Errorf("the event has no delivery %s", n)
		}
	}
	for i := range s.Deliveries {
		if s.Deliveries[i].replays(names) {
			again = append(again, i)
		}
	}
	// A held event may lack its answer alone.
	if len(again) == 0 && (s.Phase == Settled || len(names) > 0) {
		return nil, ErrNothingToReplay
	}
	return again, nil
}

// replays reports whether a replay runs d again: one that is named, or, of
// none, one that has ended without success. What waits for a failure is run
// only by one, and what its condition keeps back only where it is named.
func (d *Delivery) replays(names []string) bool {
	if len(names) > 0 {
		return d.Done() && slices.Contains(names, d.Name)
	}
	skipped := d.Status == DoneSkipped && (d.OnFailure || d.Code == codePassedOver)
	return d.Done() && d.Status != DoneSucceeded && !skipped
}

// Retry does now what an event has waiting for its next try: the fetch,
// deliveries, the callback. A callback that was refused, or given up, is sent
// again. What waits for its turn in the lane is tried as soon as that comes; what
// waits for a plugin that is down still waits.
func (r *Router) Retry(ctx context.Context, id string) error {
	return r.tell(ctx, id, func(rec *Record) (Fact, error) {
		if todo := rec.State.Retryable(); !todo.Fetch && !todo.Callback && len(todo.Deliveries) == 0 {
			return nil, ErrNothingToRetry
		}
		return Hastened{At: time.Now()}, nil
	})
}

// Retryable is what a retry does now.
type Retryable struct {
	Fetch      bool
	Deliveries []int // indexes
	Callback   bool
}

// Retryable says what a retry would do now. A callback whose answer the caller
// took from somebody else, or of what was discarded, is not sent again.
func (s *State) Retryable() (todo Retryable) {
	todo.Fetch = s.Phase == Noticed && !s.Fetch.Due.IsZero()
	if s.Phase == Settled && !s.Discarded {
		switch s.Callback.Status {
		case CallbackParked, CallbackRefused, CallbackExhausted:
			todo.Callback = true
		}
	}
	for i := range s.Deliveries {
		if s.Deliveries[i].Status == Parked {
			todo.Deliveries = append(todo.Deliveries, i)
		}
	}
	return todo
}

// Discard ends what is left of an event, for good: nothing of it starts any
// more, and its caller is told nothing more. What is under way ends as it may.
func (r *Router) Discard(ctx context.Context, id, why string) error {
	return r.tell(ctx, id, func(rec *Record) (Fact, error) {
		if rec.State.Finished() {
			return nil, ErrFinished
		}
		return DiscardedByOperator{At: time.Now(), Why: why}, nil
	})
}

// Resolve gives a held event its verdict.
func (r *Router) Resolve(ctx context.Context, id string, v Verdict) error {
	return r.tell(ctx, id, func(rec *Record) (Fact, error) {
		if rec.State.Phase != Held {
			return nil, ErrNotHeld
		}
		v.Reply = r.sealReply(rec.Event.Source, v.Reply)
		return Resolved{At: time.Now(), Verdict: v}, nil
	})
}

// tell brings an operator's fact to an event, in memory or not, and returns
// when it has been applied and is durable.
func (r *Router) tell(ctx context.Context, id string, ask func(*Record) (Fact, error)) error {
	done := make(chan error, 1)
	x, err := r.reach(ctx, id, operator{ask: ask, done: done})
	if err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-x.ended:
		select {
		case err := <-done:
			return err
		default:
			return ErrStopping
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reach posts a fact to the run of an event, which it takes up if need be.
func (r *Router) reach(ctx context.Context, id string, f Fact) (*run, error) {
	for {
		x, err := r.claim(ctx, id)
		switch {
		case err != nil:
			return nil, err
		case x == nil:
			return r.readFor(ctx, id, f)
		case x.post(f):
			return x, nil
		}
		<-x.ended // it is leaving memory: read it back
	}
}

// readFor reads back an event that was claimed, for a fact.
func (r *Router) readFor(ctx context.Context, id string, f Fact) (*run, error) {
	records, err := r.opt.Journal.Find(ctx, Query{ID: id})
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.unclaimLocked(id)
	switch {
	case err != nil:
		return nil, err
	case len(records) == 0:
		return nil, ErrNotFound
	case r.stopping:
		return nil, ErrStopping
	}
	x, e := r.revive(&records[0]), r.unrestLocked(id)
	x.post(f)
	r.spawn(x, func() {
		r.lanes.attach(x)
		x.resume(e)
	})
	return x, nil
}

// operator is a fact that must be checked against the state before it is one.
type operator struct {
	ask  func(*Record) (Fact, error)
	done chan<- error
}
