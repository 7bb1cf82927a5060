package subscriptionbridge_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/plugins/subscriptionbridge"
	"github.com/signalbox/signalbox/sdk/sdktest"
)

func TestCallback(t *testing.T) {
	s, got := counterpart(t, answer{status: 200, body: "OK\r\n"}, 0)
	c := start(t, s.URL, nil)
	for _, tc := range []struct {
		name        string
		input       map[string]any
		path, wants string
	}{
		{"a code", map[string]any{"guid": "G & 1", "event_code": "sb_n_4c"}, "/callback", "sb_n_4c"},
		{"a code of unknown letter", map[string]any{"guid": "G & 1", "event_code": "sb_n_10z"}, "/callback", "sb_n_10z"},
		{"paid", map[string]any{"guid": "G & 1", "template": "paid"}, "/callback", "sb_n_6b"},
		{"an Action", map[string]any{"guid": "G & 1", "template": "Balance_Due_Final"}, "/callback", "sb_n_7b"},
		{"another address", map[string]any{"guid": "G & 1", "template": "paid", "callback_url": s.URL + "/other?store=2"}, "/other", "sb_n_6b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := c.Handle("callback", tc.input)
			want := sdktest.Outcome{Kind: sdktest.Succeeded, Output: json.RawMessage(`{"body":"OK\r\n","status":200,"suppressed":false}`)}
			if diff := cmp.Diff(want, o); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			wantPost := request{tc.path, "text/xml", prolog + "<SB_Callback><GUID>G &amp; 1</GUID><Guid>G &amp; 1</Guid><Event_Code>" + tc.wants + "</Event_Code></SB_Callback>"}
			if diff := cmp.Diff(wantPost, <-got, cmp.AllowUnexported(request{})); diff != "" {
				t.Errorf("the post (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCallbackOutcomes(t *testing.T) {
	ok := func(body string) sdktest.Outcome {
		output, err := json.Marshal(map[string]any{"body": body, "status": 200, "suppressed": false})
		if err != nil {
			t.Fatal(err)
		}
		return sdktest.Outcome{Kind: sdktest.Succeeded, Output: output}
	}
	complained := sdktest.Outcome{Kind: sdktest.Rejected, Code: "receiver_error", Public: "The shop did not accept the message."}
	refused := sdktest.Outcome{Kind: sdktest.Rejected, Code: "refused", Public: "The request was refused."}
	retry, unknown := sdktest.Outcome{Kind: sdktest.Retry}, sdktest.Outcome{Kind: sdktest.Unknown}
	s, answers := moody(t)
	c := start(t, s.URL, nil)
	for name, tc := range map[string]struct {
		answer answer
		want   sdktest.Outcome
	}{
		"nothing":                {answer{status: 200}, ok("")},
		"a page":                 {answer{status: 200, body: "<html>error</html>"}, ok("<html>error</html>")},
		"no error":               {answer{status: 200, body: "No error"}, ok("No error")},
		"errors counted":         {answer{status: 200, body: "Errors: 0"}, ok("Errors: 0")},
		"a long answer":          {answer{status: 200, body: strings.Repeat("x", 5000)}, ok(strings.Repeat("x", 4096))},
		"a complaint":            {answer{status: 200, body: "XML Error: 2"}, complained},
		"another complaint":      {answer{status: 200, body: "\r\nerror - no such order"}, complained},
		"a script's failure":     {answer{status: 500, body: "Server Error"}, unknown},
		"a gateway's failure":    {answer{status: 504}, unknown},
		"unavailable":            {answer{status: 503, header: http.Header{"Retry-After": {"9"}}}, sdktest.Outcome{Kind: sdktest.Retry, After: 9 * time.Second}},
		"too many":               {answer{status: 429}, retry},
		"lost":                   {answer{lost: true}, unknown},
		"a locked door":          {answer{status: 401}, sdktest.Outcome{Kind: sdktest.Retry, NeedsOperator: true}},
		"a page that went away":  {answer{status: 404}, refused},
		"a page that went aside": {answer{status: 301, header: http.Header{"Location": {"/x"}}}, sdktest.Outcome{Kind: sdktest.Rejected, Code: "redirected", Public: "The request could not be passed on."}},
	} {
		t.Run(name, func(t *testing.T) {
			answers.Store(&tc.answer)
			got := c.Handle("callback", map[string]any{"guid": "g", "template": "paid"})
			if (got.Detail == "") != (got.Kind == sdktest.Succeeded) {
				t.Errorf("the operator is told %q", got.Detail)
			}
			got.Detail = ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCallbackInput(t *testing.T) {
	s, got := counterpart(t, answer{status: 200}, 0)
	c := start(t, s.URL, nil)
	for name, tc := range map[string]struct {
		input map[string]any
		want  string
	}{
		"neither":                  {map[string]any{"guid": "g"}, "either event_code or template"},
		"both":                     {map[string]any{"guid": "g", "event_code": "sb_n_6b", "template": "paid"}, "either event_code or template"},
		"a code in capitals":       {map[string]any{"guid": "g", "event_code": "SB_N_6B"}, `did you mean "sb_n_6b"?`},
		"a code's end":             {map[string]any{"guid": "g", "event_code": "4c"}, `did you mean "sb_n_4c"?`},
		"a code like no other":     {map[string]any{"guid": "g", "event_code": "paid"}, "such as sb_n_1a"},
		"a template like no other": {map[string]any{"guid": "g", "template": "Paid"}, "there are paid, Trial_Ending_Reminder"},
		"no guid":                  {map[string]any{"guid": "", "template": "paid"}, "the guid is empty"},
		"an unusable address":      {map[string]any{"guid": "g", "template": "paid", "callback_url": "ftp://x"}, "the callback_url is unusable"},
		"a wrong type":             {map[string]any{"guid": "g", "template": 1}, "reading the input"},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.Handle("callback", tc.input)
			if o.Kind != sdktest.Rejected || o.Code != "invalid_input" || !strings.Contains(o.Detail, tc.want) || len(got) > 0 {
				t.Errorf("got %s after %d posts", o, len(got))
			}
		})
	}
}

func TestCheck(t *testing.T) {
	s, got := counterpart(t, answer{status: 200}, 0)
	c := start(t, s.URL, nil)
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if r := <-got; r.path != "/sb/GetTimeRequest" || len(got) > 0 {
		t.Errorf("it posted to %s, and %d more", r.path, len(got))
	}
	s.Close()
	if err := c.Check(); err == nil {
		t.Error("nobody is there, and the check succeeds")
	}
	if err := sdktest.Start(t, subscriptionbridge.New(), map[string]any{"callback_url": s.URL}).Check(); err == nil {
		t.Error("no receiver is there, and the check succeeds")
	}
	if err := sdktest.Start(t, subscriptionbridge.New(), map[string]any{}).Check(); err != nil {
		t.Errorf("with nothing to check: %v", err)
	}
	sdktest.AssertLeaksNoSecret(t, c)
}

func TestCheckComparesClocks(t *testing.T) {
	s, _ := counterpart(t, answer{status: 200}, time.Hour)
	if err := start(t, s.URL, nil).Check(); err == nil || !strings.Contains(err.Error(), "server_time = true") {
		t.Errorf("an hour apart: %v", err)
	}
	server := map[string]any{"url": s.URL + "/sb", "username": "u", "password": "p", "api_key": "k", "server_time": true}
	if err := start(t, s.URL, map[string]any{"server": server}).Check(); err != nil {
		t.Errorf("an hour apart, and the server's time is taken: %v", err)
	}
}

func TestValidate(t *testing.T) {
	c := start(t, "https://example.com", nil)
	server := func(url string) map[string]any {
		return map[string]any{"url": url, "username": "u", "password": "secret-0", "api_key": "secret-1"}
	}
	for name, tc := range map[string]struct {
		config map[string]any
		path   string
	}{
		"good":                    {map[string]any{"callback_url": "https://example.com/cb.asp?a=b", "server": server("https://example.com/sb")}, ""},
		"nothing":                 {map[string]any{}, ""},
		"a callback without host": {map[string]any{"callback_url": "https:///x"}, "callback_url"},
		"a server with a query":   {map[string]any{"server": server("https://example.com/?a=b")}, "server.url"},
		"a call's address":        {map[string]any{"server": server("https://example.com/sb/eventrequest/")}, "server.url"},
		"a wrong type":            {map[string]any{"callback_url": 1}, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, d := range c.Validate(tc.config) {
				got = append(got, strings.Join(d.Path, "."))
			}
			if strings.Join(got, " ") != strings.Trim(tc.path, "-") || (len(got) > 0) != (tc.path != "") {
				t.Errorf("complains about %q, want %q", got, tc.path)
			}
		})
	}
	sdktest.AssertLeaksNoSecret(t, c, "secret-0", "secret-1")
}

func TestConform(t *testing.T) {
	s, _ := counterpart(t, answer{status: 200, body: success}, 0)
	sdktest.Conform(t, sdktest.Subject{
		Plugin: subscriptionbridge.New(),
		Config: map[string]any{"callback_url": s.URL, "server": map[string]any{"url": s.URL + "/sb", "username": "u", "password": "p-0123", "api_key": "k-0123", "server_time": true}},
		Samples: []sdktest.Sample{
			{Action: "callback", Input: map[string]any{"guid": "g", "event_code": "sb_n_6b"}},
			{Action: "event_request", Input: balanceDue},
			{Action: "notification_request", Input: balanceDue},
		},
	})
}
