package router

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The end of a throttle's window: what was counted is told, also if the window
// was opened in an earlier life.

// summarise sends the summary of a window that has ended on its way.
func (r *Router) summarise(k windowKey, w *window, next time.Time) {
	r.aside(func() { // a router that stops leaves it to the next life
		if err := r.sendSummary(k, w, next); err != nil {
			r.log.Error().Err(err).Str("route", k.route).Int("counted", w.counted).Msg("a summary of throttled failures can't be made")
		}
	})
}

func (r *Router) sendSummary(k windowKey, w *window, next time.Time) error {
	f, err := r.lastCounted(w)
	if err != nil {
		return err
	}
	f.Suppressed, f.Since = w.counted, w.until.Add(-w.every)
	rec, err := r.failureRecord(w.last.eventType, w.last.causedBy, f)
	if err != nil {
		return err
	}
	rec.State.Throttled = []Throttled{{Route: k.route, Key: k.key, Until: next, Sums: w.until}}
	return r.insert(r.ctx, &rec)
}

// lastCounted is what the last event that was counted tells of.
func (r *Router) lastCounted(w *window) (f Failure, err error) {
	payload := w.last.payload
	if payload == nil {
		rec, err := r.read(w.last.id)
		switch {
		case errors.Is(err, ErrNotFound):
			return Failure{Message: "the last of them is not in the journal any more"}, nil
		case err != nil:
			return f, err
		}
		payload = rec.Event.Payload
	}
	if err := json.Unmarshal(payload, &f); err != nil {
		return f, fmt.Errorf("reading the last of them: %w", err)
	}
	return f, nil
}

// longestWindow bounds how far back the windows of an earlier life are looked
// for, where no route of the present plan has a longer one.
const longestWindow = time.Hour

// restoreThrottles finds the windows that were open when the last life ended,
// and lets the clock end them. Nothing but failure events waits for it.
func (r *Router) restoreThrottles() {
	every, longest := map[string]time.Duration{}, longestWindow
	for _, route := range r.Table().Plan.Routes {
		if route.Throttle != nil {
			every[route.Name] = route.Throttle.Every
			longest = max(longest, route.Throttle.Every)
		}
	}
	q := Query{Source: SourceSelf, Until: time.Now().Add(1), Bare: true, Limit: recoverPage} // those of this life have no marks yet
	var marks restoredMarks
	for n := 1; ; {
		page, err := r.opt.Journal.Find(r.ctx, q)
		if err != nil {
			r.log.Error().Err(err).Msg("finding what is throttled; failure events wait")
			if r.pause(n) != nil {
				return
			}
			n++
			continue
		}
		for i := range page {
			rec := &page[i]
			q.Before = rec.Event.ID
			if q.Since.IsZero() { // the last life ended after its last event
				q.Since = rec.Event.Received.Add(-2 * longest)
			}
			marks.add(rec)
		}
		if len(page) < recoverPage {
			break
		}
	}
	r.throttles.restore(marks, every)
	r.throttles.start()
}

// restoredMarks are windows by route, key and end; events come newest first.
type restoredMarks map[windowKey]map[int64]*restoredWindow

type restoredWindow struct {
	window
	summed bool
}

func (m *restoredMarks) add(rec *Record) {
	if *m == nil {
		*m = restoredMarks{}
	}
	for _, t := range rec.State.Throttled {
		k := windowKey{t.Route, t.Key}
		w := m.window(k, t.Until)
		switch {
		case t.Counted:
			if w.counted++; w.last.id == "" {
				w.last = counted{id: rec.Event.ID, eventType: rec.Event.Type, causedBy: rec.Event.CausedBy}
			}
		default:
			w.opener = rec.Event.ID
		}
		if !t.Sums.IsZero() {
			m.window(k, t.Sums).summed = true
		}
	}
}

func (m restoredMarks) window(k windowKey, until time.Time) *restoredWindow {
	if m[k] == nil {
		m[k] = map[int64]*restoredWindow{}
	}
	w := m[k][until.UnixNano()]
	if w == nil {
		w = &restoredWindow{window: window{until: until}}
		m[k][until.UnixNano()] = w
	}
	return w
}

// restore opens the windows again that have not ended, or were not summed up.
func (ts *throttles) restore(marks restoredMarks, every map[string]time.Duration) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	now := time.Now()
	for k, windows := range marks {
		var open *window
		for _, w := range windows {
			if w.summed || w.counted == 0 && !w.until.After(now) {
				continue
			}
			if open == nil {
				open = &w.window
				continue
			}
			// One should have been summed up when the other followed it.
			if w.until.After(open.until) {
				open.until, open.opener = w.until, w.opener
			}
			if open.counted += w.counted; w.counted > 0 {
				open.last = w.last
			}
		}
		if open == nil {
			continue
		}
		open.cutOff = open.opener == ""
		if open.every = every[k.route]; open.every == 0 {
			open.every = longestWindow
		}
		ts.openLocked(k, open)
	}
}
