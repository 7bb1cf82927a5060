package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/plugins/webhook"
	"github.com/signalbox/signalbox/sdk"
	"github.com/signalbox/signalbox/sdk/sdktest"
)

func TestMain(m *testing.M) { sdktest.Main(m, webhook.New()) }

// rawSecret is what secret holds in the specification's form.
const rawSecret = "0123456789abcdef0123456789abcdef"

var secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(rawSecret))

// request is a post as the receiver got it.
type request struct {
	header http.Header
	body   []byte
}

type answer struct {
	status int
	header http.Header
	body   string
	lost   bool
}

// receiver answers all posts alike and hands them over.
func receiver(t *testing.T, a answer) (*httptest.Server, <-chan request) {
	got := make(chan request, 16)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Header, body}
		if a.lost {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), a.header)
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(s.Close)
	return s, got
}

func start(t *testing.T, url string) *sdktest.Client {
	return sdktest.Start(t, webhook.New(), map[string]any{
		"url": url, "secret": secret, "headers": map[string]string{"Authorization": "Bearer 0123456789abcdef"},
	})
}

func TestPost(t *testing.T) {
	s, got := receiver(t, answer{status: 201, body: `{"account":"a-1"}`})
	c := start(t, s.URL)
	event := sdk.Event{ID: "event-1", Source: "appdirect.acme", Type: "SUBSCRIPTION_ORDER", Lane: "l",
		Received: time.Unix(1700000000, 0).UTC(), Payload: json.RawMessage(`{"order":{"editionCode":"PRO"}}`), Attributes: json.RawMessage(`{}`)}
	input := map[string]any{"data": map[string]any{"seats": 5}}
	options := []sdktest.Option{sdktest.Event(event), sdktest.Key("event-1/my route. v2/hook:0"), sdktest.Attempt(2)}
	o := c.Handle("post", input, options...)

	var output map[string]any
	if o.Kind != sdktest.Succeeded || o.Decode(&output) != nil {
		t.Fatalf("got %s", o)
	}
	want := map[string]any{"status": 201.0, "body": `{"account":"a-1"}`, "json": map[string]any{"account": "a-1"}}
	if diff := cmp.Diff(want, output); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}

	r := <-got
	var body map[string]any
	if err := json.Unmarshal(r.body, &body); err != nil {
		t.Fatal(err)
	}
	wantBody := map[string]any{
		"delivery": "event-1/my route. v2/hook", "attempt": 2.0, "data": map[string]any{"seats": 5.0},
		"event": map[string]any{"id": "event-1", "source": "appdirect.acme", "type": "SUBSCRIPTION_ORDER", "flag": "", "lane": "l",
			"received": "2023-11-14T22:13:20Z", "payload": map[string]any{"order": map[string]any{"editionCode": "PRO"}},
			"attributes": map[string]any{}, "caused_by": ""},
	}
	if diff := cmp.Diff(wantBody, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if auth := r.header.Get("Authorization"); auth != "Bearer 0123456789abcdef" {
		t.Errorf("Authorization: %q", auth)
	}
	verify(t, r)

	// A repeat is the same message at another time.
	c.Handle("post", input, options...)
	again := <-got
	verify(t, again)
	if a, b := r.header.Get("Webhook-Id"), again.header.Get("Webhook-Id"); a != b {
		t.Errorf("the repeat's id is %s, not %s", b, a)
	}
	sdktest.AssertLeaksNoSecret(t, c, rawSecret)
}

func TestSecretsGoApart(t *testing.T) {
	const answered = `{"account":"a-1","secrets":{"pass":"hunter2-answered"}}`
	s, got := receiver(t, answer{status: 200, body: answered})
	c := start(t, s.URL)
	o := c.Handle("post", map[string]any{"data": "d", "secrets": map[string]any{"pin": "hunter2-given"}})
	var output map[string]any
	if o.Kind != sdktest.Succeeded || o.Decode(&output) != nil {
		t.Fatalf("got %s", o)
	}
	want := map[string]any{
		"status": 200.0, "body": `{"account":"a-1"}`, "json": map[string]any{"account": "a-1"}, "secrets": map[string]any{"pass": "hunter2-answered"},
	}
	if diff := cmp.Diff(want, output); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if r := <-got; !strings.Contains(string(r.body), `"secrets":{"pin":"hunter2-given"}`) {
		t.Errorf("posted: %s", r.body)
	}
	refusing, _ := receiver(t, answer{status: 409, body: answered})
	if o := start(t, refusing.URL).Handle("post", map[string]any{}); o.Kind != sdktest.Rejected || strings.Contains(o.String(), "hunter2") {
		t.Errorf("got %s", o)
	}
}

// verify is what a receiver does (Standard Webhooks, "Verifying signatures").
func verify(t *testing.T, r request) {
	t.Helper()
	id, stamp := r.header.Get("Webhook-Id"), r.header.Get("Webhook-Timestamp")
	if id == "" || strings.Contains(id, ".") {
		t.Errorf("webhook-id: %q", id)
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if age := time.Since(time.Unix(seconds, 0)); err != nil || age < -time.Minute || age > time.Minute {
		t.Errorf("webhook-timestamp: %q", stamp)
	}
	mac := hmac.New(sha256.New, []byte(rawSecret))
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(r.body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if got := r.header.Get("Webhook-Signature"); got != want {
		t.Errorf("webhook-signature: %q, want %q", got, want)
	}
}

func TestOutcomes(t *testing.T) {
	refused := sdktest.Outcome{Kind: sdktest.Rejected, Code: "refused", Public: "The request was refused."}
	retry := sdktest.Outcome{Kind: sdktest.Retry}
	tests := map[string]struct {
		answer answer
		want   sdktest.Outcome
	}{
		"no content":        {answer{status: 204}, sdktest.Outcome{Kind: sdktest.Succeeded, Output: json.RawMessage(`{"status":204,"body":""}`)}},
		"text":              {answer{status: 200, body: "ok\xff"}, sdktest.Outcome{Kind: sdktest.Succeeded, Output: json.RawMessage(`{"status":200,"body":"ok�"}`)}},
		"time-out":          {answer{status: 408}, retry},
		"too early":         {answer{status: 425}, retry},
		"too many":          {answer{status: 429, header: http.Header{"Retry-After": {"90"}}}, sdktest.Outcome{Kind: sdktest.Retry, After: 90 * time.Second}},
		"server error":      {answer{status: 500}, retry},
		"unavailable":       {answer{status: 503, header: http.Header{"Retry-After": {"5"}}}, sdktest.Outcome{Kind: sdktest.Retry, After: 5 * time.Second}},
		"lost":              {answer{lost: true}, sdktest.Outcome{Kind: sdktest.Unknown}},
		"unauthorized":      {answer{status: 401}, sdktest.Outcome{Kind: sdktest.Retry, NeedsOperator: true}},
		"bad request":       {answer{status: 400, body: "no"}, refused},
		"gone":              {answer{status: 410}, refused},
		"redirect":          {answer{status: 307, header: http.Header{"Location": {"/elsewhere"}}}, sdktest.Outcome{Kind: sdktest.Rejected, Code: "redirected", Public: "The request could not be passed on."}},
		"its own code":      {answer{status: 409, body: `{"code":"max_users","public_message":"All seats are taken."}`}, sdktest.Outcome{Kind: sdktest.Rejected, Code: "max_users", Public: "All seats are taken."}},
		"its own bad code":  {answer{status: 409, body: `{"code":"MAX USERS"}`}, refused},
		"code of a number":  {answer{status: 409, body: `{"code":5}`}, refused},
		"too long a public": {answer{status: 409, body: fmt.Sprintf(`{"public_message":%q}`, strings.Repeat("x", 501))}, refused},
	}
	c := start(t, "")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, _ := receiver(t, test.answer)
			got := c.Handle("post", map[string]any{"url": s.URL})
			if (got.Detail == "") != (got.Kind == sdktest.Succeeded) {
				t.Errorf("the operator is told %q", got.Detail)
			}
			got.Detail = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestALongAnswerIsCut(t *testing.T) {
	s, _ := receiver(t, answer{status: 200, body: `"` + strings.Repeat("x", 1<<20) + `"`})
	o := start(t, s.URL).Handle("post", nil)
	var output struct {
		Body string
		JSON any
	}
	if err := o.Decode(&output); err != nil || len(output.Body) != 64<<10 || output.JSON != nil {
		t.Errorf("kept %d bytes and the JSON %v (%v)", len(output.Body), output.JSON, err)
	}
}

func TestTheDeadlineEndsAPost(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	}))
	defer s.Close()
	defer close(release)
	c := start(t, s.URL)
	done := make(chan sdktest.Outcome, 1)
	go func() { done <- c.Handle("post", nil, sdktest.Within(500*time.Millisecond)) }()
	<-entered
	// Either the plugin says so in time or the call ends without an answer:
	// both keep the key.
	if o := <-done; (o.Kind != sdktest.Retry && o.Kind != sdktest.Unknown) || o.FreshKey {
		t.Errorf("got %s", o)
	}
}

func TestWhere(t *testing.T) {
	s, got := receiver(t, answer{status: 200})
	c := sdktest.Start(t, webhook.New(), map[string]any{"secret": secret})
	if o := c.Handle("post", map[string]any{"url": s.URL + "/own?x=1"}); o.Kind != sdktest.Succeeded || len(got) != 1 {
		t.Errorf("a delivery's own url: %s", o)
	}
	for name, url := range map[string]string{"none": "", "a file": "file:///etc/passwd", "credentials": "https://u:p@example.com/", "unreadable": "http://%"} {
		if o := c.Handle("post", map[string]any{"url": url}); o.Kind != sdktest.Rejected || o.Code != "invalid_input" {
			t.Errorf("%s: got %s", name, o)
		}
	}
}

func TestCheck(t *testing.T) {
	s, got := receiver(t, answer{status: 200})
	c := start(t, s.URL)
	if err := c.Check(); err != nil || len(got) > 0 {
		t.Errorf("got %v after %d posts", err, len(got))
	}
	s.Close()
	if err := c.Check(); err == nil {
		t.Error("nobody is there, and the check succeeds")
	}
	if err := sdktest.Start(t, webhook.New(), map[string]any{"secret": secret}).Check(); err != nil {
		t.Errorf("without a url: %v", err)
	}
}

func TestValidate(t *testing.T) {
	c := start(t, "https://example.com")
	for name, test := range map[string]struct {
		config map[string]any
		path   string
	}{
		"good":            {map[string]any{"url": "https://example.com/?a=b", "secret": secret, "headers": map[string]string{"X-Shop": "1"}}, ""},
		"plain secret":    {map[string]any{"secret": rawSecret}, ""},
		"no host":         {map[string]any{"url": "https:///x"}, "url"},
		"a fragment":      {map[string]any{"url": "https://example.com/#x"}, "url"},
		"short secret":    {map[string]any{"secret": "0123456789"}, "secret"},
		"broken base64":   {map[string]any{"secret": "whsec_***"}, "secret"},
		"reserved header": {map[string]any{"headers": map[string]string{"Webhook-Id": "1"}}, "headers.Webhook-Id"},
		"broken header":   {map[string]any{"headers": map[string]string{"X-A": "a\nb"}}, "headers.X-A"},
		"wrong type":      {map[string]any{"headers": 1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			found := c.Validate(test.config)
			for _, d := range found {
				got += strings.Join(d.Path, ".")
			}
			if got != test.path || (len(found) > 0) != (test.path != "" || name == "wrong type") {
				t.Errorf("complains about %q, want %q", got, test.path)
			}
		})
	}
	sdktest.AssertLeaksNoSecret(t, c, "0123456789", "whsec_***")
}

func TestConform(t *testing.T) {
	s, _ := receiver(t, answer{status: 200, body: "{}"})
	sdktest.Conform(t, sdktest.Subject{
		Plugin: webhook.New(), Config: map[string]any{"url": s.URL, "secret": secret},
		Samples: []sdktest.Sample{{Action: "post", Input: map[string]any{"data": []int{1}}}},
	})
}
