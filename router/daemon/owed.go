package daemon

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
)

const (
	// owedPatience is for how long work that has just begun may owe something that
	// is taken away: most ends within milliseconds. What begins meanwhile does not
	// count: what is taken away serves it for a while yet.
	owedPatience = time.Second
	// owedEvery is a few journal reads a second.
	owedEvery = 100 * time.Millisecond
)

// owed says what unfinished events need and the next configuration takes away:
// sources, what those need to answer, and actions of plugins. It is "" if there is
// nothing.
func (d *Daemon) owed(ctx context.Context, next *loaded) (string, error) {
	now, asked := d.loaded(), time.Now()
	if !next.takesAway(now) {
		return "", nil
	}
	for {
		owing, err := d.owing(ctx, asked, func(rec *router.Record) []string {
			calls := d.calls(rec)
			before := now.lacks(rec, calls)
			return slices.DeleteFunc(next.lacks(rec, calls), func(what string) bool { return slices.Contains(before, what) })
		})
		if err != nil || asked.Sub(owing.newest) > owedPatience || time.Since(asked) > owedPatience {
			return owing.String(), err
		}
		select {
		case <-time.After(owedEvery):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// tellOwed says at a start what unfinished events need and the configuration
// lacks. It starts all the same: the events are held, and an operator is told.
func (d *Daemon) tellOwed(ctx context.Context) {
	owing, err := d.owing(ctx, time.Now(), func(rec *router.Record) []string { return d.loaded().lacks(rec, d.calls(rec)) })
	switch {
	case ctx.Err() != nil:
	case err != nil:
		d.log.Error().Err(err).Msg("looking for what unfinished events need")
	case len(owing.counts) > 0:
		d.log.Warn().Stringer("lacks", owing).Msg(lacking)
	}
}

// lacking is what the log says of work that can't go on.
const lacking = "the configuration lacks what unfinished events need; they wait until it is back, or for an operator"

// debts are what unfinished events need and lack.
type debts struct {
	counts map[string]int // of events, by what they lack
	newest time.Time      // when the last of them was received
}

// String gives `source x (3 unfinished events), plugin y (1 unfinished event)`,
// or "" if there are none.
func (o debts) String() string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(o.counts)) {
		events := "events"
		if o.counts[what] == 1 {
			events = "event"
		}
		all = append(all, fmt.Sprintf("%s (%d unfinished %s)", what, o.counts[what], events))
	}
	return strings.Join(all, ", ")
}

// owing asks what the unfinished events lack that were received before that time.
func (d *Daemon) owing(ctx context.Context, before time.Time, lacks func(*router.Record) []string) (debts, error) {
	owing := debts{counts: map[string]int{}}
	q := router.Query{Unfinished: true, Until: before, Limit: owedPage}
	for {
		page, err := d.journal.Find(ctx, q)
		if err != nil {
			return debts{}, fmt.Errorf("asking the journal what is owed: %w", err)
		}
		for i := range page {
			q.Before = page[i].Event.ID
			for _, what := range lacks(&page[i]) {
				owing.counts[what]++
				if at := page[i].Event.Received; at.After(owing.newest) {
					owing.newest = at
				}
			}
		}
		if len(page) < owedPage {
			return owing, nil
		}
	}
}

// owedPage is how many unfinished events are looked at at a time.
const owedPage = 500

// takesAway reports whether something that events may need is gone or changed,
// so that the journal must be asked.
func (l *loaded) takesAway(now *loaded) bool {
	for i := range now.config.Sources {
		old := &now.config.Sources[i]
		if !slices.ContainsFunc(l.config.Sources, func(s config.Source) bool {
			return s.Name == old.Name && bytes.Equal(s.Config.Reveal(), old.Config.Reveal())
		}) {
			return true
		}
	}
	if !l.keys.Cover(now.keys) {
		return true
	}
	for ref := range now.actions {
		if !l.actions[ref] {
			return true
		}
	}
	return false
}

// lacks names what an unfinished event needs and the configuration does not
// have: its source, with what that needs to fetch or to answer it, and what it
// calls.
func (l *loaded) lacks(rec *router.Record, calls []router.ActionRef) []string {
	var out []string
	if name := rec.Event.Source; name != router.SourceSelf {
		endpoint := l.table.Sources[name]
		if endpoint == nil {
			out = append(out, "source "+name)
		} else if source, ok := endpoint.Source.(router.Answerer); ok && rec.State.NeedsSource() {
			if what := source.Lacks(&rec.Event.Notice); what != "" {
				out = append(out, what+" of source "+name)
			}
		}
	}
	if l.sealedFrom(&rec.State) {
		out = append(out, "a key that sealed values need")
	}
	for _, ref := range calls {
		if l.actions[ref] {
			continue
		}
		what := "action " + ref.String()
		if !slices.ContainsFunc(l.config.Plugins, func(p config.Plugin) bool { return p.Name == ref.Plugin }) {
			what = "plugin " + ref.Plugin
		}
		if !slices.Contains(out, what) {
			out = append(out, what)
		}
	}
	return out
}

// calls are the actions that are still to be called for an event. Of one that
// was accepted a moment ago the journal has no deliveries yet, nor has one that
// was held before it was routed: it may need all that its plan has for its type.
func (d *Daemon) calls(rec *router.Record) (refs []router.ActionRef) {
	for i := range rec.State.Deliveries {
		if d := &rec.State.Deliveries[i]; rec.State.OwesDelivery(d) {
			refs = append(refs, d.To)
		}
	}
	if phase := rec.State.Phase; phase != router.Open && phase != router.Held || len(rec.State.Deliveries) > 0 {
		return refs
	}
	plan, err := backend{d}.Plan(rec.Event.Plan)
	if err != nil {
		return nil // it is held, whatever is configured
	}
	for _, route := range plan.Candidates(rec.Event.Source, rec.Event.Type) {
		for i := range route.Deliver {
			refs = append(refs, route.Deliver[i].To)
		}
	}
	return refs
}
