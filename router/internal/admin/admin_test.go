package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

func TestDocuments(t *testing.T) {
	failure := router.Record{Event: router.Event{ID: order().Caused[0], Type: router.TypeEventHeld}}
	b := &backend{
		story: order(), records: []router.Record{order().Record, settled(), failure},
		status: Status{
			Version: "v0.1.0", Config: "/etc/signalbox/config.hcl", Plan: "5f3c9a", Started: noon.UTC(), Ready: true,
			Plugins: []Plugin{{Name: "billing", Version: "1", State: "running", PID: 81, Since: noon.UTC(), Restarts: 2, LastError: "exit status 1"}},
			Sources: []Source{{Name: "appdirect.acme", Kind: "appdirect", Path: "/appdirect/acme"}},
			Events:  Counts{Unfinished: 3, Held: 1},
		},
	}
	for name, target := range map[string]string{
		"status.json": "/v1/status",
		"events.json": "/v1/events?limit=2",
		"story.json":  "/v1/events/" + orderID,
	} {
		t.Run(name, func(t *testing.T) {
			w := request(b, http.MethodGet, target, "")
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			golden(t, name, w.Body.Bytes())
		})
	}
}

func TestAStoryWithNothingInItIsWhole(t *testing.T) {
	b := &backend{story: &router.Story{Record: router.Record{Event: router.Event{ID: "e"}, State: router.State{Phase: router.Noticed, Since: noon}}}}
	golden(t, "story_empty.json", request(b, http.MethodGet, "/v1/events/e", "").Body.Bytes())
}

func TestRefusals(t *testing.T) {
	const id = "/v1/events/" + orderID
	tests := map[string]struct {
		method, target, body string
		backend              backend
		status               int
		says                 string
	}{
		"an unknown path":        {target: "/v1/eventz", status: 404, says: "there is nothing at /v1/eventz"},
		"the wrong method":       {method: "DELETE", target: id, status: 405, says: "takes GET, not DELETE"},
		"GET of an order":        {target: id + "/replay", status: 405, says: "takes POST, not GET"},
		"a parameter of status":  {target: "/v1/status?x=1", status: 400, says: "takes no parameters"},
		"an unknown parameter":   {target: "/v1/events?sauce=x", status: 400, says: `no parameter \"sauce\"; there are: before, lane, limit`},
		"an unknown event":       {target: "/v1/events/none", status: 404, says: "not found"},
		"a failing journal":      {target: id, backend: backend{err: fmt.Errorf("reading: %w", router.ErrJournal)}, status: 503, says: "journal"},
		"a failing list":         {target: "/v1/events", backend: backend{err: router.ErrJournal}, status: 503, says: "journal"},
		"a slow journal":         {target: id, backend: backend{err: context.DeadlineExceeded}, status: 504, says: "deadline"},
		"a failure of no class":  {target: id, backend: backend{err: errors.New("odd")}, status: 500, says: "odd"},
		"replay of none":         {method: "POST", target: "/v1/events/none/replay", status: 404, says: "not found"},
		"replay of a running":    {method: "POST", target: id + "/replay", backend: backend{changed: router.ErrNotReplayable}, status: 409, says: "only held"},
		"replay while stopping":  {method: "POST", target: id + "/replay", backend: backend{changed: router.ErrStopping}, status: 503, says: "stopping"},
		"replay by two":          {method: "POST", target: id + "/replay", backend: backend{changed: router.ErrConflict}, status: 409, says: "somebody else"},
		"replay, no delivery":    {method: "POST", target: id + "/replay", body: `{"deliveries":["order/x"]}`, status: 400, says: `it has: order/customer, order/company`},
		"replay of no payload":   {method: "POST", target: id + "/replay", backend: backend{changed: router.ErrPayloadGone}, status: 409, says: "past its retention"},
		"retry of none":          {method: "POST", target: "/v1/events/none/retry", status: 404, says: "not found"},
		"discard of none":        {method: "POST", target: "/v1/events/none/discard", status: 404, says: "not found"},
		"discard too late":       {method: "POST", target: id + "/discard", backend: backend{changed: router.ErrFinished}, status: 409, says: "nothing of it is left"},
		"GET of a discard":       {target: id + "/discard", status: 405, says: "takes POST, not GET"},
		"an unknown field":       {method: "POST", target: id + "/replay", body: `{"deliverys":[]}`, status: 400, says: "deliverys"},
		"two documents":          {method: "POST", target: id + "/replay", body: `{} {}`, status: 400, says: "behind its JSON object"},
		"no JSON":                {method: "POST", target: id + "/resolve", body: `verdict=success`, status: 400, says: "reading the body"},
		"a body too large":       {method: "POST", target: id + "/resolve", body: `{"message":"` + strings.Repeat("x", maxBody) + `"}`, status: 413, says: "larger than 65536"},
		"no verdict":             {method: "POST", target: id + "/resolve", status: 400, says: "verdict must be success or failure"},
		"a verdict unheard of":   {method: "POST", target: id + "/resolve", body: `{"verdict":"warning"}`, status: 400, says: "warning"},
		"set with failure":       {method: "POST", target: id + "/resolve", body: `{"verdict":"failure","set":{"a":"b"}}`, status: 400, says: "set goes with success"},
		"set to nothing":         {method: "POST", target: id + "/resolve", body: `{"verdict":"success","set":{"a":null}}`, status: 400, says: "no value"},
		"resolve of a settled":   {method: "POST", target: id + "/resolve", body: `{"verdict":"success"}`, backend: backend{changed: router.ErrNotHeld}, status: 409, says: "not held"},
		"a verdict that lacks":   {method: "POST", target: id + "/resolve", body: `{"verdict":"success"}`, backend: backend{changed: InputError("it must carry id")}, status: 400, says: "must carry id"},
		"a daemon not ready":     {target: "/-/ready", backend: backend{status: Status{NotReady: "the journal fails"}}, status: 503, says: "not ready: the journal fails"},
		"a reload that may not":  {method: "POST", target: "/v1/reload", backend: backend{changed: errors.New("plugin crm owes work")}, status: 409, says: "owes work"},
		"a reload, no journal":   {method: "POST", target: "/v1/reload", backend: backend{changed: router.ErrJournal}, status: 503, says: "journal"},
		"a reload with errors":   {method: "POST", target: "/v1/reload", backend: backend{changed: errors.New("it has errors"), diagnostics: []byte(`[{"severity":"error","summary":"Unknown plugin"}]`), text: "on line 3"}, status: 422, says: `"diagnostics":[{"severity":"error","summary":"Unknown plugin"}],"text":"on line 3"`},
		"diagnostics of no form": {method: "POST", target: "/v1/reload", backend: backend{diagnostics: []byte(`x`)}, status: 500, says: "reading the diagnostics"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.method == "" {
				test.method = http.MethodGet
			}
			test.backend.story = order()
			w := request(&test.backend, test.method, test.target, test.body)
			if w.Code != test.status {
				t.Errorf("status %d, want %d", w.Code, test.status)
			}
			var no Refusal
			if err := json.Unmarshal(w.Body.Bytes(), &no); err != nil || no.Error == "" {
				t.Errorf("the body is no refusal: %v: %s", err, w.Body)
			}
			if !strings.Contains(w.Body.String(), test.says) {
				t.Errorf("it does not say %q: %s", test.says, w.Body)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
			if w.Code == http.StatusMethodNotAllowed && w.Header().Get("Allow") == "" {
				t.Error("no Allow header")
			}
		})
	}
}

func TestABodyMustSayThatItIsJSON(t *testing.T) {
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		r := httptest.NewRequest(http.MethodPost, "/v1/reload", strings.NewReader(`{"force":true}`))
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		b := &backend{}
		New(b, http.NotFoundHandler(), zerolog.Nop()).ServeHTTP(w, r)
		if w.Code != http.StatusUnsupportedMediaType || b.force {
			t.Errorf("%q: %d, forced %t", kind, w.Code, b.force)
		}
	}
}

func TestAnAnswerThatCanNotBeEncodedIsARefusal(t *testing.T) {
	story := order()
	story.Event.Payload = json.RawMessage(`{`)
	w := request(&backend{story: story}, http.MethodGet, "/v1/events/"+orderID, "")
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"error"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestHealth(t *testing.T) {
	for _, target := range []string{"/-/healthy", "/-/ready", "/-/ready?probe=1"} {
		w := request(&backend{status: Status{Ready: true}}, http.MethodGet, target, "")
		if w.Code != http.StatusOK || w.Body.String() != `{"ok":true}`+"\n" {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if w := request(&backend{}, http.MethodGet, "/-/healthy", ""); w.Code != http.StatusOK {
		t.Errorf("a daemon that is not ready is healthy: %d", w.Code)
	}
}

func TestResolveMakesTheVerdict(t *testing.T) {
	tests := map[string]struct {
		body string
		want router.Verdict
	}{
		"success":            {`{"verdict":"success"}`, router.Verdict{Kind: router.Success}},
		"success with reply": {`{"verdict":"success","set":{"id":"a","accountIdentifier":"cus_81"}}`, router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{"accountIdentifier":"cus_81","id":"a"}`)}},
		"failure":            {`{"verdict":"failure","message":"Sorry."}`, router.Verdict{Kind: router.Error, Code: router.CodeGaveUp, Message: "Sorry."}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := &backend{}
			w := request(b, http.MethodPost, "/v1/events/"+orderID+"/resolve", test.body)
			if w.Code != http.StatusOK || b.id != orderID {
				t.Fatalf("%d %s, asked for %q", w.Code, w.Body, b.id)
			}
			if diff := cmp.Diff(test.want, b.verdict); diff != "" {
				t.Errorf("the verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAStoryWithoutItsPlanHasNoPlaces(t *testing.T) {
	story := order()
	story.Event.Plan = "gone"
	w := request(&backend{story: story}, http.MethodGet, "/v1/events/"+orderID, "")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"taken_by":[{"name":"order"}]`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
