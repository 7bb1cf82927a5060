package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

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

func (s *server) replay(r *http.Request) (any, error) {
	var body Replay
	if err := read(r, &body); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	known, err := s.backend.Story(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if err := checkNames(&known.State, body.Deliveries); err != nil {
		return nil, err
	}
	if err := s.backend.Replay(r.Context(), id, body.Deliveries, body.FreshKey); err != nil {
		return nil, err
	}
	return Replayed{Warnings: replayWarnings(&known.State, body)}, nil
}

// checkNames refuses deliveries that the event does not have.
func checkNames(s *router.State, names []string) error {
	var known []string
	for i := range s.Deliveries {
		known = append(known, s.Deliveries[i].Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return InputError(fmt.Sprintf("the event has no delivery %q; it has: %s", name, strings.Join(known, ", ")))
		}
	}
	return nil
}

// replayWarnings says what a replay does beside what was asked for, or can't do.
func replayWarnings(s *router.State, asked Replay) []string {
	warnings := []string{}
	if s.Phase == router.Settled {
		warnings = append(warnings, "the event is settled: its effects may change, but the marketplace can't be told anew")
	}
	idle := len(asked.Deliveries) == 0
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		named := slices.Contains(asked.Deliveries, d.Name)
		idle = idle && (d.Status == router.DoneSucceeded || d.OnFailure && d.Status == router.DoneSkipped)
		switch {
		case named && !d.Done():
			warnings = append(warnings, d.Name+" is still "+string(d.Status)+": it is left alone")
		case named && d.Status == router.DoneSucceeded:
			warnings = append(warnings, d.Name+" has succeeded before: it takes effect once more")
		case asked.FreshKey && d.MayHaveRun && (named || len(asked.Deliveries) == 0):
			warnings = append(warnings, d.Name+" may have run: with a fresh key it can take effect twice")
		}
	}
	if idle {
		warnings = append(warnings, "no delivery has failed: nothing runs again; name one to have it run")
	}
	return warnings
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
