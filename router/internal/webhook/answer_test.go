package webhook

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

func TestReply(t *testing.T) {
	for name, tc := range map[string]struct {
		event   router.Event
		verdict router.Verdict
		want    router.Response
	}{
		"success": {router.Event{ID: "e1"}, router.Verdict{Kind: router.Success},
			router.Response{Status: 200, Body: []byte(`{"id":"e1","status":"success"}`)}},
		"success with a message": {router.Event{ID: "e1"}, router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{"message":"Thanks."}`)},
			router.Response{Status: 200, Body: []byte(`{"id":"e1","status":"success","message":"Thanks."}`)}},
		"warning": {router.Event{ID: "e1"}, router.Verdict{Kind: router.Warning},
			router.Response{Status: 200, Body: []byte(`{"id":"e1","status":"warning"}`)}},
		"accepted": {router.Event{ID: "e1"}, router.Verdict{Kind: router.Accepted},
			router.Response{Status: 202, Body: []byte(`{"id":"e1","status":"accepted"}`)}},
		"rejected": {router.Event{ID: "e1"}, router.Verdict{Kind: router.Error, Code: "card_declined", Message: "The card was declined."},
			router.Response{Status: 422, Body: []byte(`{"id":"e1","status":"error","code":"card_declined","message":"The card was declined."}`)}},
		"unrouted": {router.Event{ID: "e1"}, router.Verdict{Kind: router.Error, Code: router.CodeUnrouted},
			router.Response{Status: 422, Body: []byte(`{"id":"e1","status":"error","code":"signalbox.unrouted","message":"The event could not be processed."}`)}},
		"not now": {router.Event{}, router.Verdict{Kind: router.NotNow},
			router.Response{Status: 503, Header: http.Header{"Retry-After": {"5"}},
				Body: []byte(`{"status":"not now","message":"The event was not taken in. Please send it again later."}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, Kind(), anybody, names())
			got := s.Reply(&tc.event, tc.verdict)
			if tc.want.Header == nil {
				tc.want.Header = http.Header{}
			}
			tc.want.Header.Set("Content-Type", "application/json")
			tc.want.Body = append(tc.want.Body, '\n')
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("the answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatTheRouterAsks(t *testing.T) {
	s := open(t, Kind(), `{"unauthenticated":true,"reply_within":"3s"}`, names())
	if got := s.Limits("any"); got.ReplyWithin.String() != "3s" || got.Late != router.LateAccepted || got.DedupeWindow != 0 {
		t.Errorf("limits %+v", got)
	}
	if got := s.Callback(t.Context(), nil, router.Verdict{}); got.Kind != router.Rejected {
		t.Errorf("callback %+v", got)
	}
	if got := s.MissingReply(nil, nil); got != "" {
		t.Errorf("missing %q", got)
	}
}
