package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// MaxBody bounds a request's body: the largest known notice is a few kB.
const MaxBody = 1 << 20

// acceptReserve is kept of the caller's limit for writing the event down and
// answering, when the fetch is slow; at most half of the limit.
const acceptReserve = 1500 * time.Millisecond

// Handle answers one request to a source: receive → look up → fetch → accept →
// wait for the verdict, or for the limit.
func (r *Router) Handle(w http.ResponseWriter, req *http.Request, ep *Endpoint) {
	received := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxBody))
	if err != nil {
		r.refuse(w, ep, &Response{Status: http.StatusRequestEntityTooLarge}, fmt.Errorf("reading the request: %w", err))
		return
	}
	notice, resp, err := ep.Source.Receive(req, body)
	if err != nil {
		r.refuse(w, ep, resp, err)
		return
	}
	if resp != nil {
		resp.write(w)
		return
	}
	notice.Source, notice.Received = ep.Name, received

	deadline := received.Add(ep.Source.Limits("").ReplyWithin)
	x, first := r.join(ep, notice, deadline)
	if x == nil {
		r.log.Warn().Str("source", ep.Name).Msg("not now: too many requests are not accepted yet, or the daemon stops")
		reply := ep.Source.Reply(&Event{Source: ep.Name, Received: received, Notice: notice}, Verdict{Kind: NotNow})
		reply.write(w)
		return
	}
	told := func(at time.Time) Fact { return Unheard{At: at} }
	if first {
		defer func() { x.post(told(time.Now())) }()
	} else {
		r.log.Info().Str("source", ep.Name).Str("key", notice.Key).Msg("a repeat: told what the first is told")
	}
	verdict, known, ok := x.wait(req.Context(), deadline, first)
	if !ok {
		return // the connection is gone; the run goes on
	}
	event := Event{Source: ep.Name, Received: received, Notice: notice}
	if known != nil {
		event = *known
	}
	event.Notice.Format = notice.Format
	reply := ep.Source.Reply(&event, verdict)
	told = func(at time.Time) Fact { return Unheard{At: at, Written: true} }
	err = reply.write(w)
	switch {
	case verdict.Kind == Accepted || verdict.Kind == NotNow:
		told = func(at time.Time) Fact { return Overdue{At: at} }
	case err == nil && time.Now().Before(deadline) && req.Context().Err() == nil:
		told = func(at time.Time) Fact { return Replied{At: at} }
	}
}

// refuse writes a source's refusal.
func (r *Router) refuse(w http.ResponseWriter, ep *Endpoint, resp *Response, err error) {
	r.log.Warn().Str("source", ep.Name).Err(err).Msg("refused")
	if resp == nil {
		resp = &Response{Status: http.StatusBadRequest}
	}
	resp.write(w)
}

// write sends the response; an error means that it can't have arrived whole.
func (resp *Response) write(w http.ResponseWriter) error {
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	status := resp.Status
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	if _, err := w.Write(resp.Body); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// join gives the run that has this notice in hand, or begins one; first says
// that this caller brought it. nil means that there is no room.
func (r *Router) join(ep *Endpoint, n Notice, deadline time.Time) (x *run, first bool) {
	x = r.newRun(ep, Event{Source: n.Source, Received: n.Received, Notice: n})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		return nil, false
	}
	if other := r.flights[x.key]; x.key != "" && other != nil {
		return other, false
	}
	select {
	case r.slots <- struct{}{}:
	default:
		return nil, false
	}
	r.spawn(x, func() { x.receive(deadline) })
	return x, true
}

// receive brings a notice to its event, in the journal, and the event to its
// end. The connection that brought it may go; the run stays.
func (x *run) receive(deadline time.Time) {
	inFlight := true
	release := func() {
		if inFlight {
			inFlight = false
			<-x.r.slots
		}
	}
	defer release()
	ctx, cancel := context.WithDeadline(x.r.ctx, deadline)
	defer cancel()

	known, err := x.lookUp(ctx)
	if err != nil {
		x.log.Error().Err(err).Msg("not now: the journal can't be read")
		x.answerOnce(Verdict{Kind: NotNow})
		return
	}
	if known != nil {
		x.adopt(known)
		return
	}
	event, failure := x.fetch(ctx, deadline.Add(-min(acceptReserve, time.Until(deadline)/2)))
	var next func()
	switch {
	case failure == nil:
		next = x.accept(event, deadline)
	case failure.Kind == FetchPassing:
		next = x.acceptBlind(failure)
	default:
		x.log.Warn().Err(failure).Str("address", x.event.Notice.Address).Msg("the event can't be had")
		x.answerOnce(Verdict{Kind: Error, Code: failure.Code, Message: failure.Message})
	}
	release()
	if next != nil {
		next()
		x.live()
	}
}

// lookUp asks the journal for an event of this key. A key whose dedupe window
// has passed is let go.
func (x *run) lookUp(ctx context.Context) (*Record, error) {
	if x.key == "" {
		return nil, nil
	}
	records, err := x.r.opt.Journal.Find(ctx, Query{Source: x.event.Source, Key: x.event.Notice.Key, Limit: 1})
	if err != nil || len(records) == 0 {
		return nil, err
	}
	rec := &records[0]
	window := x.endpoint.Source.Limits(rec.Event.Type).DedupeWindow
	if window == 0 || !rec.State.Finished() || time.Since(rec.State.Ended) < window {
		return rec, nil
	}
	return nil, x.r.opt.Journal.Apply(ctx, Change{Event: rec.Event.ID, Version: rec.Version, State: &rec.State, ReleaseKey: true})
}

// adopt answers a repeat from the record of the first. It changes nothing.
func (x *run) adopt(rec *Record) {
	x.log.Info().Str("event", rec.Event.ID).Msg("a repeat: answered from the journal")
	v := Verdict{Kind: Accepted}
	if rec.State.Phase == Settled {
		v = *rec.State.Verdict
	}
	x.once.Lock()
	x.known = &rec.Event
	x.once.Unlock()
	x.answerOnce(v)
}

// fetch gets the event until the deadline.
func (x *run) fetch(ctx context.Context, deadline time.Time) (Event, *FetchError) {
	if x.event.Notice.Address != "" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	e, err := x.endpoint.Source.Fetch(ctx, x.event.Notice)
	if err != nil {
		return Event{}, fetchErrorOf(err)
	}
	return e, nil
}

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
	x.plan = x.r.Table().Plan
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
	t := x.r.Table()
	x.state = State{Phase: Open, Late: x.endpoint.Source.Limits(x.event.Type).Late, Live: true, Rules: t.Rules}
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
		x.settled.Store(x.state.Verdict)
		x.answerOnce(*x.state.Verdict)
		return nil
	}
	return func() {
		if headDue.After(deadline) || x.r.crowded() {
			x.tellCallers(nil)
		}
		x.route()
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
	x.state = State{Phase: Noticed, Told: ToldLater, Blind: true, Since: now, Rules: x.r.Table().Rules}
	if !x.write() {
		return nil
	}
	x.answerOnce(Verdict{Kind: Accepted})
	return func() { x.apply(FetchFailed{At: now, Err: failure, Roll: roll()}) }
}

// write puts the run's event into the journal. It waits for the journal even
// past the caller's limit, to know what became of it: an accept that lands
// after its caller was refused is abandoned right behind it. It reports
// whether the run goes on.
func (x *run) write() bool {
	existing, err := x.r.opt.Journal.Accept(x.r.ctx, &x.event, &x.state)
	x.r.wrote(err)
	switch {
	case err != nil:
		x.log.Error().Err(err).Msg("not now: the journal can't be written")
		x.answerOnce(Verdict{Kind: NotNow})
		x.r.lanes.leave(x)
	case existing != nil:
		x.adopt(existing)
		x.r.lanes.leave(x)
	case !x.accepted():
		x.version = 1
		x.apply(Refused{At: time.Now()})
	default:
		x.version = 1
		x.r.mu.Lock()
		x.r.runs[x.event.ID] = x
		x.r.mu.Unlock()
		x.log.Info().Str("lane", x.event.Lane).Str("flag", string(x.event.Flag)).Str("phase", string(x.state.Phase)).Msg("accepted")
		return true
	}
	return false
}

// startFetch tries again to get the event of a blind notice.
func (x *run) startFetch() {
	if x.endpoint == nil {
		x.post(Stuck{At: time.Now(), Why: "source " + x.event.Source + " is not configured any more"})
		return
	}
	x.busy++
	x.r.work(func() {
		e, failure := x.fetch(x.r.ctx, time.Now().Add(fetchTimeout))
		if failure != nil {
			x.post(FetchFailed{At: time.Now(), Err: failure, Roll: roll()})
			return
		}
		x.post(fetchedEvent{event: e})
	})
}

// fetchTimeout bounds a fetch that nobody waits for.
const fetchTimeout = 30 * time.Second

// fetchedEvent brings the event of a blind notice to its run.
type fetchedEvent struct{ event Event }

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
