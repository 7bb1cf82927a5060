package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

func TestFilterReachesTheJournal(t *testing.T) {
	b := &backend{}
	w := request(b, http.MethodGet, "/v1/events?source=appdirect.acme&type=T&lane=a%7Cb&phase=resolved+elsewhere&unfinished=true"+
		"&since=2026-03-01T12:00:00%2B01:00&until=2026-03-02T00:00:00.5Z&before=e&limit=1000", "")
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	want := router.Query{
		Source: "appdirect.acme", Type: "T", Lane: "a|b", Phase: router.Elsewhere, Unfinished: true, Bare: true,
		Since: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 2, 0, 0, 0, 5e8, time.UTC),
		Before: "e", Limit: MaxLimit + 1,
	}
	if diff := cmp.Diff(want, b.query); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := w.Body.String(); got != `{"events":[]}`+"\n" {
		t.Errorf("no events: %s", got)
	}
}

func TestFilterRefuses(t *testing.T) {
	tests := map[string]struct{ query, says string }{
		"an unknown parameter": {"phases=held", `there is no parameter "phases"; there are: before, lane, limit, phase, since, source, type, unfinished, until`},
		"a name in capitals":   {"Phase=held", `there is no parameter "Phase"`},
		"a parameter twice":    {"type=A&type=B", "the parameter type is given twice"},
		"an empty value":       {"type=", "the parameter type is empty"},
		"an unknown phase":     {"phase=done", `the parameter phase must be one of noticed, open, held, settled, resolved elsewhere, discarded, abandoned, not "done"`},
		"a time without zone":  {"since=2026-03-01T12:00:00", "the parameter since must be a time like 2026-03-01T12:00:00Z"},
		"a time of no year":    {"since=0001-01-01T00:00:00Z", "the parameter since must be a time"},
		"a time of year 10000": {"until=9999-12-31T23:59:59-01:00", "the parameter until must be a time"},
		"no truth":             {"unfinished=1", "the parameter unfinished must be true or false"},
		"no number":            {"limit=many", "the parameter limit must be a number from 1 to 1000"},
		"nothing":              {"limit=0", "the parameter limit must be a number from 1 to 1000"},
		"too many":             {"limit=1001", "the parameter limit must be a number from 1 to 1000"},
		"a broken escape":      {"type=%zz", "reading the query string"},
		"a semicolon":          {"type=A;phase=held", "reading the query string"},
		"a very long one":      {"type=" + strings.Repeat("x", maxQuery), "longer than 8192 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseFilter(test.query)
			if _, ok := errors.AsType[InputError](err); !ok || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}

func TestPages(t *testing.T) {
	records := []router.Record{{Event: router.Event{ID: "c"}}, {Event: router.Event{ID: "b"}}, {Event: router.Event{ID: "a"}}}
	client := serve(t, New(&backend{records: records}, http.NotFoundHandler(), zerolog.Nop()))
	for limit, next := range map[int]string{2: "b", 3: ""} {
		page, err := client.Events(t.Context(), Filter{Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Events) != limit || page.Next != next {
			t.Errorf("limit %d: %d events, next %q, want %q", limit, len(page.Events), page.Next, next)
		}
	}
}

// FuzzQuery: whatever the query string, it is refused as bad input, or read as
// a filter that writes itself down again, and that the journal can take.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "source=appdirect.acme&type=SUBSCRIPTION_ORDER", "phase=resolved%20elsewhere&unfinished=false",
		"since=2026-03-01T12:00:00%2B01:00&until=9999-12-31T23:59:59Z", "limit=1000&before=01997d2e", "lane=%00%ff", "limit=-1", "a;b", "limit=+7", "until=9999-12-31T23:59:59-01:00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		filter, err := parseFilter(query)
		if err != nil {
			if _, ok := errors.AsType[InputError](err); !ok {
				t.Fatalf("%v is not the caller's", err)
			}
			return
		}
		if q := filter.query(); !q.Bare || q.Limit < 1 || q.Limit > MaxLimit {
			t.Fatalf("%+v", q)
		}
		again, err := parseFilter(filter.encode())
		if err != nil && len(filter.encode()) <= maxQuery {
			t.Fatalf("%q, written as %q: %v", query, filter.encode(), err)
		}
		if err == nil && again != filter {
			t.Fatalf("%+v, written and read: %+v", filter, again)
		}
	})
}
