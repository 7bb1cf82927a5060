package admin

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Page sizes of GET /v1/events.
const (
	DefaultLimit = 100
	// MaxLimit bounds what one answer holds in memory, at about 2 kB an event.
	MaxLimit = 1000
)

// maxQuery bounds a query string: all parameters at once fit several times.
const maxQuery = 8 << 10

// Filter selects events; zero fields select all. As a query string its
// parameters have the names of the fields, in lower case.
type Filter struct {
	Source, Type, Lane string
	// Phase is one of the phases that Event.Phase lists.
	Phase string
	// Unfinished selects events that have something left to do.
	Unfinished bool
	// Since is inclusive and Until exclusive; both are times of receipt, RFC
	// 3339 in a query string.
	Since, Until time.Time
	// Before is an event's id: older ones only.
	Before string
	// Limit is 1 to MaxLimit; 0 is DefaultLimit.
	Limit int
}

// parameters reads each parameter of the query string into the filter. An
// error says what the value must be.
func parameters() map[string]func(f *Filter, value string) error {
	text := func(field func(*Filter) *string) func(*Filter, string) error {
		return func(f *Filter, value string) error {
			*field(f) = value
			return nil
		}
	}
	instant := func(field func(*Filter) *time.Time) func(*Filter, string) error {
		return func(f *Filter, value string) error {
			t, err := time.Parse(time.RFC3339Nano, value)
			t = t.UTC() // which can take a year out of four digits
			if err != nil || t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
				return fmt.Errorf("must be a time like 2026-03-01T12:00:00Z, not %q", value)
			}
			*field(f) = t
			return nil
		}
	}
	return map[string]func(*Filter, string) error{
		"source": text(func(f *Filter) *string { return &f.Source }),
		"type":   text(func(f *Filter) *string { return &f.Type }),
		"lane":   text(func(f *Filter) *string { return &f.Lane }),
		"before": text(func(f *Filter) *string { return &f.Before }),
		"since":  instant(func(f *Filter) *time.Time { return &f.Since }),
		"until":  instant(func(f *Filter) *time.Time { return &f.Until }),
		"phase": func(f *Filter, value string) error {
			if !slices.Contains(Phases(), value) {
				return fmt.Errorf("must be one of %s, not %q", strings.Join(Phases(), ", "), value)
			}
			f.Phase = value
			return nil
		},
		"unfinished": func(f *Filter, value string) error {
			if value != "true" && value != "false" {
				return fmt.Errorf("must be true or false, not %q", value)
			}
			f.Unfinished = value == "true"
			return nil
		},
		"limit": func(f *Filter, value string) error {
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > MaxLimit {
				return fmt.Errorf("must be a number from 1 to %d, not %q", MaxLimit, value)
			}
			f.Limit = n
			return nil
		},
	}
}

// Phases are the words that a phase may be.
func Phases() []string {
	return []string{
		string(router.Noticed), string(router.Open), string(router.Held),
		string(router.Settled), string(router.Elsewhere), string(router.Discarded), string(router.Abandoned),
	}
}

// parseFilter reads a query string. Its errors are InputErrors.
func parseFilter(query string) (Filter, error) {
	var f Filter
	if len(query) > maxQuery {
		return f, InputError(fmt.Sprintf("the query string is longer than %d bytes", maxQuery))
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return f, InputError(fmt.Sprintf("reading the query string: %v", err))
	}
	known := parameters()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parse := known[name]
		switch {
		case parse == nil:
			return f, InputError(fmt.Sprintf("there is no parameter %q; there are: %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", ")))
		case len(values[name]) > 1:
			return f, InputError(fmt.Sprintf("the parameter %s is given twice", name))
		case values[name][0] == "":
			return f, InputError(fmt.Sprintf("the parameter %s is empty; leave it out to select all", name))
		}
		if err := parse(&f, values[name][0]); err != nil {
			return f, InputError(fmt.Sprintf("the parameter %s %v", name, err))
		}
	}
	return f, nil
}

// encode writes the query string that parseFilter reads.
func (f Filter) encode() string {
	values := url.Values{}
	text := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	text("source", f.Source)
	text("type", f.Type)
	text("lane", f.Lane)
	text("phase", f.Phase)
	text("before", f.Before)
	if f.Unfinished {
		values.Set("unfinished", "true")
	}
	if !f.Since.IsZero() {
		values.Set("since", f.Since.UTC().Format(time.RFC3339Nano))
	}
	if !f.Until.IsZero() {
		values.Set("until", f.Until.UTC().Format(time.RFC3339Nano))
	}
	if f.Limit != 0 {
		values.Set("limit", strconv.Itoa(f.Limit))
	}
	return values.Encode()
}

func (f Filter) query() router.Query {
	q := router.Query{
		Source: f.Source, Type: f.Type, Lane: f.Lane, Phase: router.Phase(f.Phase), Unfinished: f.Unfinished,
		Since: f.Since, Until: f.Until, Before: f.Before, Limit: f.Limit, Bare: true,
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	return q
}
