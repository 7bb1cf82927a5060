package router

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"time"
)

// What rests: unfinished events that have nothing to do for a while leave
// memory, and come back when their time, their turn or their plugin comes. Of
// each, only a few words stay here; the journal has the rest.

const (
	// lingerFor is how long an event may idle in memory: the first retries come
	// sooner, and reading an event back costs more than keeping it that long.
	lingerFor = 2 * time.Second
	// maxCrowd is how many events may be in hand before callers are no longer
	// kept waiting for their verdict.
	maxCrowd = 4096
)

// resting is an event that is not in memory.
type resting struct {
	id    string
	due   time.Time
	index int // in the heap, or -1
	// restart: the event's last life may have ended in the middle of something.
	restart bool
	// roused is when it was to be taken up; line, where it waits for that.
	roused time.Time
	line   string
	// queued: an earlier event held the lane when the last life ended.
	queued bool
	// plugins are those it waits for because they are down.
	plugins []string
}

// byDue is a heap of what a clock wakes.
type byDue []*resting

func (h byDue) Len() int           { return len(h) }
func (h byDue) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h byDue) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *byDue) Push(v any) {
	e := v.(*resting)
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *byDue) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.index = -1
	return e
}

// restLocked puts an event to rest.
func (r *Router) restLocked(e *resting) {
	e.index = -1
	r.resting[e.id] = e
	if e.due.Equal(restsLong) {
		return
	}
	heap.Push(&r.clock, e)
	if e.index == 0 {
		r.tickLocked()
	}
}

// tickLocked has the clock look again.
func (r *Router) tickLocked() {
	select {
	case r.tick <- struct{}{}:
	default:
	}
}

// rouseLocked moves a resting event to those that are taken up as soon as there
// is room.
func (r *Router) rouseLocked(e *resting) {
	r.forgetLocked(e)
	r.awaitLocked(e)
	r.takeUpLocked()
}

// forgetLocked ends an event's rest.
func (r *Router) forgetLocked(e *resting) {
	if e.index >= 0 {
		heap.Remove(&r.clock, e.index)
	}
	delete(r.resting, e.id)
}

// nudge rouses what waits for a plugin: one event, as a probe, or all of them.
func (r *Router) nudge(plugin string, all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.resting {
		if slices.Contains(e.plugins, plugin) {
			r.rouseLocked(e)
			if !all {
				return
			}
		}
	}
	for _, x := range r.runs {
		if !x.post(Woke{At: time.Now(), Nudged: true}) {
			x.again = true
		}
	}
}

// summon has an event taken up whose turn has come. If it is about to leave
// memory, it comes back at once.
func (r *Router) summon(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.runs[id]; x != nil {
		x.again = true
	} else if e := r.resting[id]; e != nil {
		r.rouseLocked(e)
	}
}

// read gets a record, waiting while the journal fails.
func (r *Router) read(id string) (*Record, error) {
	for n := 1; ; n++ {
		records, err := r.opt.Journal.Find(r.ctx, Query{ID: id})
		switch {
		case err == nil && len(records) == 0:
			return nil, ErrNotFound
		case err == nil:
			return &records[0], nil
		case r.ctx.Err() != nil || !errors.Is(err, ErrJournal):
			return nil, err
		}
		if err := r.pause(n); err != nil {
			return nil, err
		}
	}
}

// pause waits before the n-th new try of a journal that fails.
func (r *Router) pause(n int) error {
	timer := time.NewTimer(backoff(flushRetryInitial, flushRetryMax, n, 0.5+roll()/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// wakeByClock rouses what is due, until the router stops.
func (r *Router) wakeByClock() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		r.mu.Lock()
		now := time.Now()
		for len(r.clock) > 0 && !r.clock[0].due.After(now) {
			r.rouseLocked(r.clock[0])
		}
		if len(r.clock) > 0 {
			timer.Reset(r.clock[0].due.Sub(now))
		} else {
			timer.Stop()
		}
		r.mu.Unlock()
		select {
		case <-timer.C:
		case <-r.tick:
		case <-r.drain:
			return
		}
	}
}

// crowded reports whether callers can no longer be kept waiting: early answers
// come before refusals.
func (r *Router) crowded() bool {
	inMemory, _ := r.InHand()
	return inMemory > maxCrowd
}

// InHand counts unfinished events: those in memory, and those at rest.
func (r *Router) InHand() (inMemory, atRest int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	atRest = len(r.resting)
	for _, l := range r.lines {
		atRest += len(l.waiting)
	}
	return len(r.runs), atRest
}

// recoverPage is how many unfinished events are read at a time.
const recoverPage = 1000

// recover finds every unfinished event, and puts it to rest until its time.
func (r *Router) recover(ctx context.Context) error {
	began := time.Now()
	r.recovers(true)
	defer r.recovers(false)
	var after int64
	found := 0
	for {
		page, err := r.opt.Journal.Due(ctx, after, recoverPage)
		if err != nil {
			return err
		}
		r.mu.Lock()
		for i := range page {
			p := &page[i]
			after = p.Seq
			if r.met[p.ID] {
				continue // it has a new place since this life began
			}
			r.met[p.ID] = true
			head := r.lanes.restore(p)
			e := &resting{id: p.ID, due: p.Due, restart: !p.Due.After(began) || head && p.Hold == AwaitsTurn, queued: !head}
			if e.restart {
				r.awaitLocked(e)
			} else {
				r.restLocked(e)
			}
		}
		found += len(page)
		r.takeUpLocked()
		r.mu.Unlock()
		if len(page) < recoverPage {
			break
		}
	}
	if found > 0 {
		r.log.Info().Int("events", found).Msg("unfinished events go on")
	}
	return nil
}
