package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

var update = flag.Bool("update", false, "write the golden files anew")

// backend is a daemon made of what a test wants it to say, and a record of
// what it was asked.
type backend struct {
	status  Status
	records []router.Record
	story   *router.Story
	err     error // of every method that can fail
	changed error // of Replay, Discard and Resolve, before err

	diagnostics []byte
	text        string
	present     Plan

	query    router.Query
	id       string
	names    []string
	freshKey bool
	verdict  router.Verdict
	why      string
	asked    int // how often something was to be changed
	force    bool
}

func (b *backend) Status(context.Context) Status { return b.status }

func (b *backend) Events(_ context.Context, q router.Query) ([]router.Record, error) {
	if q.ID == "" {
		b.query = q
	}
	var found []router.Record
	for _, r := range b.records {
		if (q.ID == "" || q.ID == r.Event.ID) && len(found) < q.Limit {
			found = append(found, r)
		}
	}
	return found, b.err
}

func (b *backend) Story(_ context.Context, id string) (*router.Story, error) {
	b.id = id
	if b.err != nil {
		return nil, b.err
	}
	if b.story == nil || b.story.Event.ID != id {
		return nil, router.ErrNotFound
	}
	return b.story, nil
}

func (b *backend) Replay(_ context.Context, id string, names []string, freshKey bool) error {
	b.id, b.names, b.freshKey = id, names, freshKey
	b.asked++
	return b.changed
}

func (b *backend) Retry(_ context.Context, id string) error {
	b.id = id
	b.asked++
	return b.changed
}

func (b *backend) Discard(_ context.Context, id, why string) error {
	b.id, b.why = id, why
	b.asked++
	return b.changed
}

// Plan knows the plan of order alone.
func (b *backend) Plan(digest string) (*router.Plan, error) {
	if digest != order().Event.Plan {
		return nil, router.ErrNotFound
	}
	return &router.Plan{Routes: []*router.Route{{Name: "other", At: "config.hcl:3"}, {Name: "order", At: "config.hcl:12"}}}, nil
}

func (b *backend) Resolve(_ context.Context, id string, v router.Verdict) error {
	b.id, b.verdict = id, v
	return b.changed
}

func (b *backend) Reload(_ context.Context, force bool) ([]byte, Reloaded, error) {
	b.force = force
	return b.diagnostics, Reloaded{Text: b.text, Unchanged: true}, b.changed
}

func (b *backend) DryRun(_ context.Context, force bool) ([]byte, DryRun, error) {
	b.force = force
	return b.diagnostics, DryRun{Text: b.text, Refused: b.why}, b.changed
}

func (b *backend) Present() Plan { return b.present }

// serve serves the API of b on a real unix socket.
func serve(t *testing.T, h http.Handler) *Client {
	t.Helper()
	// The path of a socket is short: a test's own directory may be too deep.
	dir, err := os.MkdirTemp("", "admin")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h)
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return &Client{Socket: socket}
}

// request sends one request straight to the handler.
func request(b Backend, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, bytes.NewBufferString(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	w := httptest.NewRecorder()
	New(b, http.NotFoundHandler(), zerolog.Nop()).ServeHTTP(w, r)
	return w
}

// golden compares a JSON document with the file of that name.
func golden(t *testing.T, name string, doc []byte) {
	t.Helper()
	var text bytes.Buffer
	if err := json.Indent(&text, doc, "", "  "); err != nil {
		t.Fatalf("the document is no JSON: %v\n%s", err, doc)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600))

const orderID = "01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11"

// order is an order that is held, as the journal has it.
func order() *router.Story {
	return &router.Story{
		Record: router.Record{
			Event: router.Event{
				ID: orderID, Source: "appdirect.acme", Type: "SUBSCRIPTION_ORDER", Flag: router.FlagDevelopment,
				Lane: "appdirect.acme|https://www.acme-marketplace.com|81", Seq: 7, Received: noon, Plan: "5f3c9a",
				Payload: json.RawMessage(`{"order":{"editionCode":"GOLD"}}`), Raw: []byte("<event/>"),
				Notice: router.Notice{Key: "k", Base: "https://www.acme-marketplace.com", Address: "https://www.acme-marketplace.com/api/integration/v1/events/e1"},
			},
			State: router.State{
				Phase: router.Held, Told: router.ToldLater, Since: noon.Add(time.Minute), Why: "order/customer: retries are used up",
				Routes: []string{"order"},
				Deliveries: []router.Delivery{
					{
						Name: "order/customer", To: router.ActionRef{Plugin: "billing", Action: "create_subscription"}, Ordered: true,
						Status: router.DoneExhausted, Attempts: 2, Generation: 1, MayHaveRun: true, Detail: "retries are used up",
						Input: json.RawMessage(`{"price":"GOLD"}`),
					},
					{
						Name: "order/company", To: router.ActionRef{Plugin: "crm", Action: "upsert_company"}, Ordered: true,
						Needs: []string{"order/customer"}, Status: router.Waiting,
					},
					{
						Name: "order/welcome", To: router.ActionRef{Plugin: "email", Action: "send"}, Optional: true,
						Status: router.DoneSucceeded, Attempts: 1, Output: json.RawMessage(`{"id":"m1"}`),
					},
				},
			},
			Version: 4,
		},
		Attempts: []router.AttemptRow{
			{Delivery: router.FetchAttempt, Number: 1, Began: noon, Took: 3 * time.Second, Outcome: router.Retry, Message: "timed out"},
			{Delivery: "order/welcome", Number: 1, Began: noon, Took: 1500 * time.Microsecond, Outcome: router.Succeeded},
			{Delivery: "order/customer", Number: 1, Began: noon, Took: time.Second, Outcome: router.Retry, Code: "rate", Message: "too many"},
			{Delivery: "order/customer", Number: 2, Generation: 1, Began: noon.Add(time.Second), Took: 30 * time.Second, Outcome: router.Unknown, Message: "timed out"},
		},
		Caused: []string{"01997d2e-9000-7000-8000-000000000001", "01997d2e-9000-7000-8000-000000000002"},
	}
}

// settled is a bare record of an event that was called back.
func settled() router.Record {
	return router.Record{
		Event: router.Event{ID: "01997d2e-7000-7000-8000-000000000003", Source: "appdirect.acme", Type: "SUBSCRIPTION_CANCEL", Lane: "l", Received: noon},
		State: router.State{
			Phase: router.Settled, Told: router.ToldLater, Since: noon, Ended: noon.Add(time.Hour),
			Verdict:  &router.Verdict{Kind: router.Error, Code: router.CodeGaveUp, Message: "Please call us."},
			Callback: router.Callback{Status: router.CallbackParked, Due: noon.Add(time.Minute), Detail: "503"},
		},
	}
}
