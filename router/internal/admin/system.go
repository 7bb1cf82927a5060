package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
)

func (s *server) status(r *http.Request) (any, error) {
	status := s.backend.Status(r.Context())
	status.Plugins = orEmpty(status.Plugins)
	status.Sources = orEmpty(status.Sources)
	return status, nil
}

// healthy answers as long as the process does.
func (s *server) healthy(*http.Request) (any, error) { return Health{OK: true}, nil }

func (s *server) ready(r *http.Request) (any, error) {
	status := s.backend.Status(r.Context())
	if !status.Ready {
		return nil, &refusal{status: http.StatusServiceUnavailable, Refusal: Refusal{Error: "not ready: " + status.NotReady}}
	}
	return Health{OK: true}, nil
}

func (s *server) reload(r *http.Request) (any, error) {
	var body Reload
	if err := read(r, &body); err != nil {
		return nil, err
	}
	list, done, err := s.backend.Reload(r.Context(), body.Force)
	diagnostics := []Diagnostic{}
	if len(list) > 0 {
		if bad := json.Unmarshal(list, &diagnostics); bad != nil {
			return nil, fmt.Errorf("reading the diagnostics: %w", errors.Join(bad, err))
		}
	}
	if err == nil {
		done.Diagnostics = diagnostics
		return done, nil
	}
	no := *refusalOf(err)
	if no.status == http.StatusInternalServerError {
		no.status = http.StatusConflict // the reload was tried, and is not to be
	}
	if slices.ContainsFunc(diagnostics, func(d Diagnostic) bool { return d.Severity == "error" }) {
		no.status = http.StatusUnprocessableEntity
	}
	no.Diagnostics, no.Text = diagnostics, done.Text
	return nil, &no
}

// read decodes a request's body, one JSON object of known fields; none is {}.
func read(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &refusal{
			status:  http.StatusRequestEntityTooLarge,
			Refusal: Refusal{Error: fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit)},
		}
	}
	if err != nil {
		return InputError(fmt.Sprintf("reading the body: %v", err))
	}
	if len(body) == 0 {
		return nil
	}
	// No page of another site can make a browser send this type unasked.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &refusal{
			status:  http.StatusUnsupportedMediaType,
			Refusal: Refusal{Error: "the body must be JSON, with the header Content-Type: application/json"},
		}
	}
	return decode(body, into)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
