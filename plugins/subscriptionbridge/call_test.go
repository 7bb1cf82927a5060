package subscriptionbridge_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/plugins/subscriptionbridge"
	"github.com/signalbox/signalbox/sdk"
	"github.com/signalbox/signalbox/sdk/sdktest"
)

var balanceDue = map[string]any{"guid": "TULIP<02182026>", "action": "Balance_Due"}

func TestCalls(t *testing.T) {
	s, got := counterpart(t, answer{status: 200, body: prolog + success}, 0)
	c := start(t, s.URL, nil)
	for _, tc := range []struct{ action, path, want string }{
		{"event_request", "/sb/EventRequest", `<EventRequest><Username>tulip &amp; bulb</Username><Token/><GUID>TULIP&lt;02182026&gt;</GUID><Action>Balance_Due</Action></EventRequest>`},
		{"notification_request", "/sb/NotificationRequest", `<NotificationRequest><Username>tulip &amp; bulb</Username><Token/><Guid>TULIP&lt;02182026&gt;</Guid><Action>Balance_Due</Action></NotificationRequest>`},
	} {
		t.Run(tc.action, func(t *testing.T) {
			before := minute(0)
			o := c.Handle(tc.action, balanceDue)
			r := <-got
			tokenIsOf(t, r.body, before, minute(0))
			want := request{tc.path, "text/xml", prolog + tc.want}
			r.body = tokenElement.ReplaceAllString(r.body, "<Token/>")
			if diff := cmp.Diff(want, r, cmp.AllowUnexported(request{})); diff != "" {
				t.Errorf("the call (-want +got):\n%s", diff)
			}
			wantOutcome := sdktest.Outcome{Kind: sdktest.Succeeded, Output: json.RawMessage(`{"status":"Success","suppressed":false,"timestamp":"2026-03-01T09:00:07"}`)}
			if diff := cmp.Diff(wantOutcome, o); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
	sdktest.AssertLeaksNoSecret(t, c)
}

func TestServerTime(t *testing.T) {
	s, got := counterpart(t, answer{status: 200, body: success}, time.Hour) // as Magento's is
	config := map[string]any{"server": map[string]any{
		"url": s.URL + "/sb/", "username": "u", "password": password, "api_key": apiKey, "server_time": true,
	}}
	before := minute(time.Hour)
	if o := sdktest.Start(t, subscriptionbridge.New(), config).Handle("event_request", balanceDue); o.Kind != sdktest.Succeeded {
		t.Fatalf("got %s", o)
	}
	asked := <-got
	if diff := cmp.Diff(request{"/sb/GetTimeRequest", "text/xml", prolog + "<GetTimeRequest><Username>u</Username></GetTimeRequest>"}, asked, cmp.AllowUnexported(request{})); diff != "" {
		t.Errorf("the question (-want +got):\n%s", diff)
	}
	tokenIsOf(t, (<-got).body, before, minute(time.Hour))

	for name, body := range map[string]string{
		"no time": "<GetTimeResponse/>", "no document": "Not here", "another time": "<GetTimeResponse><CurrentTime>noon</CurrentTime></GetTimeResponse>",
	} {
		t.Run(name, func(t *testing.T) {
			s, got := counterpart(t, answer{status: http.StatusTeapot, body: body}, 0)
			config["server"].(map[string]any)["url"] = s.URL + "/sb"
			c := sdktest.Start(t, subscriptionbridge.New(), config)
			if o := c.Handle("event_request", balanceDue); o.Kind != sdktest.Retry || len(got) != 1 {
				t.Errorf("got %s after %d posts", o, len(got))
			}
			sdktest.AssertLeaksNoSecret(t, c)
		})
	}
}

func TestCallOutcomes(t *testing.T) {
	succeeded := func(output string) sdktest.Outcome {
		return sdktest.Outcome{Kind: sdktest.Succeeded, Output: json.RawMessage(output)}
	}
	rejected := func(code, public string) sdktest.Outcome {
		return sdktest.Outcome{Kind: sdktest.Rejected, Code: code, Public: public}
	}
	const notPassed, refused = "The request could not be passed on.", "The request was refused."
	retry, unknown := sdktest.Outcome{Kind: sdktest.Retry}, sdktest.Outcome{Kind: sdktest.Unknown}
	operator := sdktest.Outcome{Kind: sdktest.Retry, NeedsOperator: true}
	inError := func(code string) string {
		return "<EventResponse><Status>Error</Status><Timestamp/><Error><ErrorCode>" + code + "</ErrorCode><ErrorDetail>d</ErrorDetail></Error></EventResponse>"
	}
	s, answers := moody(t)
	c := start(t, s.URL, nil)
	for name, tc := range map[string]struct {
		answer answer
		want   sdktest.Outcome
	}{
		"an Ack":                   {answer{status: 200, body: "<NotificationResponse><Ack>Success</Ack></NotificationResponse>"}, succeeded(`{"status":"Success","suppressed":false}`)},
		"a warning":                {answer{status: 200, body: "<NotificationResponse><Ack>Warning</Ack><Message>later</Message></NotificationResponse>"}, succeeded(`{"message":"later","status":"Warning","suppressed":false}`)},
		"both":                     {answer{status: 200, body: "<EventResponse>\r\n<Status>Success</Status>\r\n<Ack> Success </Ack>\r\n</EventResponse>\r\n"}, succeeded(`{"status":"Success","suppressed":false}`)},
		"a contradiction":          {answer{status: 200, body: "<EventResponse><Status>Success</Status><Ack>Error</Ack></EventResponse>"}, rejected("refused", refused)},
		"an error":                 {answer{status: 200, body: inError("10004")}, rejected("error_10004", refused)},
		"an odd code":              {answer{status: 200, body: inError("X 1")}, rejected("refused", refused)},
		"an error for the user":    {answer{status: 200, body: "<NotificationResponse><Ack>Error</Ack><Message>No such plan.</Message></NotificationResponse>"}, rejected("refused", "No such plan.")},
		"an error alone":           {answer{status: 200, body: "<Error><ErrorCode>10003</ErrorCode><ErrorDetail>d</ErrorDetail></Error>"}, rejected("error_10003", refused)},
		"not authenticated":        {answer{status: 200, body: inError("10002")}, operator},
		"not authenticated, alone": {answer{status: 200, body: "<Error><ErrorCode>10002</ErrorCode></Error>"}, operator},
		"not now":                  {answer{status: 200, body: inError("10101"), header: http.Header{"Retry-After": {"7"}}}, sdktest.Outcome{Kind: sdktest.Retry, After: 7 * time.Second}},
		"complete failure":         {answer{status: 500, body: "<ErrorResponse><ErrorCode>10004</ErrorCode><Timestamp/></ErrorResponse>"}, retry},
		"another status":           {answer{status: 200, body: "<EventResponse><Status>Perhaps</Status></EventResponse>"}, unknown},
		"no status":                {answer{status: 200, body: "<EventResponse/>"}, unknown},
		"the time":                 {answer{status: 200, body: "<GetTimeResponse><CurrentTime>t</CurrentTime></GetTimeResponse>"}, unknown},
		"another root":             {answer{status: 200, body: "<html/>"}, unknown},
		"no document":              {answer{status: 200, body: "Success"}, unknown},
		"nothing":                  {answer{status: 204}, unknown},
		"an endless answer":        {answer{status: 200, body: "<EventResponse>" + strings.Repeat(" ", 1<<20) + "<Status>Success</Status></EventResponse>"}, unknown},
		"a server's failure":       {answer{status: 500, body: "Server Error in '/' Application."}, unknown},
		"a gateway's failure":      {answer{status: 502, body: "Bad Gateway"}, unknown},
		"unavailable":              {answer{status: 503, header: http.Header{"Retry-After": {"5"}}}, sdktest.Outcome{Kind: sdktest.Retry, After: 5 * time.Second}},
		"too many":                 {answer{status: 429}, retry},
		"no way in":                {answer{status: 403}, operator},
		"nobody there":             {answer{status: 404, body: "404 page not found"}, rejected("refused", refused)},
		"redirected":               {answer{status: 302, header: http.Header{"Location": {"/x"}}}, rejected("redirected", notPassed)},
		"lost":                     {answer{lost: true}, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			answers.Store(&tc.answer)
			got := c.Handle("event_request", balanceDue)
			if (got.Detail == "") != (got.Kind == sdktest.Succeeded) {
				t.Errorf("the operator is told %q", got.Detail)
			}
			got.Detail = ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	sdktest.AssertLeaksNoSecret(t, c)
}

// TestNobodyToCall: what never left is tried again. A server that closes would
// not do: a connection to it may be left over, and end in the midst of a call.
func TestNobodyToCall(t *testing.T) {
	const closed = "http://127.0.0.1:1"
	c := start(t, closed, nil)
	if o := c.Handle("event_request", balanceDue); o.Kind != sdktest.Retry || strings.Contains(o.Detail, closed) {
		t.Errorf("without a connection: %s", o)
	}
	sdktest.AssertLeaksNoSecret(t, c)
}

func TestCallInput(t *testing.T) {
	s, got := counterpart(t, answer{status: 200, body: success}, 0)
	c := start(t, s.URL, nil)
	for name, input := range map[string]map[string]any{
		"no guid":        {"guid": " ", "action": "Balance_Due"},
		"a long guid":    {"guid": strings.Repeat("x", 129), "action": "Balance_Due"},
		"another action": {"guid": "g", "action": "balance_due"},
		"a wrong type":   {"guid": 1, "action": "Balance_Due"},
	} {
		t.Run(name, func(t *testing.T) {
			if o := c.Handle("event_request", input); o.Kind != sdktest.Rejected || o.Code != "invalid_input" || len(got) > 0 {
				t.Errorf("got %s after %d posts", o, len(got))
			}
		})
	}
	unconfigured := sdktest.Start(t, subscriptionbridge.New(), map[string]any{})
	for action, input := range map[string]map[string]any{"event_request": balanceDue, "callback": {"guid": "g", "template": "paid"}} {
		if o := unconfigured.Handle(action, input); o.Kind != sdktest.Retry || !o.NeedsOperator {
			t.Errorf("%s without a configuration: got %s", action, o)
		}
	}
}

func TestDevelopment(t *testing.T) {
	s, got := counterpart(t, answer{status: 200, body: success}, 0)
	event := sdktest.Event(sdk.Event{ID: "e", Flag: "DEVELOPMENT", Received: time.Unix(1700000000, 0).UTC(), Payload: json.RawMessage("{}"), Attributes: json.RawMessage("{}")})
	inputs := map[string]map[string]any{"event_request": balanceDue, "notification_request": balanceDue, "callback": {"guid": "g", "template": "paid"}}
	c, sends := start(t, s.URL, nil), start(t, s.URL, map[string]any{"development": true})
	for action, input := range inputs {
		if o := c.Handle(action, input, event); string(o.Output) != `{"suppressed":true}` || len(got) > 0 {
			t.Errorf("%s: got %s after %d posts", action, o, len(got))
		}
	}
	for action, input := range inputs {
		if o := sends.Handle(action, input, event); o.Kind != sdktest.Succeeded || len(got) != 1 {
			t.Errorf("%s: got %s after %d posts, and is told to send", action, o, len(got))
		}
		<-got
	}
}
