package router

import (
	"context"
	"slices"
)

// An event is read back by one at a time, and not while a run has it in hand: a
// record that was read while somebody wrote is of no use.

// claim gives the run that has an event in hand. If none has, the caller may
// read the event back, alone, until unclaimLocked.
func (r *Router) claim(ctx context.Context, id string) (*run, error) {
	for {
		r.mu.Lock()
		x, reading := r.runs[id], r.reading[id]
		if x == nil && reading == nil {
			r.reading[id] = make(chan struct{})
		}
		r.mu.Unlock()
		if x != nil || reading == nil {
			return x, nil
		}
		select {
		case <-reading:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *Router) unclaimLocked(id string) {
	close(r.reading[id])
	delete(r.reading, id)
}

// unrestLocked ends the rest of an event that is taken up out of its turn, and
// gives what is known of that rest.
func (r *Router) unrestLocked(id string) *resting {
	if e := r.resting[id]; e != nil {
		r.forgetLocked(e)
		return e
	}
	for _, l := range r.lines {
		if i := slices.IndexFunc(l.waiting, func(e *resting) bool { return e.id == id }); i >= 0 {
			e := l.waiting[i]
			l.waiting = slices.Delete(l.waiting, i, i+1)
			return e
		}
	}
	for e := range r.taking {
		if e.id == id {
			return e
		}
	}
	return &resting{id: id}
}
