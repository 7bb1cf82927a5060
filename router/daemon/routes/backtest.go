package routes

import (
	"context"
	"fmt"
	"slices"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/internal/config"
)

// Plan is what a configuration routes by, without the plugins and the sources
// behind it: all that a back-test needs.
type Plan struct {
	explainer *config.Explainer
	routes    []string
	// codes are what routes make of plugins' codes, by route.
	codes map[string]map[string]string
	// accepts says of each source whether an event that no route takes is
	// answered with success.
	accepts map[string]bool
	kinds   map[string]router.SourceKind
}

// Plan is what this configuration routes by.
func (r *Routes) Plan() *Plan {
	p := newPlan(r.inspected.Config.Plan, r.explainer, r.inspected.Kinds)
	for name, endpoint := range r.inspected.Sources {
		p.accepts[name] = endpoint.AcceptUnrouted
	}
	return p
}

// PlanOf is what a daemon routes by.
func PlanOf(told *operator.Plan) (*Plan, error) {
	compiled, err := config.Compile(told.Snapshot, told.Digest)
	if err != nil {
		return nil, fmt.Errorf("reading the daemon's plan: %w", err)
	}
	explainer, err := config.Explain(&config.Config{Plan: compiled, Snapshot: told.Snapshot})
	if err != nil {
		return nil, fmt.Errorf("reading the daemon's plan: %w", err)
	}
	p := newPlan(compiled, explainer, daemon.Kinds())
	for _, source := range told.Sources {
		p.accepts[source.Name] = source.AcceptUnrouted
	}
	return p, nil
}

// DifferingVariables names the variables that both plans have, each with another
// value.
func (p *Plan) DifferingVariables(next *Plan) []string {
	return p.explainer.DifferingVariables(next.explainer)
}

func newPlan(compiled *router.Plan, explainer *config.Explainer, kinds map[string]router.SourceKind) *Plan {
	p := &Plan{explainer: explainer, codes: map[string]map[string]string{}, accepts: map[string]bool{}, kinds: kinds}
	for _, route := range compiled.Routes {
		p.routes = append(p.routes, route.Name)
		p.codes[route.Name] = route.Codes
	}
	return p
}

// Backtest is what another plan would make of the events of the past. Both are
// asked about each event in the same way, and nothing is called.
type Backtest struct {
	// Compared events were asked about; of these, Changed would have another
	// fate, Failing would newly fail or be held, for an expression that can't be
	// evaluated or a reply that a success must have, and Unrouted would newly be taken by no route.
	Compared int `json:"compared"`
	Changed  int `json:"changed"`
	Failing  int `json:"newly_failing"`
	Unrouted int `json:"newly_unrouted"`
	Skipped  struct {
		// Emptied: their payload is past its retention.
		Emptied int `json:"emptied"`
		// Unfetched: nobody knows yet what they say.
		Unfetched int `json:"not_fetched"`
	} `json:"skipped"`
	// Limited: there are older ones, beyond the limit.
	Limited bool `json:"limit_reached"`
	// Routes are those of the new plan in file order, then those that it lacks.
	Routes []RouteCount `json:"routes"`
	// Events are the newest of those that changed, up to Show.
	Events []Difference `json:"events"`

	now, next *Plan
	show      int
	counts    map[string]*RouteCount
}

// RouteCount is how many of the events a route takes.
type RouteCount struct {
	Name string `json:"name"`
	// Change is "added" or "removed" for a route that only one of the plans has.
	Change string `json:"change,omitempty"`
	Now    int    `json:"now"`
	New    int    `json:"new"`
	// Gained and Lost tell of different events where the numbers are the same.
	Gained int `json:"gained"`
	Lost   int `json:"lost"`
}

// NewBacktest compares a plan with the next one. Of the events that change, so
// many are kept to be shown.
func NewBacktest(now, next *Plan, show int) *Backtest {
	b := &Backtest{now: now, next: next, show: show, counts: map[string]*RouteCount{}, Routes: []RouteCount{}, Events: []Difference{}}
	for _, name := range next.routes {
		b.counts[name] = &RouteCount{Name: name, Change: "added"}
	}
	for _, name := range now.routes {
		if c := b.counts[name]; c != nil {
			c.Change = ""
		} else {
			b.counts[name] = &RouteCount{Name: name, Change: "removed"}
		}
	}
	return b
}

// pageSize is how many events are asked for at a time.
const pageSize = 200

// Run asks about the events that match, the newest first, at most so many; 0 is
// all. It holds one page of them at a time.
func (b *Backtest) Run(ctx context.Context, client *operator.Client, filter operator.Filter, limit int) error {
	left := limit
	for {
		filter.Limit = pageSize
		if limit > 0 {
			filter.Limit = min(pageSize, left)
		}
		page, err := client.Stories(ctx, filter)
		if err != nil {
			return err
		}
		for i := range page.Stories {
			b.Add(&page.Stories[i])
		}
		left -= len(page.Stories)
		filter.Before = page.Next
		switch {
		case page.Next == "":
			b.count()
			return nil
		case limit > 0 && left <= 0:
			b.Limited, err = older(ctx, client, filter)
			b.count()
			return err
		}
	}
}

// older reports whether there is another event.
func older(ctx context.Context, client *operator.Client, filter operator.Filter) (bool, error) {
	filter.Limit = 1
	page, err := client.Events(ctx, filter)
	return err == nil && len(page.Events) > 0, err
}

// Seen is how many events matched, also those that could not be asked about.
func (b *Backtest) Seen() int { return b.Compared + b.Skipped.Emptied + b.Skipped.Unfetched }

// Knows reports whether one of the plans has a source of that name; "" is any.
func (b *Backtest) Knows(source string) bool {
	_, now := b.now.accepts[source]
	_, next := b.next.accepts[source]
	return now || next || source == "" || source == router.SourceSelf
}

// Add asks about one event.
func (b *Backtest) Add(s *operator.Story) {
	switch {
	case s.Emptied:
		b.Skipped.Emptied++
		return
	case s.Type == "":
		b.Skipped.Unfetched++
		return
	}
	b.Compared++
	if s.Flag == string(router.FlagStateless) {
		return // a ping, which no route is asked about
	}
	e, past := eventOf(s), pastOf(s)
	now, next := b.now.fate(e, past), b.next.fate(e, past)
	for _, name := range now.takes() {
		b.counts[name].Now++
		if !slices.Contains(next.takes(), name) {
			b.counts[name].Lost++
		}
	}
	for _, name := range next.takes() {
		b.counts[name].New++
		if !slices.Contains(now.takes(), name) {
			b.counts[name].Gained++
		}
	}
	if next.fails() && !now.fails() {
		b.Failing++
	}
	if next.unrouted() && !now.unrouted() {
		b.Unrouted++
	}
	d, differs := difference(s, now, next)
	if !differs {
		return
	}
	b.Changed++
	if len(b.Events) < b.show {
		b.Events = append(b.Events, d)
	}
}

// count puts the routes in order.
func (b *Backtest) count() {
	b.Routes = b.Routes[:0]
	for _, name := range b.next.routes {
		b.Routes = append(b.Routes, *b.counts[name])
	}
	for _, name := range b.now.routes {
		if c := b.counts[name]; c.Change == "removed" {
			b.Routes = append(b.Routes, *c)
		}
	}
}

// eventOf is the event as it was routed.
func eventOf(s *operator.Story) *router.Event {
	return &router.Event{
		ID: s.ID, Source: s.Source, Type: s.Type, Flag: router.Flag(s.Flag), Lane: s.Lane, Received: s.Received, CausedBy: s.CausedBy,
		Payload: s.Payload, Attributes: s.Attributes, Extra: s.Extra,
		Notice: router.Notice{Source: s.Source, Type: s.Type, Received: s.Received},
	}
}
