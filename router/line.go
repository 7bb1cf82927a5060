package router

import "time"

// Who comes back to memory waits for room in it, in a line for each counterpart:
// a plugin, or a source, whose marketplace is to show an event or to hear of its
// end. A counterpart that takes its time keeps only its own line waiting.

const (
	// maxSummoned caps the resting events that are taken up at one time: an
	// event in hand takes about 20 kB.
	maxSummoned = 1024
	// maxInLine is that cap for one line.
	maxInLine = maxSummoned / 4
	// maxRecovering is that cap while unfinished events are still being found:
	// the first go out at once, and callers, who are let in when all are found,
	// need not wait for the others.
	maxRecovering = 64
)

// line is what waits to go on with one counterpart. In the line "" are those of
// which that is not known before they are read.
type line struct {
	waiting []*resting
	taken   int // being taken up, or in hand again
}

// lineOf names the counterpart that an event goes on with next.
func lineOf(e *Event, s *State) string {
	if s.Phase == Noticed || s.OwesCallback() {
		return e.Source
	}
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; !d.Done() {
			return d.To.Plugin // has no dot, as the names of sources have
		}
	}
	return ""
}

func (r *Router) lineLocked(name string) *line {
	l := r.lines[name]
	if l == nil {
		l = &line{}
		r.lines[name] = l
	}
	return l
}

// awaitLocked has an event wait for room in memory.
func (r *Router) awaitLocked(e *resting) {
	e.roused = time.Now()
	l := r.lineLocked(e.line)
	l.waiting = append(l.waiting, e)
}

// hasRoom reports whether one more of a line can be taken up.
func (l *line) hasRoom(name string) bool { return name == "" || l.taken < maxInLine }

// changeLineLocked puts an event that is being taken up into the line that it
// turns out to belong to. It reports false if there is no room: then it waits
// there.
func (r *Router) changeLineLocked(e *resting, name string) bool {
	if e.line == name {
		return true
	}
	l := r.lineLocked(name)
	if !l.hasRoom(name) {
		later := *e
		later.line = name
		l.waiting = append(l.waiting, &later)
		return false
	}
	r.lineLocked(e.line).taken--
	l.taken++
	e.line = name
	return true
}

// takeUpLocked takes up roused events, of each line the oldest first, while
// there is room.
func (r *Router) takeUpLocked() {
	room := maxSummoned
	if r.recovering {
		room = maxRecovering
	}
	for name, l := range r.lines {
		for len(l.waiting) > 0 && l.hasRoom(name) && r.summoned < room && !r.stopping {
			e := l.waiting[0]
			l.waiting[0] = nil
			l.waiting = l.waiting[1:]
			r.summoned++
			l.taken++
			r.taking[e] = true
			r.work(func() {
				r.takeUp(e)
				r.mu.Lock()
				r.summoned--
				r.lines[e.line].taken--
				r.takeUpLocked()
				r.mu.Unlock()
			})
		}
	}
}

// takeUp reads an event back and lives on with it, unless somebody else has it
// in hand already.
func (r *Router) takeUp(e *resting) {
	x, err := r.readBack(e)
	if err != nil {
		r.log.Error().Err(err).Str("event", e.id).Msg("the event rests until the next start: it can't be read back")
	}
	if x == nil {
		return
	}
	defer r.retire(x)
	r.lanes.attach(x)
	x.resume(e)
}

// readBack gives a run of the event, registered, or nil if there is nothing to
// be done now.
func (r *Router) readBack(e *resting) (x *run, err error) {
	other, err := r.claim(r.ctx, e.id)
	var rec *Record
	mine := other == nil && err == nil
	if mine {
		rec, err = r.read(e.id)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.taking, e)
	if mine {
		r.unclaimLocked(e.id)
	}
	if rec == nil || err != nil || !r.changeLineLocked(e, lineOf(&rec.Event, &rec.State)) {
		return nil, err
	}
	x = r.revive(rec)
	r.registerLocked(x)
	return x, nil
}

// recovers notes that unfinished events are being found, or have been.
func (r *Router) recovers(yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recovering, r.met = yes, map[string]bool{}
	r.takeUpLocked()
}
