package routes

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/internal/config"
)

// fate is what a plan makes of an event.
type fate struct {
	// end says in a sentence what becomes of an event for which routes don't
	// deliver and reply as they should; "" where they do.
	end string
	// failed: its routing fails. lacking: a success of it is held.
	failed, lacking bool
	routes          []RouteAnswer
	// order are the names of the deliveries ("route/name") that are made, or
	// would be if the event failed, as far as that is known.
	order      []string
	deliveries map[string]delivery
	// reply is that of a success, by name, in the order of its routes.
	reply []Value
}

type delivery struct {
	DeliveryAnswer
	// code is what the caller is told of its rejection in the past, or "".
	code string
}

// past is what the deliveries of an event came to, by "route/name".
type past struct {
	given    map[string]config.Given
	rejected map[string]rejection
}

// rejection is the code that an action refused with, as in billing.cancel.
type rejection struct{ to, code string }

// pastOf reads what has ended for good.
func pastOf(s *operator.Story) past {
	p := past{given: map[string]config.Given{}, rejected: map[string]rejection{}}
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		to := d.Plugin + "." + d.Action
		switch router.Status(d.Status) {
		case router.DoneSucceeded:
			p.given[d.Name] = config.Given{To: to, Output: orObject(d.Output)}
		case router.DoneRejected:
			p.rejected[d.Name] = rejection{to, d.Code}
		}
	}
	return p
}

// orObject: an action without outputs gives none.
func orObject(v json.RawMessage) json.RawMessage {
	if len(v) == 0 {
		return json.RawMessage("{}")
	}
	return v
}

// Ends of events that no route takes.
const (
	endUnrouted = "no route takes it: it is refused"
	endAccepted = "no route takes it: it is accepted"
	endUntold   = "no route takes it" // an event of signalbox's own
	endNoSource = "the configuration has no source of its name"
)

func (p *Plan) fate(e *router.Event, past past) *fate {
	f := &fate{deliveries: map[string]delivery{}}
	accepts, known := p.accepts[e.Source]
	if !known && e.Source != router.SourceSelf {
		f.end = endNoSource
		return f
	}
	routes, err := p.explainer.Taken(e, past.given)
	switch {
	case err != nil:
		f.end, f.failed = "its routing fails: "+err.Error(), true
		return f
	case len(routes) == 0 && e.Source == router.SourceSelf:
		f.end = endUntold
	case len(routes) == 0 && accepts:
		f.end = endAccepted
	case len(routes) == 0:
		f.end = endUnrouted
	}
	f.routes = routes
	for i := range routes {
		f.add(&routes[i], p.codes[routes[i].Name], past)
	}
	kind, _, _ := strings.Cut(e.Source, ".")
	if needed := p.kinds[kind].Required[e.Type]; needed != "" && len(routes) > 0 {
		if _, ok := named(f.reply, needed); !ok {
			f.end, f.lacking = "a success of it is held: no reply gives "+needed, true
		}
	}
	return f
}

// add takes up what one route does, which has these codes. Of a reply attribute
// that several routes give, the first one wins.
func (f *fate) add(route *RouteAnswer, codes map[string]string, past past) {
	for _, d := range route.Deliveries {
		if d.Skipped {
			continue
		}
		name := route.Name + "/" + d.Name
		f.order = append(f.order, name)
		made := delivery{DeliveryAnswer: d}
		if r, ok := past.rejected[name]; ok && r.to == d.To && !d.OnFailure {
			made.code = cmp.Or(codes[r.code], r.code)
		}
		f.deliveries[name] = made
	}
	for _, v := range route.Reply {
		if _, ok := named(f.reply, v.Name); !ok {
			f.reply = append(f.reply, v)
		}
	}
}

func (f *fate) takes() []string {
	var names []string
	for i := range f.routes {
		names = append(names, f.routes[i].Name)
	}
	return names
}

func (f *fate) unrouted() bool { return len(f.routes) == 0 && !f.failed }

// fails reports that an expression can't be evaluated: of the routing, which
// fails the event, or later, which fails or holds it. An optional delivery fails
// by itself.
func (f *fate) fails() bool {
	if f.failed || f.lacking {
		return true
	}
	for _, d := range f.deliveries {
		if !d.Optional && len(d.errors()) > 0 {
			return true
		}
	}
	return len(errorsIn(f.reply)) > 0
}

// errors says why a delivery can't be made.
func (d delivery) errors() []string {
	if d.Error != "" {
		return []string{d.Error}
	}
	return errorsIn(d.Input)
}

func errorsIn(values []Value) []string {
	var out []string
	for _, v := range values {
		if v.Error != "" {
			out = append(out, v.Name+": "+v.Error)
		}
	}
	return out
}

func named(values []Value, name string) (Value, bool) {
	for _, v := range values {
		if v.Name == name {
			return v, true
		}
	}
	return Value{}, false
}
