package subscriptionbridge

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

func post(path string) *http.Request { return httptest.NewRequest(http.MethodPost, path, nil) }

func call(change func(*EventRequest)) []byte {
	r := EventRequest{Username: testUsername, Token: testToken(), GUID: "TULIP02182026", Action: "Balance_Due_Final"}
	if change != nil {
		change(&r)
	}
	return r.Encode()
}

func TestReceive(t *testing.T) {
	s := newTestSource(t, "")
	n, res, err := s.Receive(post("/sb/EventRequest"), call(nil))
	if err != nil || res != nil {
		t.Fatalf("response %+v, error %v, want a notice", res, err)
	}
	want := router.Notice{
		Source:     "subscriptionbridge.shop",
		Key:        "tulip-shop|TULIP02182026|Balance_Due_Final",
		Base:       "tulip-shop",
		Token:      "TULIP02182026",
		Credential: "tulip-shop",
		Format:     "EventResponse",
		Body:       call(func(r *EventRequest) { r.Token = "***" }),
		Received:   testNow(),
	}
	if diff := cmp.Diff(want, n); diff != "" {
		t.Errorf("notice (-want +got):\n%s", diff)
	}
	if bytes.Contains(n.Body, []byte(testToken())) {
		t.Error("the notice holds the token")
	}
}

func TestReceivePaths(t *testing.T) {
	s := newTestSource(t, "")
	for _, tc := range []struct {
		path string
		want bool
	}{
		{"/sb/EventRequest", true},
		{"/sb/eventrequest", true},
		{"/sb/EVENTREQUEST/", true},
		{"/sb/Notifications/Service1.svc/EventRequest", true},
		{"/sb/NotificationRequest", true}, // the root element decides
		{"/sb/notificationREQUEST", true},
		{"/sb/GetTimeRequest", true},
		{"/sb/", false},
		{"/sb/EventRequest/x", false},
		{"/sb/EventRequest2", false},
	} {
		t.Run(tc.path, func(t *testing.T) {
			n, res, err := s.Receive(post(tc.path), call(nil))
			if got := n.Key != ""; got != tc.want || (err == nil) != tc.want {
				t.Fatalf("notice %v, error %v, want a notice: %v", got, err, tc.want)
			}
			if !tc.want && res.Status != http.StatusInternalServerError {
				t.Errorf("status %d, want 500", res.Status)
			}
		})
	}
}

func TestReceiveRefuses(t *testing.T) {
	s := newTestSource(t, "")
	for _, tc := range []struct {
		name       string
		body       []byte
		status     int
		code, want string
	}{
		{"wrong token", call(func(r *EventRequest) { r.Token = strings.Repeat("0", 40) }), 200, "10002",
			"fits no minute from 2026-03-01T08:58:00 to 2026-03-01T09:01:00 UTC"},
		{"no token", call(func(r *EventRequest) { r.Token = "" }), 200, "10002", "Token is missing"},
		{"another username", call(func(r *EventRequest) { r.Username = "Tulip-Shop" }), 200, "10002", "none that is configured"},
		{"no username", call(func(r *EventRequest) { r.Username = " " }), 200, "10002", "Username is missing"},
		{"no GUID", call(func(r *EventRequest) { r.GUID = "\r\n" }), 200, "10003", "GUID is missing"},
		{"a GUID without end", call(func(r *EventRequest) { r.GUID = strings.Repeat("x", maxGUID+1) }), 200, "10004", "longer than 128"},
		{"no Action", call(func(r *EventRequest) { r.Action = "" }), 200, "10003", "Action is missing"},
		{"another Action", call(func(r *EventRequest) { r.Action = "balance_due" }), 200, "10004", `"balance_due" is unknown`},
		{"no document", []byte("hello"), 500, "10004", "text outside"},
		{"another root", []byte("<SubscriptionRequest/>"), 500, "10004", "root element"},
		{"a root in another case", []byte("<eventrequest/>"), 500, "10004", "root element"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, res, err := s.Receive(post("/sb/EventRequest"), tc.body)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
			if res == nil || n.Key != "" {
				t.Fatalf("notice %+v, want a refusal", n)
			}
			a, err := DecodeAnswer(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.Status != tc.status || a.Status != StatusError || a.ErrorCode != tc.code {
				t.Errorf("answered %d %+v, want %d with code %s", res.Status, a, tc.status, tc.code)
			}
		})
	}
}

// Somebody who can't sign learns nothing of what would be accepted.
func TestReceiveAuthenticatesFirst(t *testing.T) {
	_, res, err := newTestSource(t, "").Receive(post("/sb/EventRequest"), call(func(r *EventRequest) { r.Token, r.Action = "", "x" }))
	if err == nil || !bytes.Contains(res.Body, []byte("10002")) {
		t.Errorf("answered %s (%v), want code 10002", res.Body, err)
	}
}

func TestReceiveWantsPost(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/sb/EventRequest", nil)
	_, res, err := newTestSource(t, "").Receive(r, nil)
	if err == nil || res == nil || res.Status != http.StatusMethodNotAllowed || res.Header.Get("Allow") != http.MethodPost {
		t.Errorf("answered %+v (%v), want 405", res, err)
	}
}

func TestReceiveDuringRotation(t *testing.T) {
	s := newTestSource(t, `, "previous_password": "daffodil-9", "previous_api_key": "0A0A"`)
	for _, token := range []string{
		testToken(),
		Token([]byte("daffodil-9"), []byte(testKey), testNow()),
		Token([]byte(testPassword), []byte("0A0A"), testNow()),
		strings.ToUpper(Token([]byte("daffodil-9"), []byte("0A0A"), testNow())),
	} {
		if _, _, err := s.Receive(post("/sb/EventRequest"), call(func(r *EventRequest) { r.Token = token })); err != nil {
			t.Errorf("a token of two good secrets is refused: %v", err)
		}
	}
}

func TestReceiveTellsTheTime(t *testing.T) {
	for _, body := range []string{
		prolog + "\r\n<GetTimeRequest>\r\n<Username></Username>\r\n</GetTimeRequest>\r\n",
		prolog + "<GetTimeRequest><Username>anybody</Username></GetTimeRequest>",
		"<GetTimeRequest/>",
	} {
		n, res, err := newTestSource(t, "").Receive(post("/sb/GetTimeRequest"), []byte(body))
		if err != nil || n.Key != "" || res == nil {
			t.Fatalf("notice %+v, response %+v, error %v, want an answer", n, res, err)
		}
		const want = prolog + "<GetTimeResponse><CurrentTime>2026-03-01T09:00:00</CurrentTime></GetTimeResponse>"
		if diff := cmp.Diff(want, string(res.Body)); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	}
}

func TestFetch(t *testing.T) {
	s := newTestSource(t, "")
	for _, tc := range []struct{ action, extra string }{
		{"Trial_Ending_Reminder", `{"action":{"kind":"Trial_Ending_Reminder","final":false}}`},
		{"Trial_Ending_Reminder_Final", `{"action":{"kind":"Trial_Ending_Reminder","final":true}}`},
		{"Balance_Due", `{"action":{"kind":"Balance_Due","final":false}}`},
		{"Balance_Due_Final", `{"action":{"kind":"Balance_Due","final":true}}`},
		{"Subscription_Canceled", `{"action":{"kind":"Subscription_Canceled","final":false}}`},
	} {
		t.Run(tc.action, func(t *testing.T) {
			n, _, err := s.Receive(post("/sb/EventRequest"), call(func(r *EventRequest) { r.Action = tc.action }))
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Fetch(context.Background(), n)
			if err != nil {
				t.Fatal(err)
			}
			want := router.Event{
				Source: "subscriptionbridge.shop", Type: tc.action, Received: testNow(),
				Lane:       "subscriptionbridge.shop|tulip-shop|TULIP02182026",
				Payload:    []byte(`{"guid":"TULIP02182026","action":"` + tc.action + `"}`),
				Extra:      []byte(tc.extra),
				Attributes: []byte(`{"store":{"username":"tulip-shop"}}`),
				Raw:        n.Body, Notice: n,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFetchOfWhatWasNeverReceived(t *testing.T) {
	for _, body := range [][]byte{nil, []byte("<EventRequest/>"), []byte("x")} {
		_, err := newTestSource(t, "").Fetch(context.Background(), router.Notice{Body: body})
		var fe *router.FetchError
		if !errors.As(err, &fe) || fe.Kind != router.FetchRefused {
			t.Errorf("Fetch of %q: %v, want a refusal", body, err)
		}
	}
}
