package router

import (
	"context"
	"errors"
	"time"
)

// acceptReserve is kept of the caller's limit for writing the event down and
// answering, when the fetch is slow; at most half of the limit.
const acceptReserve = 1500 * time.Millisecond

// fetch gets the event until the deadline.
func (x *run) fetch(ctx context.Context, deadline time.Time) (Event, *FetchError) {
	if x.event.Notice.Address != "" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	began := time.Now()
	e, err := x.endpoint.Source.Fetch(ctx, x.event.Notice)
	var failure *FetchError
	if err != nil {
		failure = fetchErrorOf(err)
	}
	if x.event.Notice.Address != "" {
		x.r.opt.Observer.Fetched(x.event.Source, failure, time.Since(began))
	}
	return e, failure
}

// startFetch tries again to get the event of a blind notice.
func (x *run) startFetch() {
	x.table = x.r.Table()
	if x.endpoint = x.table.Sources[x.event.Source]; x.endpoint == nil {
		x.post(Stuck{At: time.Now(), Why: "source " + x.event.Source + " is not configured any more"})
		return
	}
	x.busy++
	x.r.work(func() {
		began := time.Now()
		e, failure := x.fetch(x.r.ctx, began.Add(fetchTimeout))
		if failure != nil {
			x.post(FetchFailed{Began: began, At: time.Now(), Err: failure, Roll: roll()})
			return
		}
		x.post(fetchedEvent{began: began, at: time.Now(), event: e})
	})
}

// fetchTimeout bounds a fetch that nobody waits for.
const fetchTimeout = 30 * time.Second

// fetchedEvent brings the event of a blind notice to its run.
type fetchedEvent struct {
	began, at time.Time
	event     Event
}

func (fetchedEvent) apply(*machine) {}

// takeFetched turns a blind notice into its event.
func (x *run) takeFetched(f fetchedEvent) error {
	if x.state.Phase != Noticed {
		return nil
	}
	if err := x.identify(f.event); err != nil {
		return err
	}
	x.fetched = true
	x.attempts = append(x.attempts, attemptRow(FetchAttempt, x.state.Fetch.Attempts+1, 0, f.began, f.at, Outcome{Kind: Succeeded}))
	if x.event.Flag == FlagStateless {
		x.state.Told = ToldReplied
		return errors.Join(x.apply(Fetched{}), x.apply(Decided{At: time.Now(), Verdict: Verdict{Kind: Success}, Why: "a ping: it runs nothing"}))
	}
	x.r.lanes.enter(x)
	if err := x.apply(Fetched{Late: x.endpoint.Source.Limits(x.event.Type).Late}); err != nil {
		return err
	}
	return x.route()
}
