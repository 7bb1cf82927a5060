package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

func TestClientGetsWhatTheDaemonSays(t *testing.T) {
	b := &backend{
		story: order(), records: []router.Record{order().Record}, status: Status{Version: "v0.1.0", Ready: true},
		diagnostics: []byte(`[{"severity":"warning","summary":"Nobody reads it","range":{"file":"config.hcl","start":{"line":3,"column":1},"end":{"line":3,"column":9}}}]`),
		text:        "Warning: Nobody reads it",
	}
	client := serve(t, New(b, http.NotFoundHandler(), zerolog.Nop()))

	status, err := client.Status(t.Context())
	if err != nil || status.Version != "v0.1.0" || !status.Ready {
		t.Errorf("Status: %+v, %v", status, err)
	}
	page, err := client.Events(t.Context(), Filter{Phase: "held"})
	if err != nil || len(page.Events) != 1 || page.Events[0].Phase != "held" || b.query.Phase != router.Held {
		t.Errorf("Events: %+v, %v; asked for %+v", page, err, b.query)
	}
	story, err := client.Story(t.Context(), orderID)
	if err != nil || len(story.Deliveries) != 3 || story.Deliveries[0].Attempts[1].Outcome != "unknown" {
		t.Errorf("Story: %+v, %v", story, err)
	}
	replayed, err := client.Replay(t.Context(), orderID, Replay{Deliveries: []string{"order/welcome"}})
	if err != nil || len(replayed.Warnings) != 1 {
		t.Errorf("Replay: %+v, %v", replayed, err)
	}
	var no *RefusedError
	if retried, err := client.Retry(t.Context(), orderID, Retry{Preview: true}); !errors.As(err, &no) || no.Status != http.StatusConflict {
		t.Errorf("Retry of what has nothing parked: %+v, %v", retried, err)
	}
	discarded, err := client.Discard(t.Context(), orderID, Discard{Reason: "a test"})
	if err != nil || len(discarded.Warnings) != 1 || b.why != "a test" {
		t.Errorf("Discard: %+v, %v", discarded, err)
	}
	resolved, err := client.Resolve(t.Context(), orderID, Resolve{Verdict: "success", Set: map[string]json.RawMessage{"id": json.RawMessage(`"a"`)}})
	want := Verdict{Kind: "success", Reply: json.RawMessage(`{"id":"a"}`)}
	if err != nil || !cmp.Equal(want, resolved.Verdict) {
		t.Errorf("Resolve: %+v, %v", resolved, err)
	}
	reloaded, err := client.Reload(t.Context(), Reload{Force: true})
	if err != nil || !b.force || len(reloaded.Diagnostics) != 1 || reloaded.Diagnostics[0].Range.Start.Line != 3 || reloaded.Text != b.text || !reloaded.Unchanged {
		t.Errorf("Reload: %+v, %v, forced %t", reloaded, err, b.force)
	}
}

func TestClientTellsTheDaemonsNo(t *testing.T) {
	b := &backend{changed: errors.New("it has errors"), diagnostics: []byte(`[{"severity":"error","summary":"s"}]`), text: "on line 3"}
	client := serve(t, New(b, http.NotFoundHandler(), zerolog.Nop()))
	_, err := client.Reload(t.Context(), Reload{})
	no, ok := errors.AsType[*RefusedError](err)
	if !ok || no.Status != http.StatusUnprocessableEntity || no.Error() != "it has errors" || no.Text != "on line 3" || len(no.Diagnostics) != 1 {
		t.Errorf("got %+v", err)
	}
	// An id is one segment, whatever is in it.
	for _, id := range []string{"a/../../status", "x?y#z", "%2e", ""} {
		if _, err = client.Story(t.Context(), id); err == nil || !strings.Contains(err.Error(), "not") {
			t.Errorf("the id %q: %v", id, err)
		}
	}
}

func TestClientWithoutADaemon(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "none.sock")
	_, err := (&Client{Socket: socket}).Status(t.Context())
	if _, ok := errors.AsType[*NoAnswerError](err); !ok || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	want := "no daemon answers at " + socket + " (connect: no such file or directory): is it running? give --socket"
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestClientOfADaemonThatBreaksOff(t *testing.T) {
	client := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	_, err := client.Replay(t.Context(), "e", Replay{})
	if _, ok := errors.AsType[*NoAnswerError](err); !ok || !strings.Contains(err.Error(), "did not answer to the end") {
		t.Errorf("got %v", err)
	}
}

func TestClientOfSomethingElse(t *testing.T) {
	client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/status" {
			w.Write([]byte("<html>"))
			return
		}
		http.Error(w, "<html>", http.StatusTeapot)
	}))
	if _, err := client.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "reading the answer") {
		t.Errorf("got %v", err)
	}
	_, err := client.Reload(t.Context(), Reload{})
	if no, ok := errors.AsType[*RefusedError](err); !ok || no.Error() != "the daemon answered 418 I'm a teapot" {
		t.Errorf("got %v", err)
	}
}

func TestAJournalThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := request(hanging{&backend{}}, http.MethodGet, "/v1/events/e", "")
		if w.Code != http.StatusGatewayTimeout {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// hanging has a journal that answers nothing before it has to.
type hanging struct{ *backend }

func (hanging) Story(ctx context.Context, _ string) (*router.Story, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
