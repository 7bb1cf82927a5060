package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// MaxBody bounds a request's body: the largest known notice is a few kB.
const MaxBody = 1 << 20

// Handle answers one request to a source of a table, the one that is in force:
// receive → look up → fetch → accept → wait for the verdict, or for the limit.
// The event is routed by the same table, whatever is swapped in meanwhile.
func (r *Router) Handle(w http.ResponseWriter, req *http.Request, t *Table, source string) {
	ep := t.Sources[source]
	received := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxBody))
	if err != nil {
		// The source's own words for a request without a readable body, if it has any.
		_, resp, _ := ep.Source.Receive(req, nil)
		if resp == nil {
			resp = &Response{Status: unreadStatus(err)}
		}
		r.refuse(w, req, ep, resp, fmt.Errorf("reading the request: %w", err))
		return
	}
	notice, resp, err := ep.Source.Receive(req, body)
	if err != nil {
		r.refuse(w, req, ep, resp, err)
		return
	}
	if resp != nil {
		resp.write(w)
		return
	}
	notice.Source, notice.Received = ep.Name, received

	deadline := received.Add(ep.Source.Limits(notice.Type).ReplyWithin)
	x, first := r.join(t, notice, deadline)
	if x == nil {
		r.log.Warn().Str("source", ep.Name).Msg("not now: too many requests are not accepted yet, or the daemon stops")
		reply := ep.Source.Reply(&Event{Source: ep.Name, Received: received, Notice: notice}, Verdict{Kind: NotNow})
		reply.write(w)
		r.opt.Observer.Answered(ep.Name, NotNow, time.Since(received))
		return
	}
	told := func(at time.Time) Fact { return Unheard{At: at} }
	if first {
		defer func() {
			if told != nil {
				x.post(told(time.Now()))
			}
		}()
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
	event.Notice.Format, event.Notice.Again = notice.Format, notice.Again
	verdict, unread := r.openReply(verdict)
	if unread != nil {
		r.log.Error().Err(unread).Str("event", event.ID).Msg("the answer can't be read; its caller is told to wait")
		verdict = Verdict{Kind: Accepted}
	}
	reply := ep.Source.Reply(&event, verdict)
	told = func(at time.Time) Fact { return Unheard{At: at, Written: true} }
	// Before it is written: who has it whole may close the connection at once.
	live := req.Context().Err() == nil
	err = reply.write(w)
	r.opt.Observer.Answered(ep.Name, verdict.Kind, time.Since(received))
	switch {
	case unread != nil:
		told = func(at time.Time) Fact { return Overdue{At: at} }
	case verdict.Kind == Accepted || verdict.Kind == NotNow:
		told = nil // who decided that has said so
	case reply.Aside:
		told = func(at time.Time) Fact { return Unheard{At: at} }
	case err == nil && live && time.Now().Before(deadline):
		told = func(at time.Time) Fact { return Replied{At: at} }
	}
}

// unreadStatus is for a body that could not be read: too large, or too slow.
func unreadStatus(err error) int {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusRequestTimeout
}

// refuse writes a source's refusal.
func (r *Router) refuse(w http.ResponseWriter, req *http.Request, ep *Endpoint, resp *Response, err error) {
	r.log.Warn().Str("source", ep.Name).Str("from", req.RemoteAddr).Err(err).Msg("refused")
	r.opt.Observer.Refused(ep.Name)
	r.refusals.add(ep.Name, err.Error())
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
	w.Header().Set("Content-Length", strconv.Itoa(len(resp.Body)))
	w.WriteHeader(status)
	if _, err := w.Write(resp.Body); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// join gives the run that has this notice in hand, or begins one; first says
// that this caller brought it. nil means that there is no room.
func (r *Router) join(t *Table, n Notice, deadline time.Time) (x *run, first bool) {
	x = r.newRun(t, Event{Source: n.Source, Received: n.Received, Notice: n})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		return nil, false
	}
	if other := r.flights[x.key]; x.key != "" && other != nil {
		return other, false
	}
	room := r.roomLocked(&n)
	if room == noRoom {
		return nil, false
	}
	r.countLocked(&n, 1)
	r.spawn(x, func() { x.receive(deadline, room == roomForNotice) })
	return x, true
}

// room is how much there is for one more request.
type room int

const (
	noRoom room = iota
	// roomForNotice: its event is fetched later. Callers are told to wait before
	// any is turned away.
	roomForNotice
	roomForEvent
)

// unkeptShare is the part of MaxInFlight that there is room for events which are
// not kept, beside all others: they are never told to wait, and may come from
// anybody.
const unkeptShare = 4

// countLocked counts a request that takes room, or, with -1, leaves it.
func (r *Router) countLocked(n *Notice, by int) {
	if n.Unkept {
		r.unkept += by
	} else {
		r.unaccepted[n.Source] += by
	}
}

// roomLocked says how much room there is for a request. Where there are several
// sources, none gets more than three quarters: the caller of one must not be
// turned away because another's marketplace does not answer.
func (r *Router) roomLocked(n *Notice) room {
	t := r.Table()
	most := t.MaxInFlight
	if most <= 0 {
		most = DefaultMaxInFlight
	}
	if n.Unkept {
		if r.unkept < max(1, most/unkeptShare) {
			return roomForEvent
		}
		return noRoom
	}
	all := 0
	for _, n := range r.unaccepted {
		all += n
	}
	share := most
	if len(t.Sources) > 1 {
		share = max(1, share*3/4)
	}
	switch own := r.unaccepted[n.Source]; {
	case all < most && own < share:
		return roomForEvent
	case all < 2*most && own < 2*share:
		return roomForNotice
	}
	return noRoom
}

// errTooManyFetches is why a notice is written down before its event is known.
var errTooManyFetches = errors.New("too many events are being fetched; this one is fetched later")

// receive brings a notice to its event, in the journal, and the event to its
// end. The connection that brought it may go; the run stays. later says that
// there is no room for a fetch now.
func (x *run) receive(deadline time.Time, later bool) {
	inFlight := true
	release := func() {
		if inFlight {
			inFlight = false
			x.r.mu.Lock()
			x.r.countLocked(&x.event.Notice, -1)
			x.r.mu.Unlock()
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
	var event Event
	failure := &FetchError{Kind: FetchPassing, Err: errTooManyFetches}
	if !later || x.event.Notice.Address == "" {
		event, failure = x.fetch(ctx, deadline.Add(-min(acceptReserve, time.Until(deadline)/2)))
	}
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
	if !x.event.Notice.Unkept { // what is nowhere else takes room to its end
		release()
	}
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
	if _, err := x.r.openReply(v); err != nil && rec.State.Finished() {
		x.log.Error().Err(err).Str("event", rec.Event.ID).Msg("not now: the answer can't be read, and nobody is called back any more")
		v = Verdict{Kind: NotNow}
	}
	x.once.Lock()
	x.known = &rec.Event
	x.once.Unlock()
	x.answerOnce(v)
}
