package admin

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/signalbox/signalbox/router"
)

func (s *server) plan(*http.Request) (any, error) { return s.backend.Present(), nil }

// dryRun says what a reload would do. A configuration that it would refuse is
// an answer too.
func (s *server) dryRun(r *http.Request) (any, error) {
	var body Reload
	if err := read(r, &body); err != nil {
		return nil, err
	}
	list, run, err := s.backend.DryRun(r.Context(), body.Force)
	if err != nil {
		return nil, err
	}
	run.Diagnostics = []Diagnostic{}
	if len(list) > 0 {
		if err := json.Unmarshal(list, &run.Diagnostics); err != nil {
			return nil, fmt.Errorf("reading the diagnostics: %w", err)
		}
	}
	return run, nil
}

// Bounds of a page of stories, which holds whole payloads.
const (
	// storiesAtOnce is how many are read at a time; each may have some MB.
	storiesAtOnce = 8
	// storiesBytes ends a page: a tenth of what a client takes.
	storiesBytes = maxAnswer / 10
)

func (s *server) stories(r *http.Request) (any, error) {
	filter, err := parseFilter(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	q := filter.query()
	q.Bare = false
	page, left, size := Stories{Stories: []Story{}}, q.Limit, 0
	for left > 0 && size < storiesBytes {
		q.Limit = min(left, storiesAtOnce)
		records, err := s.backend.Events(r.Context(), q)
		if err != nil {
			return nil, err
		}
		for i := range records {
			page.Stories = append(page.Stories, storyOf(&router.Story{Record: records[i]}))
			size += sizeOf(&records[i])
			q.Before = records[i].Event.ID
		}
		if len(records) < q.Limit {
			return page, nil
		}
		left -= len(records)
	}
	page.Next = q.Before
	return page, nil
}

// sizeOf is about how much of an answer an event takes.
func sizeOf(r *router.Record) int {
	n := len(r.Event.Payload) + len(r.Event.Attributes) + len(r.Event.Extra)
	for i := range r.State.Deliveries {
		n += len(r.State.Deliveries[i].Input) + len(r.State.Deliveries[i].Output)
	}
	return n
}
