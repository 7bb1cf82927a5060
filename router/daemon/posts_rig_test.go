package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// The secrets of those who post.
const (
	postSecret = "whsec_cG9zdGVkLXBvc3RlZC1wb3N0ZWQtcG9zdGVk"
	postToken  = "posted-token-3b5a"
)

// postsConfig takes in what each kind of sender posts. Whoever posts to /hasty
// waits no longer than a moment.
const postsConfig = `
public_url = "{public}"
state_dir  = "{dir}/state"

source "webhook" "any" {
  path = "/any"
  standard_webhooks { secret = "whsec_cG9zdGVkLXBvc3RlZC1wb3N0ZWQtcG9zdGVk" }
  stripe { secret = "whsec_cG9zdGVkLXBvc3RlZC1wb3N0ZWQtcG9zdGVk" }
  hmac { secret = "whsec_cG9zdGVkLXBvc3RlZC1wb3N0ZWQtcG9zdGVk" }
}

source "webhook" "hasty" {
  path         = "/hasty"
  id           = "${request.headers["X-Shop"]}/${request.body.id}"
  type         = request.query.type
  lane         = request.body.customer
  reply_within = "300ms"
  bearer { token = "posted-token-3b5a" }
}

source "cloudevents" "mesh" {
  path = "/mesh"
  bearer { token = "posted-token-3b5a" }
}

plugin "hook" {
  use = "webhook"
  config {
    url    = "{worker}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}

route "posts" {
  from = [source.webhook.any, source.webhook.hasty, source.cloudevents.mesh]
  on   = ["order", "issues"]
  deliver "hook" {
    to   = plugin.hook.post
    with = { data = event.payload }
  }
  reply { message = "Order ${event.payload.id} is done." }
}
`

// worker is what the plugin posts to: it does what the payload's "do" says.
type worker struct {
	*httptest.Server
	release chan struct{} // closed when what waits may go on

	mu    sync.Mutex
	began []string // payload ids
}

func newWorker(t *testing.T) *worker {
	w := &worker{release: make(chan struct{})}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		var post struct {
			Data struct{ ID, Do string } `json:"data"`
		}
		if err := json.NewDecoder(req.Body).Decode(&post); err != nil {
			t.Errorf("reading the plugin's post: %v", err)
		}
		w.mu.Lock()
		w.began = append(w.began, post.Data.ID)
		w.mu.Unlock()
		switch post.Data.Do {
		case "reject":
			rw.WriteHeader(http.StatusConflict)
			fmt.Fprint(rw, `{"code":"no_stock","public_message":"Out of stock."}`)
		case "wait":
			select {
			case <-w.release:
			case <-req.Context().Done():
			}
		}
	}))
	t.Cleanup(w.Close)
	return w
}

// order is in which order the worker was called.
func (w *worker) order() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.began)
}

// startPosts is a rig of those who post. Their secrets are not logged.
func startPosts(t *testing.T) (*rig, *worker) {
	t.Helper()
	w := newWorker(t)
	r := startRig(t, strings.ReplaceAll(postsConfig, "{worker}", w.URL))
	t.Cleanup(func() {
		for _, secret := range []string{postSecret, postSecret[6:], postToken} {
			if strings.Contains(r.log.text(), secret) {
				t.Errorf("the log holds the secret %q", secret)
			}
		}
	})
	return r, w
}

// posted makes a request with these headers, name after value.
func (r *rig) posted(t *testing.T, path, body string, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.public+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// hasty is a request of a sender that waits for a moment only.
func (r *rig) hasty(t *testing.T, id, customer, do string) *http.Request {
	t.Helper()
	body := fmt.Sprintf(`{"id":%q,"customer":%q,"do":%q}`, id, customer, do)
	return r.posted(t, "/hasty?type=order", body, "Authorization", "Bearer "+postToken, "X-Shop", "s1")
}

// saying is what an answer says, without the event's id.
func saying(t *testing.T, a answer) answer {
	t.Helper()
	var said map[string]any
	if err := json.Unmarshal([]byte(a.Body), &said); err != nil {
		t.Fatalf("the answer %d is no JSON: %q", a.Status, a.Body)
	}
	delete(said, "id")
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	return answer{a.Status, string(text)}
}

// finish waits until the event of this key is finished.
func (r *rig) finish(t *testing.T, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	records := r.events(t)
	i := slices.IndexFunc(records, func(rec router.Record) bool { return rec.Event.Notice.Key == key })
	if i < 0 {
		t.Fatalf("there is no event with the key %s", key)
	}
	if err := r.finished.await(ctx, records[i].Event.ID); err != nil {
		t.Fatalf("the event %s does not finish: %v", key, err)
	}
}
