package daemon_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// sealedConfig has one delivery, which is given a sensitive output and is held.
const sealedConfig = `
public_url = "{public}"
state_dir  = "{dir}/state"
seal_key   = file("{dir}/key")

source "webhook" "any" {
  path = "/any"
  id   = request.headers["X-Id"]
  type = request.query.type
  bearer { token = "posted-token-3b5a" }
}

plugin "safe" {
  exec = "{self}"
  args = ["planted-plugin", "serves"]
  config { token = "configured-token" }
}

route "blabber" {
  from = [source.webhook.any]
  deliver "issue" { to = plugin.safe.issue }
  deliver "act" {
    to   = plugin.safe.act
    with = { do = event.type, pin = deliver.issue.token }
    retry { attempts = 1 }
  }
}
`

// TestSealKeyRotates: a reload can put a key before the one in use, and can't
// take away one that work is owed under.
func TestSealKeyRotates(t *testing.T) {
	r := newRig(t, sealedConfig)
	t.Cleanup(r.stop)
	one, two := key("one"), key("two")
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(r.dir, "key"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(one)
	r.start(t)
	if _, err := os.Stat(filepath.Join(r.dir, "state", "seal.key")); err == nil {
		t.Error("a key is made beside the one that is configured")
	}
	r.send(t, r.posted(t, "/any?type=retry", `{}`, "X-Id", "1", "Authorization", "Bearer "+postToken))
	r.quiet(t)
	id := r.heldEvent(t).Event.ID

	write(two)
	if _, err := r.Reload(t.Context(), false); err == nil || !strings.Contains(err.Error(), "a key that sealed values need (1 unfinished event)") {
		t.Fatalf("the key that work is owed under is let go: %v", err)
	}
	write(two + "\n" + one)
	if _, err := r.Reload(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if body := r.replay(t, id); strings.Contains(body, `"error"`) {
		t.Fatal(body)
	}
	r.eventually(t, func() error {
		story, err := r.Story(t.Context(), id)
		if err == nil && (story.State.Phase != router.Held || len(story.Attempts) != 3) {
			err = fmt.Errorf("it is %s after %d attempts", story.State.Phase, len(story.Attempts))
		}
		return err
	})
	if d := r.heldEvent(t).State.Deliveries[1]; strings.Contains(d.Detail, "the pin is") || !strings.Contains(d.Detail, "(secret)") {
		t.Errorf("the replay came to %q", d.Detail)
	}

	// By force the key goes. What was in hand meanwhile can be opened by this
	// process; the next calls nothing.
	write(two)
	if _, err := r.Reload(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	r.restart(t)
	if body := r.replay(t, id); !strings.Contains(body, "was sealed with the key") {
		t.Errorf("a replay without the key: %s", body)
	}
	if story, err := r.Story(t.Context(), id); err != nil || len(story.Attempts) != 3 {
		t.Errorf("%d attempts, %v", len(story.Attempts), err)
	}
}

// TestSealKeyGoesDuringACall: an event whose plugin is just being called is in no
// journal with a sealed value; it is tried again under the key there is.
func TestSealKeyGoesDuringACall(t *testing.T) {
	called, answer := make(chan struct{}, 1), make(chan struct{})
	var calls atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			called <- struct{}{}
			<-answer
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(receiver.Close)
	text, _, _ := strings.Cut(sealedConfig, `plugin "safe" {`)
	r := newRig(t, text+strings.ReplaceAll(`
plugin "hook" {
  use = "webhook"
  config {
    url    = "RECEIVER"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}

route "x" {
  from = [source.webhook.any]
  deliver "hook" {
    to   = plugin.hook.post
    with = { secrets = { pin = sha256("pin-${event.id}") } }
    retry {
      attempts = 3
      initial  = "1ms"
      max      = "1ms"
    }
  }
}
`, "RECEIVER", receiver.URL))
	t.Cleanup(r.stop)
	path := filepath.Join(r.dir, "key")
	if err := os.WriteFile(path, []byte(key("one")), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	var sent sync.WaitGroup
	sent.Go(func() {
		r.send(t, r.posted(t, "/any?type=order", `{}`, "X-Id", "1", "Authorization", "Bearer "+postToken))
	})
	<-called
	if err := os.WriteFile(path, []byte(key("two")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := r.Reload(t.Context(), false)
	close(answer)
	if err != nil {
		t.Fatal(err)
	}
	sent.Wait()
	r.quiet(t)
	if rec := r.heldEvent(t); calls.Load() != 3 {
		t.Errorf("held after %d calls: %s", calls.Load(), rec.State.Why)
	}
	r.restart(t)
	if body := r.replay(t, r.heldEvent(t).Event.ID); strings.Contains(body, "error") {
		t.Errorf("after a restart with the new key alone: %s", body)
	}
}

// TestSealKeyIsTold: making a key is said, and louder where one may be lost.
func TestSealKeyIsTold(t *testing.T) {
	r := newRig(t, strings.Replace(sealedConfig, `seal_key   = file("{dir}/key")`, "", 1))
	t.Cleanup(r.stop)
	r.start(t)
	expect := func(want string, others string) {
		t.Helper()
		if log := r.log.text(); !strings.Contains(log, want) || strings.Contains(log, others) {
			t.Errorf("the log has not %q, or it has %q:\n%s", want, others, log)
		}
	}
	const fresh, beside = `"made a sealing key"`, "made a sealing key beside a journal that has events"
	expect(fresh, beside)
	r.send(t, r.posted(t, "/any?type=succeed", `{}`, "X-Id", "1", "Authorization", "Bearer "+postToken))
	r.quiet(t)
	r.restart(t)
	expect(fresh, beside)
	r.stop()
	if err := os.Remove(filepath.Join(r.dir, "state", "seal.key")); err != nil {
		t.Fatal(err)
	}
	r.restart(t)
	expect(beside, "no such text")
}

func key(text string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(text+"!", 8)))
}

// heldEvent is the one event that waits for an operator.
func (r *rig) heldEvent(t *testing.T) router.Record {
	t.Helper()
	records, err := r.Events(t.Context(), router.Query{Phase: router.Held})
	if err != nil || len(records) != 1 {
		t.Fatalf("%d events are held, %v", len(records), err)
	}
	return records[0]
}

// replay is what an operator asks for.
func (r *rig) replay(t *testing.T, id string) (body string) {
	t.Helper()
	return r.admin(t, "POST", "/v1/events/"+id+"/replay")
}
