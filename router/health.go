package router

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The router's own health: whether the journal can be written, and how far
// behind the work is.

// breakage is a failure of the journal: the last, and when the first was.
type breakage struct {
	err       error
	at, since time.Time
}

const (
	// probeEvery is how often a journal that fails is asked whether it does
	// still: who is not ready gets no traffic, and would never find out.
	probeEvery = time.Second
	// tellBrokenEvery keeps a journal that fails now and then from being told
	// of all the time.
	tellBrokenEvery = time.Minute
)

// Writable gives the error of the last write to the journal, nil if it went
// well: while it fails, nothing is taken in.
func (r *Router) Writable() error {
	if b := r.broken.Load(); b != nil {
		return b.err
	}
	return nil
}

// probeJournal asks a journal that fails until it is well again.
func (r *Router) probeJournal() {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-r.drain:
			return
		}
		if r.wrote(r.opt.Journal.Apply(r.ctx, Change{})) == nil {
			return
		}
	}
}

// wrote remembers how a write to the journal went, and gives its error on.
func (r *Router) wrote(err error) error {
	switch {
	case err == nil:
		if r.broken.Load() == nil {
			break
		}
		if b := r.broken.Swap(nil); b != nil {
			r.aside(func() { r.tellWritable(b) })
		}
	case errors.Is(err, ErrJournal):
		now := time.Now()
		b := &breakage{err: err, at: now, since: now}
		if before := r.broken.Load(); before != nil {
			b.since = before.since
		}
		if r.broken.Swap(b) == nil {
			r.aside(r.probeJournal)
		}
		last := r.toldBroken.Load()
		told := last >= b.since.UnixNano() || now.UnixNano()-last < int64(tellBrokenEvery)
		if !told && r.toldBroken.CompareAndSwap(last, now.UnixNano()) {
			r.aside(func() { r.tellUnwritable(b) })
		}
	}
	return err
}

// aside runs f in a goroutine that Stop waits for, unless the router is
// stopping.
func (r *Router) aside(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopping {
		r.work(f)
	}
}

// tellUnwritable tells from memory that the journal fails: the deliveries are
// made once, and are in no journal.
func (r *Router) tellUnwritable(b *breakage) {
	r.opt.Observer.Failed(TypeJournalUnwritable)
	rec, err := r.failureRecord(TypeJournalUnwritable, "", Failure{Message: b.err.Error(), Command: "signalbox status"})
	if err != nil || rec.State.Finished() {
		return // no route takes it; the log has it
	}
	x := r.revive(&rec)
	if err := x.reopen(); err != nil {
		x.log.Error().Err(err).Msg("it can't be told that the journal fails")
		return
	}
	f, ok := x.match().(Routed)
	if !ok {
		return
	}
	for i := range f.Deliveries {
		d := &f.Deliveries[i]
		if input := x.inputs[d.Name]; input != nil {
			x.tellOnce(d, input)
		}
	}
}

// tellOnce makes one attempt of a delivery whose event is in no journal.
func (x *run) tellOnce(d *Delivery, input json.RawMessage) {
	call, err := x.call(d, 1, 0, input)
	if err != nil {
		x.log.Error().Err(err).Msg("it can't be told that the journal fails")
		return
	}
	x.r.aside(func() {
		x.attempt(call, d.Policy.Timeout, time.Time{}, func(began time.Time, o Outcome) {
			logOutcome(x.log, o).Str("delivery", d.Name).Dur("took", time.Since(began)).Msg("attempt, not journaled")
		})
	})
}

func (r *Router) tellWritable(b *breakage) {
	if r.toldBroken.Load() < b.since.UnixNano() {
		return // nobody was told that it failed
	}
	err := r.Report(r.ctx, TypeJournalWritable, Failure{
		Message: fmt.Sprintf("it could not be written from %s on, for %s: %v",
			b.since.UTC().Format(stamp), time.Since(b.since).Round(time.Second), b.err),
		Command: "signalbox status",
	})
	if err != nil {
		r.log.Error().Err(err).Msg("it can't be told that the journal can be written again")
	}
}

// stamp is how times stand in messages for people.
const stamp = "2006-01-02 15:04:05Z"

// Overdue is for how long the work that should have gone on first has been
// waiting; 0 if nothing is late. Work waits for its turn in a lane, for a
// plugin that is down, for its time: none of it is late.
func (r *Router) Overdue() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	oldest := now
	older := func(t time.Time) {
		if t.Before(oldest) {
			oldest = t
		}
	}
	if len(r.clock) > 0 {
		older(r.clock[0].due)
	}
	for _, l := range r.lines {
		if len(l.waiting) > 0 {
			older(l.waiting[0].roused)
		}
	}
	for e := range r.taking {
		older(e.roused)
	}
	for _, x := range r.runs {
		if due := x.idleUntil.Load(); due != 0 {
			older(time.Unix(0, due))
		}
	}
	return now.Sub(oldest)
}
