package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

// shelf is a journal of many events, which are found as the journal finds them.
type shelf struct {
	*backend
	asked []int // the limits
}

func (s *shelf) Events(_ context.Context, q router.Query) (found []router.Record, err error) {
	s.asked = append(s.asked, q.Limit)
	for _, r := range s.records {
		if (q.Before == "" || r.Event.ID < q.Before) && len(found) < q.Limit {
			found = append(found, r)
		}
	}
	return found, nil
}

func TestStoriesComeInPages(t *testing.T) {
	for name, tc := range map[string]struct {
		payload, limit int
		want           []int
	}{
		"small":   {10, 10, []int{10, 10, 5}},
		"in one":  {10, 100, []int{25}},
		"exactly": {10, 25, []int{25, 0}},
		"large":   {storiesBytes/storiesAtOnce + 1, 25, []int{storiesAtOnce, storiesAtOnce, storiesAtOnce, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			b := &backend{}
			for i := range 25 {
				record := router.Record{}
				record.Event.ID = fmt.Sprintf("e-%02d", 99-i)
				record.Event.Payload = json.RawMessage(`"` + strings.Repeat("x", tc.payload) + `"`)
				b.records = append(b.records, record)
			}
			shelf := &shelf{backend: b}
			client := serve(t, New(shelf, http.NotFoundHandler(), zerolog.Nop()))
			filter := Filter{Limit: tc.limit, Type: "ORDER"}
			var sizes []int
			var seen []string
			for {
				page, err := client.Stories(t.Context(), filter)
				if err != nil {
					t.Fatal(err)
				}
				sizes = append(sizes, len(page.Stories))
				for _, s := range page.Stories {
					seen = append(seen, s.ID)
				}
				if filter.Before = page.Next; page.Next == "" {
					break
				}
			}
			if diff := cmp.Diff(tc.want, sizes); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
			if len(seen) != 25 || seen[0] != "e-99" || seen[24] != "e-75" {
				t.Errorf("saw %v", seen)
			}
			for _, n := range shelf.asked {
				if n > storiesAtOnce {
					t.Errorf("%d events in memory at a time", n)
				}
			}
		})
	}
}

func TestADryRunIsAnAnswer(t *testing.T) {
	b := &backend{diagnostics: []byte(`[{"severity":"error","summary":"s"}]`), text: "on line 3", why: "it has errors"}
	client := serve(t, New(b, http.NotFoundHandler(), zerolog.Nop()))
	run, err := client.DryRun(t.Context(), Reload{Force: true})
	if err != nil || !b.force || run.Refused != "it has errors" || len(run.Diagnostics) != 1 || run.Text != "on line 3" {
		t.Errorf("got %+v, %v", run, err)
	}
	b.changed = errors.New("no journal")
	if _, err := client.DryRun(t.Context(), Reload{}); err == nil || !strings.Contains(err.Error(), "no journal") {
		t.Errorf("got %v", err)
	}
}

func TestPlanIsWhatTheDaemonRoutesBy(t *testing.T) {
	want := Plan{Digest: "d1", Snapshot: json.RawMessage(`{"version":2}`), Sources: []PlanSource{{Name: "appdirect.acme", AcceptUnrouted: true}}}
	client := serve(t, New(&backend{present: want}, http.NotFoundHandler(), zerolog.Nop()))
	got, err := client.Plan(t.Context())
	if err != nil || !cmp.Equal(&want, got) {
		t.Errorf("got %+v, %v", got, err)
	}
}
