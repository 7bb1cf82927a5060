package admin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// order reads what is asked of which event, and how that stands.
func (s *server) order(r *http.Request, body any) (id string, known *router.Story, err error) {
	if err := read(r, body); err != nil {
		return "", nil, err
	}
	id = r.PathValue("id")
	known, err = s.backend.Story(r.Context(), id)
	return id, known, err
}

func (s *server) replay(r *http.Request) (any, error) {
	var body Replay
	id, known, err := s.order(r, &body)
	if err != nil {
		return nil, err
	}
	if err := checkNames(&known.State, body.Deliveries); err != nil {
		return nil, err
	}
	again, err := known.Replayable(body.Deliveries)
	if err != nil {
		return nil, err
	}
	if !body.Preview {
		if err := s.backend.Replay(r.Context(), id, body.Deliveries, body.FreshKey); err != nil {
			return nil, err
		}
	}
	done := Replayed{Deliveries: []string{}, Warnings: replayWarnings(&known.State, body, again)}
	for _, i := range again {
		done.Deliveries = append(done.Deliveries, known.State.Deliveries[i].Name)
	}
	return done, nil
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
func replayWarnings(s *router.State, asked Replay, again []int) []string {
	warnings := []string{}
	if s.Phase == router.Settled {
		warnings = append(warnings, "the event is settled: its effects may change, but the marketplace can't be told anew")
	}
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		runs := slices.Contains(again, i)
		switch {
		case !runs && slices.Contains(asked.Deliveries, d.Name):
			warnings = append(warnings, d.Name+" is still "+string(d.Status)+": it is left alone")
		case runs && d.Status == router.DoneSucceeded:
			warnings = append(warnings, d.Name+" has succeeded before: it takes effect once more")
		case runs && asked.FreshKey && d.MayHaveRun:
			warnings = append(warnings, d.Name+" may have run: with a fresh key it can take effect twice")
		}
	}
	return warnings
}

func (s *server) retry(r *http.Request) (any, error) {
	var body Retry
	id, known, err := s.order(r, &body)
	if err != nil {
		return nil, err
	}
	todo := known.State.Retryable()
	if !todo.Fetch && !todo.Callback && len(todo.Deliveries) == 0 {
		return nil, router.ErrNothingToRetry
	}
	if !body.Preview {
		if err := s.backend.Retry(r.Context(), id); err != nil {
			return nil, err
		}
	}
	done := Retried{Deliveries: []string{}, Fetch: todo.Fetch, Callback: todo.Callback, Warnings: []string{}}
	for _, i := range todo.Deliveries {
		d := &known.State.Deliveries[i]
		done.Deliveries = append(done.Deliveries, d.Name)
		if !d.PausedAt.IsZero() {
			done.Warnings = append(done.Warnings, d.Name+" waits for its plugin: as long as that is down, it goes on to wait")
		}
	}
	return done, nil
}

func (s *server) discard(r *http.Request) (any, error) {
	var body Discard
	id, known, err := s.order(r, &body)
	if err != nil {
		return nil, err
	}
	if known.State.Finished() {
		return nil, router.ErrFinished
	}
	if !body.Preview {
		if err := s.backend.Discard(r.Context(), id, body.Reason); err != nil {
			return nil, err
		}
	}
	return discarded(&known.State), nil
}

// discarded says what a discard ends, and what it can't end.
func discarded(s *router.State) Discarded {
	done := Discarded{Deliveries: []string{}, Warnings: []string{}}
	warn := func(text string) { done.Warnings = append(done.Warnings, text) }
	switch {
	case s.Phase != router.Settled && s.Told == router.ToldAccepted:
		warn("its caller was told that the event is accepted, and is told nothing more")
	case s.Phase != router.Settled:
		warn("its caller is never told what became of the event")
	case s.OwesCallback():
		warn("its caller is not called back: it does not learn the verdict, " + string(s.Verdict.Kind))
	}
	if s.Phase == router.Noticed {
		warn("the event itself, which could not be fetched so far, is never fetched")
	}
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		if d.Done() {
			continue
		}
		done.Deliveries = append(done.Deliveries, d.Name)
		switch {
		case d.Status == router.Running:
			warn(d.Name + " is running: its attempt goes on, and is the last")
		case d.MayHaveRun:
			warn(d.Name + " may have run: look at what it has done")
		}
	}
	return done
}
