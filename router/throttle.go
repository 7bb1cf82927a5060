package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	// Until is when the window ends.
	Until time.Time `json:"until"`
	// Counted: the event was counted and not let through.
	Counted bool `json:"counted,omitempty"`
	// Summary: the event is the summary that ended the window before.
	Summary bool `json:"summary,omitempty"`
}

// maxWindows caps the windows that are open at one time, about 300 bytes each;
// what finds no room goes through.
const maxWindows = 10_000

// throttles are the open windows of all routes.
type throttles struct {
	summarise func(windowKey, *window) // tells of a window that has ended; the copy is the callee's

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
	counted int
	last    string // the last event that was counted
	timer   *time.Timer
}

func newThrottles(summarise func(windowKey, *window)) *throttles {
	return &throttles{summarise: summarise, windows: map[windowKey]*window{}}
}

// pass decides whether the route may take the event of that id.
func (ts *throttles) pass(route, key string, every time.Duration, id string) Throttled {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	k, now := windowKey{route, key}, time.Now()
	w := ts.windows[k]
	switch {
	case w == nil && len(ts.windows) >= maxWindows:
		return Throttled{Route: route, Key: key, Until: now}
	case w == nil:
		w = &window{every: every, until: now.Add(every), opener: id}
		ts.openLocked(k, w)
	case w.opener != id:
		w.counted, w.last, w.every = w.counted+1, id, every
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

// start lets the clock end windows, also those that should have ended already.
func (ts *throttles) start() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.running = true
	for k, w := range ts.windows {
		ts.armLocked(k, w)
	}
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
		ts.openLocked(k, &window{every: w.every, until: time.Now().Add(w.every)})
		ts.summarise(k, w)
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

// restore opens the windows again that marks tell of, which come in the order
// of their events.
func (ts *throttles) restore(marks []restoredMark, every map[string]time.Duration) {
	windows := map[windowKey]*window{}
	for _, m := range marks {
		k := windowKey{m.Route, m.Key}
		w := windows[k]
		if !m.Counted || w == nil {
			w = &window{every: every[m.Route], until: m.Until}
			windows[k] = w
		}
		if m.Counted {
			w.counted, w.last = w.counted+1, m.event
		}
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for k, w := range windows {
		if w.counted > 0 || w.until.After(time.Now()) {
			ts.openLocked(k, w)
		}
	}
}

// restoredMark is a mark with the id of its event.
type restoredMark struct {
	Throttled
	event string
}

// restoreThrottles finds the windows that were open when the last life ended.
func (r *Router) restoreThrottles(ctx context.Context) error {
	every, longest := map[string]time.Duration{}, time.Duration(0)
	for _, route := range r.Table().Plan.Routes {
		if route.Throttle != nil {
			every[route.Name] = route.Throttle.Every
			longest = max(longest, route.Throttle.Every)
		}
	}
	if longest == 0 {
		return nil
	}
	// Twice: a summary that is owed ends the window before the present one.
	q := Query{Source: SourceSelf, Since: time.Now().Add(-2 * longest), Bare: true, Limit: recoverPage}
	var marks []restoredMark
	for {
		page, err := r.opt.Journal.Find(ctx, q)
		if err != nil {
			return fmt.Errorf("finding what is throttled: %w", err)
		}
		for i := range page {
			q.Before = page[i].Event.ID
			for _, t := range page[i].State.Throttled {
				marks = append(marks, restoredMark{t, page[i].Event.ID})
			}
		}
		if len(page) < recoverPage {
			break
		}
	}
	slices.Reverse(marks) // they came newest first
	r.throttles.restore(marks, every)
	return nil
}

// throttle drops those of the routes whose throttle holds the event back.
func (x *run) throttle(routes []*Route) (left []*Route, marks []Throttled) {
	for _, mark := range x.state.Throttled {
		if mark.Summary { // it is for the one route that did the counting
			for _, route := range routes {
				if route.Name == mark.Route {
					left = append(left, route)
				}
			}
			return left, nil
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
	return x.r.throttles.pass(route, key, t.Every, x.event.ID), true
}

// summarise sends the summary of a window that has ended on its way.
func (r *Router) summarise(k windowKey, w *window) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		return // the next life finds it owed
	}
	r.work(func() {
		if err := r.sendSummary(k, w); err != nil {
			r.log.Error().Err(err).Str("route", k.route).Int("counted", w.counted).Msg("a summary of throttled failures can't be made")
		}
	})
}

func (r *Router) sendSummary(k windowKey, w *window) error {
	last, err := r.read(w.last)
	if err != nil {
		return err
	}
	var f Failure
	if err := json.Unmarshal(last.Event.Payload, &f); err != nil {
		return err
	}
	f.Suppressed, f.Since = w.counted, w.until.Add(-w.every)
	rec, err := r.failureRecord(last.Event.Type, last.Event.CausedBy, f)
	if err != nil {
		return err
	}
	rec.State.Throttled = []Throttled{{Route: k.route, Key: k.key, Until: w.until.Add(w.every), Summary: true}}
	for n := 1; ; n++ {
		_, err := r.opt.Journal.Accept(r.ctx, &rec.Event, &rec.State)
		if r.wrote(err) == nil {
			break
		}
		if !errors.Is(err, ErrJournal) {
			return err
		}
		if err := r.pause(n); err != nil {
			return err
		}
	}
	r.beginCaused(&rec)
	return nil
}
