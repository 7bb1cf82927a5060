package router

import (
	"sync"
	"time"
)

// lanes keep the events of one lane apart: the head runs its ordered
// deliveries, the others wait. The zero place is nobody's.
type lanes struct {
	mu     sync.Mutex
	byName map[string]*lane
	last   int64 // the last place given
}

type lane struct {
	queue []*run // in the order of their places
}

// enter gives x the next place, and its turn if it is the head. It returns
// when the head can do something next at the earliest: zero for now.
func (l *lanes) enter(x *run) (place int64, headDue time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = max(l.last+1, time.Now().UnixNano())
	x.event.Seq = l.last
	return l.last, l.join(x)
}

// place gives a place to an event that waits for none.
func (l *lanes) place() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = max(l.last+1, time.Now().UnixNano())
	return l.last
}

// rejoin puts x into its lane with the place that it has.
func (l *lanes) rejoin(x *run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.join(x)
}

// restore puts x into the place it had before a restart. Places must come in
// their order.
func (l *lanes) restore(x *run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = max(l.last, x.event.Seq)
	if x.state.Phase == Open || x.state.HoldsLane() {
		l.join(x)
	}
}

func (l *lanes) join(x *run) (headDue time.Time) {
	name := x.event.Lane
	if name == "" {
		name = x.event.ID
	}
	x.lane = name
	q := l.byName[name]
	if q == nil {
		q = &lane{}
		l.byName[name] = q
	}
	q.queue = append(q.queue, x)
	if len(q.queue) == 1 {
		x.post(Turned{At: time.Now()})
		return time.Time{}
	}
	x.queued = true
	if due := q.queue[0].idleUntil.Load(); due != 0 {
		return time.Unix(0, due)
	}
	return time.Time{}
}

// leave gives up x's place, wherever it stands, and gives the next its turn.
func (l *lanes) leave(x *run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.byName[x.lane]
	if x.lane == "" || q == nil {
		return
	}
	for i, other := range q.queue {
		if other != x {
			continue
		}
		q.queue = append(q.queue[:i], q.queue[i+1:]...)
		if len(q.queue) == 0 {
			delete(l.byName, x.lane)
		} else if i == 0 {
			q.queue[0].post(Turned{At: time.Now()})
		}
		break
	}
	x.lane = ""
}
