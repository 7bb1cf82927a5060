package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/signalbox/signalbox/router"
)

func (s *server) events(r *http.Request) (any, error) {
	filter, err := parseFilter(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	q := filter.query()
	limit := q.Limit
	q.Limit++ // one more tells whether there is another page
	records, err := s.backend.Events(r.Context(), q)
	if err != nil {
		return nil, err
	}
	page := Events{Events: []Event{}}
	for i := range records {
		if i == limit {
			page.Next = records[i-1].Event.ID
			break
		}
		page.Events = append(page.Events, eventOf(&records[i]))
	}
	return page, nil
}

func (s *server) story(r *http.Request) (any, error) {
	known, err := s.backend.Story(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	story := storyOf(known)
	story.TakenBy = s.takenBy(known)
	story.Missing = s.missing(r.Context(), known)
	for _, id := range known.Caused {
		found, err := s.backend.Events(r.Context(), router.Query{ID: id, Bare: true, Limit: 1})
		if err != nil {
			return nil, err
		}
		caused := Caused{ID: id}
		if len(found) > 0 {
			caused.Type = found[0].Event.Type
		}
		story.Caused = append(story.Caused, caused)
	}
	return story, nil
}

// takenBy finds the places of an event's routes in the plan that it began with.
func (s *server) takenBy(known *router.Story) []Route {
	places := map[string]string{}
	// A plan that can't be had costs the places alone.
	if plan, err := s.backend.Plan(known.Event.Plan); err == nil {
		for _, r := range plan.Routes {
			places[r.Name] = r.At
		}
	}
	var routes []Route
	for _, name := range known.State.Routes {
		routes = append(routes, Route{Name: name, At: places[name]})
	}
	return routes
}

// missing finds the plugins of deliveries that are not configured any more.
func (s *server) missing(ctx context.Context, known *router.Story) []string {
	var out []string
	plugins := s.backend.Status(ctx).Plugins
	for i := range known.State.Deliveries {
		name := known.State.Deliveries[i].To.Plugin
		is := func(p Plugin) bool { return p.Name == name && p.State != "stopping" } // that one may be on its way out
		if !slices.ContainsFunc(plugins, is) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (s *server) resolve(r *http.Request) (any, error) {
	var body Resolve
	if err := read(r, &body); err != nil {
		return nil, err
	}
	verdict, err := verdictFrom(body)
	if err != nil {
		return nil, err
	}
	if err := s.backend.Resolve(r.Context(), r.PathValue("id"), verdict); err != nil {
		return nil, err
	}
	return Resolved{Verdict: *verdictOf(&verdict)}, nil
}

// verdictFrom makes the verdict that an operator asks for.
func verdictFrom(body Resolve) (router.Verdict, error) {
	v := router.Verdict{Kind: router.Success, Message: body.Message}
	switch {
	case body.Verdict == "failure" && len(body.Set) > 0:
		return v, InputError("set goes with success: a failure replies with no attributes")
	case body.Verdict == "failure":
		v.Kind, v.Code = router.Error, router.CodeGaveUp
		return v, nil
	case body.Verdict != "success":
		return v, InputError(fmt.Sprintf("verdict must be success or failure, not %q", body.Verdict))
	case len(body.Set) == 0:
		return v, nil
	}
	for name, value := range body.Set {
		if name == "" || len(value) == 0 || string(value) == "null" {
			return v, InputError(fmt.Sprintf("set: the attribute %q has no name or no value", name))
		}
	}
	reply, err := json.Marshal(body.Set)
	if err != nil {
		return v, InputError(fmt.Sprintf("set: %v", err))
	}
	v.Reply = reply
	return v, nil
}

// decode reads one JSON object of known fields, and nothing behind it.
func decode(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return InputError(fmt.Sprintf("reading the body: %v", err))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return InputError("reading the body: there is something behind its JSON object")
	}
	return nil
}
