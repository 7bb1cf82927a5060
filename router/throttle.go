package router

import (
	"encoding/json"
	"sync"
	"time"
)

// Throttle keeps a route of failure events from telling the same thing again
// and again: the first event goes through and opens a window, those that follow
// within it are counted, and at its end one summary tells how many there were,
// with the last of them; it opens the next window.
type Throttle struct {
	// By says which events are the same thing; nil: all that the route takes.
	By func(Scope) (string, error)
	// Every is how long a window is.
	Every time.Duration
}

// Throttled is what a route's throttle did with an event. The journal keeps it
// with the event, so that windows are known again after a restart.
type Throttled struct {
	Route string `json:"route"`
	Key   string `json:"key,omitempty"`
	// Until is when the window ends; there is one of that end.
	Until time.Time `json:"until"`
	// Counted: the event was counted and not let through.
	Counted bool `json:"counted,omitempty"`
	// Sums is, of a summary, the end of the window that it sums up.
	Sums time.Time `json:"sums,omitzero"`
}

// maxWindows caps the windows that are open at one time, about 1 kB each; what
// finds no room goes through.
const maxWindows = 10_000

// throttles are the open windows of all routes.
type throttles struct {
	// summarise tells of a window that has ended; next is the one that follows.
	summarise func(k windowKey, w *window, next time.Time)
	restored  chan struct{} // closed once the windows of the last life are known

	mu      sync.Mutex
	windows map[windowKey]*window
	running bool // between start and stop the clock ends windows
}

type windowKey struct{ route, key string }

// window is the time in which a route does not tell the same thing again.
type window struct {
	every   time.Duration
	until   time.Time
	opener  string // the event that was let through
	cutOff  bool   // the last life ended before the journal knew its opener
	counted int
	last    counted
	timer   *time.Timer
}

// counted is the last event that was. The payload is nil if the window is of an
// earlier life: then the journal has it.
type counted struct {
	id, eventType, causedBy string
	payload                 json.RawMessage
}

func newThrottles(summarise func(windowKey, *window, time.Time)) *throttles {
	return &throttles{summarise: summarise, restored: make(chan struct{}), windows: map[windowKey]*window{}}
}

// pass decides whether the route may take the event.
func (ts *throttles) pass(route, key string, every time.Duration, e *Event) Throttled {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	k, now := windowKey{route, key}, time.Now()
	w := ts.windows[k]
	switch {
	case w == nil && len(ts.windows) >= maxWindows:
		return Throttled{Route: route, Key: key, Until: now}
	case w == nil:
		w = &window{every: every, until: now.Add(every), opener: e.ID}
		ts.openLocked(k, w)
	case w.cutOff:
		w.opener, w.cutOff = e.ID, false // most likely it is the one: it is tried again first
	case w.opener != e.ID:
		w.counted, w.every = w.counted+1, every
		w.last = counted{id: e.ID, eventType: e.Type, causedBy: e.CausedBy, payload: e.Payload}
		return Throttled{Route: route, Key: key, Until: w.until, Counted: true}
	}
	return Throttled{Route: route, Key: key, Until: w.until}
}

func (ts *throttles) openLocked(k windowKey, w *window) {
	ts.windows[k] = w
	if ts.running {
		ts.armLocked(k, w)
	}
}

func (ts *throttles) armLocked(k windowKey, w *window) {
	w.timer = time.AfterFunc(time.Until(w.until), func() { ts.end(k, w) })
}

// start lets the clock end windows, also those that should have ended already,
// and events pass.
func (ts *throttles) start() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.running = true
	for k, w := range ts.windows {
		ts.armLocked(k, w)
	}
	close(ts.restored)
}

// end closes a window, and opens the next if something was counted in it.
func (ts *throttles) end(k windowKey, w *window) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if !ts.running || ts.windows[k] != w {
		return
	}
	delete(ts.windows, k)
	if w.counted > 0 {
		next := time.Now().Add(w.every)
		ts.openLocked(k, &window{every: w.every, until: next})
		ts.summarise(k, w, next)
	}
}

// stop ends all timers; the journal knows the windows.
func (ts *throttles) stop() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.running = false
	for _, w := range ts.windows {
		if w.timer != nil {
			w.timer.Stop()
		}
	}
}

// throttle drops those of the routes whose throttle holds the event back.
func (x *run) throttle(routes []*Route) (left []*Route, marks []Throttled) {
	for _, mark := range x.state.Throttled {
		for _, route := range routes {
			if !mark.Sums.IsZero() && route.Name == mark.Route {
				return []*Route{route}, nil // a summary is for the route that counted
			}
		}
	}
	for _, route := range routes {
		if t := route.Throttle; t != nil {
			if mark, ok := x.pass(route.Name, t); ok {
				marks = append(marks, mark)
				if mark.Counted {
					continue
				}
			}
		}
		left = append(left, route)
	}
	return left, marks
}

// pass asks a route's throttle. A failure that it can't tell from others is let
// through: better told too often than not at all.
func (x *run) pass(route string, t *Throttle) (mark Throttled, ok bool) {
	key := ""
	if t.By != nil {
		var err error
		if key, err = t.By(x.scope); err != nil {
			x.log.Warn().Err(err).Str("route", route).Msg("not throttled")
			return Throttled{}, false
		}
	}
	select {
	case <-x.r.throttles.restored:
		return x.r.throttles.pass(route, key, t.Every, &x.event), true
	case <-x.r.ctx.Done():
		return Throttled{}, false
	}
}
