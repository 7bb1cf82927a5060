package daemon_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// acrossConfig takes events of one type, which it names itself, in by one source.
const acrossConfig = `
state_dir = "{dir}/state"

source "webhook" "any" {
  path         = "/any"
  id           = request.body.id
  type         = "{type}"
  reply_within = "5s"
  bearer { token = "posted-token-3b5a" }
}

plugin "{plugin}" {
  use = "webhook"
  config {
    url    = "{worker}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}

route "r" {
  from = [source.webhook.any]
  on   = ["{type}"]
  deliver "one" {
    to   = plugin.{plugin}.post
    with = { data = event.payload }
    retry { attempts = 1 }
  }
  reply { message = "{type} by {plugin}" }
}
`

// startAcross starts one whose worker answers with a status. text is its
// configuration with another type and another plugin.
func startAcross(t *testing.T, status int) (r *rig, text func(eventType, plugin string) string) {
	t.Helper()
	worker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(worker.Close)
	text = func(eventType, plugin string) string {
		return strings.NewReplacer("{type}", eventType, "{plugin}", plugin, "{worker}", worker.URL).Replace(acrossConfig)
	}
	return startRig(t, text("order", "hook")), text
}

// TestRequestAcrossAReload: a request that has begun is taken in, routed and
// delivered by the configuration that it began with, though a reload takes all of
// that away before its body has come.
func TestRequestAcrossAReload(t *testing.T) {
	for name, next := range map[string]struct{ eventType, plugin string }{
		"the type has another name":   {"order.v2", "hook"},
		"the plugin has another name": {"order", "other"},
		"both":                        {"order.v2", "other"},
	} {
		t.Run(name, func(t *testing.T) {
			r, text := startAcross(t, http.StatusOK)
			const event = `{"id":"slow"}`
			body := &slowBody{Reader: strings.NewReader(event), before: func() error {
				r.configure(t, text(next.eventType, next.plugin))
				_, err := r.Reload(t.Context(), false)
				return err
			}}
			req, err := http.NewRequest(http.MethodPost, r.URL()+"/any", io.NopCloser(body))
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = int64(len(event))
			req.Header.Set("Authorization", "Bearer "+postToken)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Expect", "100-continue") // which comes when the source's handler reads
			transport := &http.Transport{ExpectContinueTimeout: patience}
			defer transport.CloseIdleConnections()
			resp, err := (&http.Client{Timeout: patience, Transport: transport}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(answer), `"order by hook"`) {
				t.Errorf("it is answered %d %s, %v", resp.StatusCode, answer, err)
			}
			status, answer, err := postBody(r.client, r.URL()+"/any", "next")
			if want := next.eventType + " by " + next.plugin; err != nil || status != http.StatusOK || !strings.Contains(string(answer), want) {
				t.Errorf("the next one is answered %d %s, %v; want %q", status, answer, err, want)
			}
		})
	}
}

// slowBody does something before it is read.
type slowBody struct {
	io.Reader
	before func() error
	once   sync.Once
}

func (b *slowBody) Read(p []byte) (n int, err error) {
	b.once.Do(func() { err = b.before() })
	if err != nil {
		return 0, err
	}
	return b.Reader.Read(p)
}

// TestHeldOwesItsPlugin: an operator's replay runs what has failed of a held event
// again, so its plugin is not taken away unasked. By force it is, and that is told.
func TestHeldOwesItsPlugin(t *testing.T) {
	r, text := startAcross(t, http.StatusServiceUnavailable)
	if status, answer, err := postBody(r.client, r.URL()+"/any", "a"); err != nil || status != http.StatusAccepted {
		t.Fatalf("it is answered %d %s, %v", status, answer, err)
	}
	r.eventually(t, func() error {
		for _, rec := range r.events(t) {
			if rec.State.Phase == router.Held {
				return nil
			}
		}
		return errors.New("nothing is held")
	})
	const lacks = "lacks plugin hook (1 unfinished event)"
	r.configure(t, text("order", "other"))
	if _, err := r.Reload(t.Context(), false); err == nil || !strings.Contains(err.Error(), lacks) {
		t.Errorf("a plugin that a held event needs is taken away: %v", err)
	}
	if run := r.rehearsed(t, true); run.Refused != "" || !strings.Contains(run.Text, lacks) {
		t.Errorf("a dry run by force: refused %q\n%s", run.Refused, run.Text)
	}
	mark := r.log.mark()
	diags, err := r.Reload(t.Context(), true)
	if shown := written(t, diags); err != nil || !strings.Contains(shown, lacks) || !strings.HasPrefix(shown, "Warning: ") {
		t.Errorf("a reload by force: %v\n%s", err, shown)
	}
	r.log.expect(t, mark, 1, entry{"warn", "reloaded by force", map[string]string{"lacks": "plugin hook (1 unfinished event)"}})
	r.configure(t, text("order", "third"))
	if diags, err := r.Reload(t.Context(), true); err != nil || diags.Len() > 0 {
		t.Errorf("what was let go is told again: %v\n%s", err, written(t, diags))
	}
}
