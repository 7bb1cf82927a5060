package routes

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// Answer says what would become of one event.
type Answer struct {
	// Of is the event as its caller names it: a file, an id.
	Of     string `json:"of"`
	ID     string `json:"id"`
	Source string `json:"source"`
	Type   string `json:"type"`
	Flag   string `json:"flag,omitempty"`
	Lane   string `json:"lane"`
	// Takes are the names of the routes that take the event.
	Takes []string `json:"takes"`
	// Error: the event fails before anything runs.
	Error string `json:"error,omitempty"`
	// Note says what else there is to know.
	Note   string        `json:"note,omitempty"`
	Routes []RouteAnswer `json:"routes"`
	// Outcomes are what the caller would be told.
	Outcomes []Outcome `json:"outcomes,omitempty"`
}

// Test says what would become of an event. of is what its caller calls it.
func (r *Routes) Test(of string, e *router.Event) (*Answer, error) {
	answers, err := r.explainer.Event(e)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", of, err)
	}
	a := &Answer{
		Of: of, ID: e.ID, Source: e.Source, Type: e.Type, Flag: string(e.Flag), Lane: e.Lane, Takes: []string{}, Routes: answers,
	}
	for _, route := range answers {
		if route.Matches {
			a.Takes = append(a.Takes, route.Name)
		}
	}
	markOutdone(a.Routes)
	if a.Error = r.failure(e); a.Error != "" {
		a.Takes = []string{} // none has its way
	}
	if e.Flag == router.FlagStateless {
		a.Note = "The event is a ping (STATELESS): it is answered, and nothing runs."
	}
	if endpoint := r.inspected.Sources[e.Source]; endpoint != nil {
		a.Outcomes = (&outcomes{event: e, endpoint: endpoint, answer: a, plan: r.inspected.Config.Plan}).list()
	}
	return a, nil
}

// markOutdone marks the reply attributes that an earlier route replies with.
func markOutdone(answers []RouteAnswer) {
	first := map[string]string{}
	for _, route := range answers {
		for i := range route.Reply {
			v := &route.Reply[i]
			if v.OutdoneBy = first[v.Name]; v.OutdoneBy == "" {
				first[v.Name] = route.Name
			}
		}
	}
}

// failure says why the event would fail before anything runs, or "".
func (r *Routes) failure(e *router.Event) string {
	end := router.Rehearse(r.inspected.Config.Plan, r.inspected.Sources[e.Source], *e, func(string) router.Outcome {
		return router.Outcome{Kind: router.Rejected}
	})
	if end.Verdict == nil || end.Verdict.Code != router.CodeFailed {
		return ""
	}
	return end.Why
}

// Expectation is what somebody says that an event is taken by. Without any,
// nothing is expected.
type Expectation struct {
	routes []string
	none   bool
}

// Expect adds "route=NAME" or "no-route".
func (x *Expectation) Expect(text string) error {
	name, isRoute := strings.CutPrefix(text, "route=")
	switch {
	case isRoute && name != "":
		x.routes = append(x.routes, name)
	case text == "no-route":
		x.none = true
	default:
		return errors.New("it is route=NAME or no-route")
	}
	if x.none && len(x.routes) > 0 {
		return errors.New("no-route leaves no place for a route")
	}
	return nil
}

// Unknown gives a route that is expected and not configured, or "".
func (x *Expectation) Unknown(routes []Route) string {
	for _, name := range x.routes {
		if !slices.ContainsFunc(routes, func(r Route) bool { return r.Name == name }) {
			return name
		}
	}
	return ""
}

// Miss says in what an answer differs, or "". The routes that are expected are
// all there may be.
func (x *Expectation) Miss(a *Answer) string {
	if !x.none && len(x.routes) == 0 {
		return ""
	}
	if a.Error != "" {
		return "the event fails: " + a.Error
	}
	var misses []string
	for _, name := range x.routes {
		if !slices.Contains(a.Takes, name) {
			misses = append(misses, fmt.Sprintf("route %q does not take it", name))
		}
	}
	for _, name := range a.Takes {
		if !slices.Contains(x.routes, name) {
			misses = append(misses, fmt.Sprintf("route %q takes it", name))
		}
	}
	return strings.Join(misses, "; ")
}

// jsonText writes a text as JSON.
func jsonText(text string) json.RawMessage {
	b, err := json.Marshal(text)
	if err != nil {
		return json.RawMessage(`""`) // texts always marshal
	}
	return b
}
