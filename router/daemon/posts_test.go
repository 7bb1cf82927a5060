package daemon_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	stripewebhook "github.com/stripe/stripe-go/v85/webhook"

	"github.com/signalbox/signalbox/router/daemon"
)

// TestPostsOfEveryKind: whoever posts, one route serves it, a repeat is told
// the same, and nothing runs twice.
func TestPostsOfEveryKind(t *testing.T) {
	r, w := startPosts(t)
	const body = `{"id":"7","type":"order","n":12345678901234567890}`
	stamp := time.Now()
	wh, err := standardwebhooks.NewWebhook(postSecret)
	if err != nil {
		t.Fatal(err)
	}
	standard, err := wh.Sign("msg_7", stamp, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	stripe := stripewebhook.GenerateTestSignedPayload(&stripewebhook.UnsignedPayload{Payload: []byte(body), Secret: postSecret})
	mac := hmac.New(sha256.New, []byte(postSecret))
	mac.Write([]byte(body))
	mesh := func(id string, mode func(context.Context) context.Context) *http.Request {
		e := event.New()
		e.SetID(id)
		e.SetType("order")
		e.SetSource("/shop")
		e.SetDataContentType(event.ApplicationJSON)
		e.DataEncoded = []byte(body)
		req := r.posted(t, "/mesh", "", "Authorization", "Bearer "+postToken)
		if err := cehttp.WriteRequest(mode(t.Context()), binding.ToMessage(&e), req); err != nil {
			t.Fatal(err)
		}
		return req
	}
	for _, tc := range []struct {
		name, key, source, eventType string
		req                          *http.Request
	}{
		{"standard webhooks", "msg_7", "webhook.any", "order", r.posted(t, "/any", body,
			"webhook-id", "msg_7", "webhook-timestamp", strconv.FormatInt(stamp.Unix(), 10), "webhook-signature", standard)},
		{"stripe", "7", "webhook.any", "order", r.posted(t, "/any", body, "Stripe-Signature", stripe.Header)},
		{"github", "72d3162e", "webhook.any", "issues", r.posted(t, "/any", body,
			"X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)), "X-GitHub-Delivery", "72d3162e", "X-GitHub-Event", "issues")},
		{"a token", "s1/7", "webhook.hasty", "order", r.hasty(t, "7", "c1", "")},
		{"a cloud event, binary", "/shop|b7", "cloudevents.mesh", "order", mesh("b7", binding.WithForceBinary)},
		{"a cloud event, structured", "/shop|s7", "cloudevents.mesh", "order", mesh("s7", binding.WithForceStructured)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			again := tc.req.Clone(t.Context())
			sent, err := io.ReadAll(tc.req.Body)
			if err != nil {
				t.Fatal(err)
			}
			tc.req.Body, again.Body = io.NopCloser(strings.NewReader(string(sent))), io.NopCloser(strings.NewReader(string(sent)))
			runs := len(w.order())
			first := r.send(t, tc.req)
			if diff := cmp.Diff(answer{200, `{"message":"Order 7 is done.","status":"success"}`}, saying(t, first)); diff != "" {
				t.Fatalf("the answer (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(first, r.send(t, again)); diff != "" {
				t.Errorf("a repeat is told otherwise (-first +repeat):\n%s", diff)
			}
			if n := len(w.order()) - runs; n != 1 {
				t.Errorf("it ran %d times", n)
			}
			e := r.events(t)[0].Event
			if e.Notice.Key != tc.key || e.Source != tc.source || e.Type != tc.eventType {
				t.Errorf("the event has key %q, source %q, type %q", e.Notice.Key, e.Source, e.Type)
			}
			if strings.Contains(string(e.Attributes), postToken) || strings.Contains(string(e.Attributes), "signature") {
				t.Errorf("the credentials are in the attributes: %s", e.Attributes)
			}
		})
	}
}

// TestPostsAreToldTheVerdict by the status.
func TestPostsAreToldTheVerdict(t *testing.T) {
	r, w := startPosts(t)
	refused := `{"message":"The request does not prove who sent it.","status":"refused"}`
	for _, tc := range []struct {
		name string
		req  *http.Request
		want answer
	}{
		{"rejected", r.hasty(t, "1", "c1", "reject"), answer{422, `{"code":"no_stock","message":"Out of stock.","status":"error"}`}},
		{"no route", r.posted(t, "/hasty?type=parcel", `{"id":"2"}`, "Authorization", "Bearer "+postToken, "X-Shop", "s1"),
			answer{422, `{"code":"signalbox.unrouted","message":"The event could not be processed.","status":"error"}`}},
		{"no type", r.posted(t, "/hasty", `{"id":"3"}`, "Authorization", "Bearer "+postToken, "X-Shop", "s1"),
			answer{400, `{"message":"The request does not say the event's type.","status":"refused"}`}},
		{"no id", r.posted(t, "/hasty?type=order", `{"id":"3"}`, "Authorization", "Bearer "+postToken),
			answer{400, `{"message":"The event's id can't be read from the request.","status":"refused"}`}},
		{"no token", r.posted(t, "/hasty", `{}`), answer{401, refused}},
		{"another token", r.posted(t, "/mesh", `{}`, "Authorization", "Bearer "+postToken+"x"), answer{401, refused}},
		{"a secret as signature", r.posted(t, "/any", `{}`, "X-Hub-Signature-256", "sha256="+postSecret), answer{401, refused}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, saying(t, r.send(t, tc.req))); diff != "" {
				t.Errorf("the answer (-want +got):\n%s", diff)
			}
		})
	}
	// One that takes longer than its sender waits is told so; a repeat gets the verdict.
	later := answer{202, `{"status":"accepted"}`}
	if diff := cmp.Diff(later, saying(t, r.send(t, r.hasty(t, "9", "c9", "wait")))); diff != "" {
		t.Errorf("the answer of one that takes long (-want +got):\n%s", diff)
	}
	close(w.release)
	r.finish(t, "s1/9")
	if diff := cmp.Diff(answer{200, `{"message":"Order 9 is done.","status":"success"}`}, saying(t, r.send(t, r.hasty(t, "9", "c9", "wait")))); diff != "" {
		t.Errorf("the answer of its repeat (-want +got):\n%s", diff)
	}
}

// TestPostsKeepTheirOrder: what the expression "lane" gives is who waits for whom.
func TestPostsKeepTheirOrder(t *testing.T) {
	r, w := startPosts(t)
	for _, step := range []struct {
		id, customer, do string
		status           int
	}{
		{"1", "ann", "wait", 202},
		{"2", "ann", "", 202}, // behind 1
		{"3", "bob", "", 200},
	} {
		if got := r.send(t, r.hasty(t, step.id, step.customer, step.do)); got.Status != step.status {
			t.Errorf("%s of %s is answered %+v", step.id, step.customer, got)
		}
	}
	close(w.release)
	r.finish(t, "s1/2")
	if diff := cmp.Diff([]string{"1", "3", "2"}, w.order()); diff != "" {
		t.Errorf("the order (-want +got):\n%s", diff)
	}
}

// TestPostsThatCannotWork: the configuration says where, and what to do.
func TestPostsThatCannotWork(t *testing.T) {
	for name, tc := range map[string]struct{ block, says string }{
		"nobody is kept out": {`source "cloudevents" "x" { path = "/x" }`, "nothing says who may send events"},
		"no id": {"source \"webhook\" \"x\" {\n  path = \"/x\"\n  type = \"t\"\n  bearer { token = \"t\" }\n}",
			"id = request.body.id"},
		"a secret of no use": {"source \"webhook\" \"x\" {\n  path = \"/x\"\n  stripe { secret = \"s\" }\n  stripe { secret = \"\" }\n}",
			"line 4"},
		"an expression's name": {"source \"webhook\" \"x\" {\n  path = \"/x\"\n  id   = requst.body.id\n  unauthenticated = true\n}",
			`There is nothing called "requst" here`},
		"an id for a cloud event": {"source \"cloudevents\" \"x\" {\n  path = \"/x\"\n  id   = request.body.id\n  unauthenticated = true\n}",
			`An argument named "id" is not expected here`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.hcl")
			if err := os.WriteFile(path, []byte(tc.block), 0o600); err != nil {
				t.Fatal(err)
			}
			diags, err := daemon.Validate(t.Context(), path, nil, zerolog.Nop())
			if err == nil && diags.Len() == 0 {
				t.Fatal("it is taken")
			}
			if text := strings.Join(strings.Fields(written(t, diags)), " "); !strings.Contains(text, tc.says) {
				t.Errorf("it says %q, %v; want %q", text, err, tc.says)
			}
		})
	}
}
