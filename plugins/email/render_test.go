package email

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/sdk"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Every template is shown once with all it has a place for and once bare.
func TestTemplates(t *testing.T) {
	full := sdk.Event{
		ID: "0198a000-0000-7000-8000-000000000001", Source: "appdirect.acme", Type: "SUBSCRIPTION_NOTICE", Lane: "l",
		Received: time.Unix(1700000000, 0).UTC(),
		Payload: json.RawMessage(`{"company":{"name":"Example & Sons"},"order":{"editionCode":"PRO"},"notice":{"type":"DEACTIVATED"},
			"user":{"firstName":"Grace"}}`),
		Attributes: json.RawMessage(`{"creator":{"firstName":"Ada"}}`),
	}
	failed := full
	failed.Source, failed.Type, failed.CausedBy = "signalbox", "delivery.failed", full.ID
	failed.Payload = json.RawMessage(`{"event":{"id":"` + full.ID + `","source":"appdirect.acme","type":"SUBSCRIPTION_ORDER"},
		"delivery":"order/customer","plugin":"billing","action":"create_subscription","code":"card_declined",
		"message":"Stripe answered <402>","may_have_run":true,"suppressed":3,"since":"2026-03-01T12:00:00Z",
		"command":"signalbox events replay ` + full.ID + `"}`)
	data := json.RawMessage(`{"name":"<b>Ada</b>","link":"https://example.com/?a=1&b=2","message":"Two lines,\nof a message.",
		"date":"1 March","amount":"€ 12.50","edition":"Pro"}`)
	bare := sdk.Event{ID: full.ID, Type: "plugin.down"}

	for _, name := range builtin().names() {
		event := full
		if name == operatorTemplate {
			event = failed
		}
		for variant, in := range map[string]struct {
			event sdk.Event
			data  json.RawMessage
		}{"full": {event, data}, "bare": {bare, nil}} {
			t.Run(name+" "+variant, func(t *testing.T) {
				got, err := builtin()[name].render("Gizmo", in.event, in.data)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, name+"-"+variant+".golden", "Subject: "+got.subject+"\n\n"+got.plain+"\n"+got.html)
				if s := got.subject + got.plain + got.html; strings.Contains(s, "<no value>") || strings.Contains(s, "<nil>") {
					t.Error("an absent value shows")
				}
				if strings.Contains(got.html, "<b>") {
					t.Error("data is not escaped in the HTML")
				}
			})
		}
	}
}

func TestNotices(t *testing.T) {
	for _, kind := range []string{"DEACTIVATED", "REACTIVATED", "CLOSED", "UPCOMING_INVOICE", "SOMETHING_NEW"} {
		t.Run(kind, func(t *testing.T) {
			e := sdk.Event{Payload: json.RawMessage(`{"notice":{"type":"` + kind + `"}}`)}
			got, err := builtin()["notice"].render("Gizmo", e, nil)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "notice-"+strings.ToLower(kind)+".golden", "Subject: "+got.subject+"\n\n"+got.plain)
		})
	}
}

// What operators are told of: each mail names what it is about, and what can be
// done about it.
func TestFailures(t *testing.T) {
	const id = "0198a000-0000-7000-8000-000000000001"
	about := `"event":{"id":"` + id + `","source":"appdirect.acme","type":"SUBSCRIPTION_ORDER"}`
	for kind, payload := range map[string]string{
		"delivery.failed": `{` + about + `,"delivery":"order/customer","plugin":"billing","action":"create_subscription","attempts":6,"code":"card_declined","message":"Your card was declined.","command":"signalbox events replay ` + id + `"}`,
		"event.held":      `{` + about + `,"message":"order/customer: retries are used up","command":"signalbox events show ` + id + `"}`,
		"callback.failed": `{` + about + `,"message":"the marketplace does not answer","command":"signalbox events show ` + id + `"}`,
		"plugin.down":     `{"plugin":"billing","message":"it ended by itself: signal: killed","command":"signalbox plugins list"}`,
		"source.refused":  `{"source":"appdirect.acme","count":12,"since":"2026-03-01T09:30:00Z","message":"12 requests were refused since 2026-03-01 09:30:00Z; the last: the signature does not match"}`,
		"plugin.up":       `{"plugin":"billing","command":"signalbox plugins list"}`,
	} {
		t.Run(kind, func(t *testing.T) {
			e := sdk.Event{ID: "0198a000-0000-7000-8000-000000000002", Source: "signalbox", Type: kind, Payload: json.RawMessage(payload)}
			got, err := builtin()[operatorTemplate].render("Gizmo", e, nil)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "failure-"+kind+".golden", "Subject: "+got.subject+"\n\n"+got.plain)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestAt(t *testing.T) {
	root := map[string]any{"a": map[string]any{"b": "x", "empty": " ", "n": json.Number("5"), "no": nil, "list": []any{1}}}
	for name, test := range map[string]struct {
		paths []string
		want  string
	}{
		"there":             {[]string{"a.b"}, "x"},
		"a number":          {[]string{"a.n"}, "5"},
		"the first there":   {[]string{"a.no", "a.empty", "a.b", "a.n"}, "x"},
		"absent":            {[]string{"a.c"}, ""},
		"below a string":    {[]string{"a.b.c"}, ""},
		"a list, an object": {[]string{"a.list", "a"}, ""},
		"nothing asked":     {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := at(root, test.paths...); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzRecipients(f *testing.F) {
	for _, s := range []string{`"a@example.com"`, `["a@example.com","B <b@example.com>"]`, `"a@b, c@d"`, `5`, `null`, `["\r\n@x"]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		to, err := recipients(json.RawMessage(raw))
		if err != nil {
			return
		}
		if len(to) == 0 || len(to) > maxRecipients {
			t.Errorf("%d addresses", len(to))
		}
		for _, a := range to {
			if strings.ContainsAny(a, "\r\n") {
				t.Errorf("%q breaks a header", a)
			}
		}
	})
}
