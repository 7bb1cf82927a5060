package router

import (
	"slices"
	"sync"
	"time"
)

// lanes keep the events of one lane apart: the head runs its ordered
// deliveries, the others wait. A place outlives the run that holds it: an event
// that rests in the journal keeps its place, and is summoned when its turn
// comes.
type lanes struct {
	summon func(id string) // has an event taken up that rests

	mu     sync.Mutex
	byName map[string]*lane
	places map[string]*place // by event id
	last   int64             // the last sequence number given
}

type lane struct {
	name  string
	queue []*place // in the order of their sequence numbers
}

type place struct {
	id   string
	lane *lane
	run  *run // nil while the event rests
}

func newLanes(summon func(id string)) *lanes {
	return &lanes{summon: summon, byName: map[string]*lane{}, places: map[string]*place{}}
}

// next gives a sequence number to an event.
func (l *lanes) next() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nextLocked()
}

func (l *lanes) nextLocked() int64 {
	l.last = max(l.last+1, time.Now().UnixNano())
	return l.last
}

// enter gives x the place behind all others of its lane, and its turn if it is
// the head. It returns when the head can do something next at the earliest:
// zero for now.
func (l *lanes) enter(x *run) (headDue time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x.event.Seq = l.nextLocked()
	p := l.join(x.event.ID, x.event.Lane)
	p.run = x
	return l.turnOrWait(p)
}

// restore gives an event that rests the place it had in an earlier life, and
// reports whether it is the head. Events must come in the order of their
// sequence numbers.
func (l *lanes) restore(p *Pending) (head bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = max(l.last, p.Seq)
	if p.Hold == HoldsNothing {
		return true
	}
	return l.join(p.ID, p.Lane).lane.queue[0].id == p.ID
}

func (l *lanes) join(id, name string) *place {
	if name == "" {
		name = id
	}
	q := l.byName[name]
	if q == nil {
		q = &lane{name: name}
		l.byName[name] = q
	}
	p := &place{id: id, lane: q}
	q.queue = append(q.queue, p)
	l.places[id] = p
	return p
}

// hold gives x a place by the sequence number that it has.
func (l *lanes) hold(x *run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.join(x.event.ID, x.event.Lane)
	p.run = x
	l.turnOrWait(p)
}

// attach says that x, which has been summoned, runs the event of its place, if
// it has one.
func (l *lanes) attach(x *run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.places[x.event.ID]; p != nil {
		p.run = x
		l.turnOrWait(p)
	}
}

// placed reports whether x's event has a place.
func (l *lanes) placed(x *run) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.places[x.event.ID] != nil
}

// first reports whether it is the turn of x's event.
func (l *lanes) first(x *run) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.places[x.event.ID]
	return p != nil && p.lane.queue[0] == p
}

// detach says that x has left memory; its place stays.
func (l *lanes) detach(x *run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.places[x.event.ID]; p != nil && p.run == x {
		p.run = nil
		p.tellIdle(x.rests.due)
	}
}

// idle says that x can't go on before that time.
func (l *lanes) idle(x *run, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.places[x.event.ID]; p != nil {
		p.tellIdle(until)
	}
}

// tellIdle has those who wait behind a head know for how long they do.
func (p *place) tellIdle(until time.Time) {
	if p.lane.queue[0] != p {
		return
	}
	for _, behind := range p.lane.queue[1:] {
		if behind.run != nil {
			behind.run.post(laneIdle{until})
		}
	}
}

// laneIdle tells a run that the head of its lane can't go on before that time.
type laneIdle struct{ until time.Time }

func (laneIdle) apply(*machine) {}

func (l *lanes) turnOrWait(p *place) (headDue time.Time) {
	head := p.lane.queue[0]
	if head == p {
		p.run.post(Turned{At: time.Now()})
		return time.Time{}
	}
	if head.run == nil {
		return restsLong
	}
	if due := head.run.idleUntil.Load(); due != 0 {
		return time.Unix(0, due)
	}
	return time.Time{}
}

// leave gives up x's place, wherever it stands, and gives the next its turn.
func (l *lanes) leave(x *run) {
	l.mu.Lock()
	next := l.remove(x.event.ID)
	rests := next != nil && (next.run == nil || !next.run.post(Turned{At: time.Now()}))
	l.mu.Unlock()
	if rests {
		l.summon(next.id)
	}
}

// remove takes an event's place away, and returns the place whose turn it is
// thereby, or nil.
func (l *lanes) remove(id string) (next *place) {
	p := l.places[id]
	if p == nil {
		return nil
	}
	delete(l.places, id)
	q := p.lane
	i := slices.Index(q.queue, p)
	q.queue = slices.Delete(q.queue, i, i+1)
	switch {
	case len(q.queue) == 0:
		delete(l.byName, q.name)
	case i == 0:
		return q.queue[0]
	}
	return nil
}
