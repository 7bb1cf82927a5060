package webhook

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/signalbox/signalbox/router"
)

// order is the event that the tests send.
func order() event.Event {
	e := event.New()
	e.SetID("A-1")
	e.SetSource("https://shop.example/eu?zone=a|b")
	e.SetType("com.example.order")
	e.SetSubject("customer 7")
	e.SetTime(time.Date(2026, 3, 1, 11, 59, 59, 500, time.UTC))
	e.SetExtension("tenant", "t1")
	e.SetDataContentType(event.ApplicationJSON)
	e.DataEncoded = []byte(`{"total":12345678901234567890.125,"note":"é"}`)
	return e
}

// sent is a request as the SDK's sender writes it, and its body.
func sent(t testing.TB, ctx context.Context, e event.Event) (*http.Request, string) {
	t.Helper()
	r := post("")
	r.Header.Del("Content-Type")
	if err := cehttp.WriteRequest(ctx, binding.ToMessage(&e), r); err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(raw)
}

func modes() map[string]context.Context {
	return map[string]context.Context{
		"binary":     binding.WithForceBinary(context.Background()),
		"structured": binding.WithForceStructured(context.Background()),
	}
}

// TestModesAreOneEvent: what the SDK sends is the same event in both modes.
func TestModesAreOneEvent(t *testing.T) {
	for name, ctx := range modes() {
		t.Run(name, func(t *testing.T) {
			s := open(t, CloudEvents(), anybody, nil)
			r, raw := sent(t, ctx, order())
			e := take(t, s, r, raw)
			if want := "https://shop.example/eu?zone=a%7Cb|A-1"; e.Notice.Key != want || e.Notice.Token != "A-1" || e.Type != "com.example.order" {
				t.Errorf("key %q, token %q, type %q", e.Notice.Key, e.Notice.Token, e.Type)
			}
			if want := "test.source|https://shop.example/eu?zone=a|b|customer 7"; e.Lane != want {
				t.Errorf("lane %q", e.Lane)
			}
			if want := `{"total":12345678901234567890.125,"note":"é"}`; string(e.Payload) != want || string(e.Raw) != raw {
				t.Errorf("payload %s, raw %s", e.Payload, e.Raw)
			}
			want := `{"datacontenttype":"application/json","id":"A-1","source":"https://shop.example/eu?zone=a|b","specversion":"1.0",` +
				`"subject":"customer 7","tenant":"t1","time":"2026-03-01T11:59:59.0000005Z","type":"com.example.order"}`
			if string(e.Attributes) != want {
				t.Errorf("attributes %s", e.Attributes)
			}
		})
	}
}

func TestLanesOfCloudEvents(t *testing.T) {
	byTenant := map[string]router.RequestText{attrLane: func(req router.Request) (string, error) {
		return req.Headers.Get("ce-tenant") + " " + req.Headers.Get("CE-Subject") + " " + string(req.Body[:8]), nil
	}}
	for name, tc := range map[string]struct {
		change      func(*event.Event)
		expressions map[string]router.RequestText
		want        string
	}{
		"the partition key before the subject": {change: func(e *event.Event) { e.SetExtension("partitionkey", "p1") }, want: "test.source|p1"},
		"neither":                              {change: func(e *event.Event) { e.SetSubject("") }},
		"an expression sees binary mode":       {expressions: byTenant, want: `test.source|t1 customer 7 {"total"`},
	} {
		for mode, ctx := range modes() {
			t.Run(name+", "+mode, func(t *testing.T) {
				e := order()
				if tc.change != nil {
					tc.change(&e)
				}
				r, raw := sent(t, ctx, e)
				if got := take(t, open(t, CloudEvents(), anybody, tc.expressions), r, raw); got.Lane != tc.want {
					t.Errorf("lane %q, want %q", got.Lane, tc.want)
				}
			})
		}
	}
}

func TestData(t *testing.T) {
	for name, tc := range map[string]struct {
		contentType string
		data        any
		want        string
	}{
		"json":           {"application/json", json.RawMessage(`[1]`), `[1]`},
		"json of a kind": {"application/vnd.shop+json", json.RawMessage(`{"a":1}`), `{"a":1}`},
		"a json string":  {"application/json", json.RawMessage(`"a"`), `"a"`},
		"null":           {"application/json", json.RawMessage(`null`), `{}`},
		"text":           {"text/plain", []byte("a \"b\""), `"a \"b\""`},
		"bytes":          {"application/octet-stream", []byte{0, 255}, `{"data_base64":"AP8="}`},
		"text not UTF-8": {"text/plain", []byte{255}, `{"data_base64":"/w=="}`},
		"none":           {"", nil, `{}`},
	} {
		for mode, ctx := range modes() {
			t.Run(name+", "+mode, func(t *testing.T) {
				e := order()
				e.DataEncoded = nil
				e.SetDataContentType(tc.contentType)
				if tc.data != nil {
					if err := e.SetData(tc.contentType, tc.data); err != nil {
						t.Fatal(err)
					}
				}
				r, raw := sent(t, ctx, e)
				if got := take(t, open(t, CloudEvents(), anybody, nil), r, raw); string(got.Payload) != tc.want {
					t.Errorf("payload %s, want %s (sent %s)", got.Payload, tc.want, raw)
				}
			})
		}
	}
}

// binary is a request in binary mode, written by hand.
func binary(headers ...string) *http.Request {
	r := post("", "Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/a", "Ce-Type", "t")
	for i := 0; i < len(headers); i += 2 {
		r.Header[headers[i]] = []string{headers[i+1]}
	}
	return r
}

func TestEncodedHeaders(t *testing.T) {
	for sent, want := range map[string]string{
		"Euro%20%E2%82%AC%20%F0%9F%98%80": "Euro € 😀",
		"a%25b":                           "a%b",
		"100%":                            "100%",
		`"say \"hi\""`:                    `say "hi"`,
		`"`:                               `"`,
		"é":                               "é",
	} {
		e := take(t, open(t, CloudEvents(), anybody, nil), binary("Ce-Subject", sent), "{}")
		var attrs struct{ Subject string }
		if json.Unmarshal(e.Attributes, &attrs) != nil || attrs.Subject != want {
			t.Errorf("%s is %q, want %q", sent, attrs.Subject, want)
		}
	}
}

func TestRequestsThatAreNoCloudEvent(t *testing.T) {
	structured := func(contentType string) *http.Request { return post("", "Content-Type", contentType) }
	twice := binary()
	twice.Header["Ce-Id"] = []string{"1", "2"}
	for name, tc := range map[string]struct {
		r      *http.Request
		body   string
		status int
		says   string
	}{
		"plain JSON":                         {post(""), body, 400, "not one CloudEvent"},
		"a batch":                            {structured("application/cloudevents-batch+json"), "[" + whole + "}]", 415, "batches"},
		"XML":                                {structured("application/cloudevents+xml; charset=utf-8"), "<event/>", 415, "other formats"},
		"version 0.3":                        {binary("Ce-Specversion", "0.3"), "{}", 400, "version 1.0"},
		"version 2.0":                        {binary("Ce-Specversion", "2.0"), "{}", 400, "version 1.0"},
		"no id":                              {binary("Ce-Id", ""), "{}", 400, "version 1.0"},
		"an id twice":                        {twice, "{}", 400, "twice"},
		"a long id":                          {binary("Ce-Id", strings.Repeat("x", maxName+1)), "{}", 400, "longer than"},
		"not UTF-8":                          {binary("Ce-Subject", "%ff"), "{}", 400, "percent-encoded"},
		"no time":                            {binary("Ce-Time", "now"), "{}", 400, "version 1.0"},
		"data cut off":                       {binary(), "{", 400, "not JSON"},
		"a content type as attribute":        {binary("Ce-Datacontenttype", "text/plain", "Content-Type", "application/json"), "{}", 400, "Content-Type is the datacontenttype"},
		"an odd name":                        {binary("Ce-Odd-Name", "x"), "{}", 400, "version 1.0"},
		"structured, no JSON":                {structured("application/cloudevents+json"), whole, 400, "not JSON"},
		"structured, an array":               {structured("application/cloudevents+json"), "[" + whole + "}]", 400, "version 1.0"},
		"structured, no type":                {structured("application/cloudevents+json"), `{"specversion":"1.0","id":"1","source":"/a"}`, 400, "version 1.0"},
		"structured, 0.3":                    {structured("application/cloudevents+json"), strings.Replace(whole, "1.0", "0.3", 1) + "}", 400, "version 1.0"},
		"structured, an object as extension": {structured("application/cloudevents+json"), whole + `,"x":{}}`, 400, "version 1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			status, public, why := refused(t, open(t, CloudEvents(), anybody, nil), tc.r, tc.body)
			if status != tc.status || !strings.Contains(public, tc.says) {
				t.Errorf("status %d, %q, because %s", status, public, why)
			}
			if len(why) > 500 {
				t.Errorf("the reason has %d bytes", len(why))
			}
		})
	}
}

// TestSignaturesCoverTheEvent: in binary mode a signature over the body would
// leave the attributes to anybody.
func TestSignaturesCoverTheEvent(t *testing.T) {
	s := open(t, CloudEvents(), everyProof, nil)
	for mode, ctx := range modes() {
		r, raw := sent(t, ctx, order())
		headers := gitHub(hmacSecret, raw)
		r.Header.Set(headers[0], headers[1])
		if mode == "structured" {
			take(t, s, r, raw)
		} else if status, public, _ := refused(t, s, r, raw); status != 400 || !strings.Contains(public, "structured mode") {
			t.Errorf("binary mode: status %d, %q", status, public)
		}
		r.Header.Set(headers[1], "")
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Del(headers[0])
		take(t, s, r, raw)
	}
}

func TestPermission(t *testing.T) {
	s := open(t, CloudEvents(), `{"bearer":[{"token":"t"}],"allowed_origins":["eventgrid.azure.net"]}`, nil)
	ask := func(origin string) *http.Request {
		r := post("", "WebHook-Request-Origin", origin, "WebHook-Request-Rate", "120")
		r.Method = http.MethodOptions
		return r
	}
	_, resp, err := s.Receive(ask("eventgrid.azure.net"), []byte{})
	if err != nil || resp == nil || resp.Header.Get("WebHook-Allowed-Origin") != "eventgrid.azure.net" || resp.Header.Get("WebHook-Allowed-Rate") != "*" {
		t.Errorf("%+v, %v", resp, err)
	}
	for _, origin := range []string{"evil.example", ""} {
		if status, _, _ := refused(t, s, ask(origin), ""); status != http.StatusMethodNotAllowed {
			t.Errorf("%q: status %d", origin, status)
		}
	}
}
