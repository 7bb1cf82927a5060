package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

func TestReplayPreview(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*router.Story)
		body   string
		status int
		want   string
	}{
		"what did not succeed": {body: `{"preview":true}`, status: 200, want: `{"deliveries":["order/customer"],"warnings":[]}`},
		"one that is named":    {body: `{"preview":true,"deliveries":["order/welcome"]}`, status: 200, want: `{"deliveries":["order/welcome"],"warnings":["order/welcome has succeeded before: it takes effect once more"]}`},
		"one that waits":       {body: `{"preview":true,"deliveries":["order/company"]}`, status: 409, want: `{"error":"` + router.ErrNothingToReplay.Error() + `"}`},
		"one of two waits":     {body: `{"preview":true,"deliveries":["order/company","order/welcome"]}`, status: 200, want: `{"deliveries":["order/welcome"],"warnings":["order/company is still waiting: it is left alone","order/welcome has succeeded before: it takes effect once more"]}`},
		"an open event":        {change: func(s *router.Story) { s.State.Phase = router.Open }, body: `{"preview":true}`, status: 409, want: `{"error":"only held and settled events can be replayed; what waits for its next try is done now by: signalbox events retry ID"}`},
		"no payload":           {change: func(s *router.Story) { s.Emptied = true }, body: `{"preview":true}`, status: 409, want: `{"error":"` + router.ErrPayloadGone.Error() + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := &backend{story: order()}
			if test.change != nil {
				test.change(b.story)
			}
			w := request(b, http.MethodPost, "/v1/events/"+orderID+"/replay", test.body)
			if got := strings.TrimSpace(w.Body.String()); w.Code != test.status || got != test.want || b.asked != 0 {
				t.Errorf("%d %s, %d changes; want %d %s", w.Code, got, b.asked, test.status, test.want)
			}
		})
	}
}

func TestDiscard(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*router.State)
		want   Discarded
		no     string
	}{
		"held": {want: Discarded{Deliveries: []string{"order/company"}, Warnings: []string{"its caller is never told what became of the event"}}},
		"accepted for good": {
			change: func(s *router.State) { s.Told = router.ToldAccepted },
			want:   Discarded{Deliveries: []string{"order/company"}, Warnings: []string{"its caller was told that the event is accepted, and is told nothing more"}},
		},
		"open": {
			change: func(s *router.State) {
				s.Phase = router.Open
				s.Deliveries[0].Status, s.Deliveries[2].Status = router.Parked, router.Running
			},
			want: Discarded{Deliveries: []string{"order/customer", "order/company", "order/welcome"}, Warnings: []string{
				"its caller is never told what became of the event", "order/customer may have run: look at what it has done",
				"order/welcome is running: its attempt goes on, and is the last",
			}},
		},
		"settled, a callback parked": {
			change: func(s *router.State) {
				s.Phase, s.Verdict, s.Callback.Status = router.Settled, &router.Verdict{Kind: router.Error}, router.CallbackParked
				s.Deliveries = s.Deliveries[2:]
			},
			want: Discarded{Deliveries: []string{}, Warnings: []string{"its caller is not called back: it does not learn the verdict, error"}},
		},
		"finished": {
			change: func(s *router.State) {
				s.Phase, s.Verdict, s.Told = router.Settled, &router.Verdict{Kind: router.Error}, router.ToldReplied
				s.Deliveries = s.Deliveries[2:]
			},
			no: "nothing of it is left to discard",
		},
	} {
		for _, preview := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, preview %t", name, preview), func(t *testing.T) {
				b := &backend{story: order()}
				if test.change != nil {
					test.change(&b.story.State)
				}
				w := request(b, http.MethodPost, "/v1/events/"+orderID+"/discard", fmt.Sprintf(`{"reason":"a test","preview":%t}`, preview))
				if test.no != "" {
					if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), test.no) || b.asked != 0 {
						t.Errorf("%d %s", w.Code, w.Body)
					}
					return
				}
				var done Discarded
				if err := json.Unmarshal(w.Body.Bytes(), &done); err != nil || w.Code != http.StatusOK {
					t.Fatalf("%d %v %s", w.Code, err, w.Body)
				}
				if diff := cmp.Diff(test.want, done); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if preview == (b.asked == 1) || !preview && b.why != "a test" {
					t.Errorf("%d changes, because of %q", b.asked, b.why)
				}
			})
		}
	}
}

func TestRetry(t *testing.T) {
	parked := func(s *router.State) {
		s.Deliveries = s.Deliveries[:1]
		s.Deliveries[0].Status = router.Parked
	}
	for name, test := range map[string]struct {
		change func(*router.State)
		want   Retried
		no     string
	}{
		"a delivery": {change: parked, want: Retried{Deliveries: []string{"order/customer"}, Warnings: []string{}}},
		"a plugin that is down": {
			change: func(s *router.State) { parked(s); s.Deliveries[0].PausedAt = time.Now() },
			want: Retried{Deliveries: []string{"order/customer"}, Warnings: []string{
				"order/customer waits for its plugin: as long as that is down, it goes on to wait",
			}},
		},
		"a callback that was given up": {
			change: func(s *router.State) {
				s.Phase, s.Callback.Status, s.Deliveries = router.Settled, router.CallbackExhausted, nil
			},
			want: Retried{Deliveries: []string{}, Callback: true, Warnings: []string{}},
		},
		"the fetch": {
			change: func(s *router.State) {
				s.Phase, s.Fetch.Due, s.Deliveries = router.Noticed, time.Now(), nil
			},
			want: Retried{Deliveries: []string{}, Fetch: true, Warnings: []string{}},
		},
		"nothing": {change: func(s *router.State) { s.Deliveries = nil }, no: "nothing of the event waits for its next try"},
	} {
		for _, preview := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, preview %t", name, preview), func(t *testing.T) {
				b := &backend{story: order()}
				test.change(&b.story.State)
				w := request(b, http.MethodPost, "/v1/events/"+orderID+"/retry", fmt.Sprintf(`{"preview":%t}`, preview))
				if test.no != "" {
					if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), test.no) || b.asked != 0 {
						t.Errorf("%d %s", w.Code, w.Body)
					}
					return
				}
				var done Retried
				if err := json.Unmarshal(w.Body.Bytes(), &done); err != nil || w.Code != http.StatusOK {
					t.Fatalf("%d %v %s", w.Code, err, w.Body)
				}
				if diff := cmp.Diff(test.want, done); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if preview == (b.asked == 1) {
					t.Errorf("%d changes", b.asked)
				}
			})
		}
	}
}

func TestReplayWarns(t *testing.T) {
	tests := map[string]struct {
		phase router.Phase
		body  Replay
		all   router.Status // of all deliveries, if not ""
		want  []string
	}{
		"held":                 {phase: router.Held, want: []string{}},
		"settled":              {phase: router.Settled, want: []string{"the event is settled: its effects may change, but the marketplace can't be told anew"}},
		"a fresh key":          {phase: router.Held, body: Replay{FreshKey: true}, want: []string{"order/customer may have run: with a fresh key it can take effect twice"}},
		"one that succeeded":   {phase: router.Held, body: Replay{Deliveries: []string{"order/welcome"}}, want: []string{"order/welcome has succeeded before: it takes effect once more"}},
		"an answer is lacking": {phase: router.Held, all: router.DoneSucceeded, want: []string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			story := order()
			story.State.Phase = test.phase
			for i := range story.State.Deliveries {
				if test.all != "" {
					story.State.Deliveries[i].Status = test.all
				}
			}
			b := &backend{story: story}
			body, _ := json.Marshal(test.body)
			w := request(b, http.MethodPost, "/v1/events/"+orderID+"/replay", string(body))
			var done Replayed
			if err := json.Unmarshal(w.Body.Bytes(), &done); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%d %v %s", w.Code, err, w.Body)
			}
			if diff := cmp.Diff(test.want, done.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.body, Replay{Deliveries: b.names, FreshKey: b.freshKey}); diff != "" {
				t.Errorf("asked of the daemon (-want +got):\n%s", diff)
			}
		})
	}
}
