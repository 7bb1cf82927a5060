package daemon_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
)

// patience is how long a test waits for what is due.
const patience = 20 * time.Second

// What the rig's daemon must keep to itself.
const (
	consumerKey    = "gizmo-12056"
	consumerSecret = "consumer-secret-9f2c"
	storeUsername  = "store-1"
	storePassword  = "store-password-71aa"
	storeAPIKey    = "store-api-key-5e30"
	hookSecret     = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

// rigConfig is the configuration of a rig. The source hasty gives a fetch half
// a second: what is left of its reply_within once the reserve for writing the
// event down is taken off.
const rigConfig = `
public_url = "{public}"
state_dir  = "{dir}/state"

source "appdirect" "market" {
  path         = "/appdirect"
  marketplaces = ["{market}"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = "consumer-secret-9f2c"
  }
}

source "appdirect" "hasty" {
  path         = "/hasty"
  marketplaces = ["{market}"]
  reply_within = "2s"
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = "consumer-secret-9f2c"
  }
}

source "subscriptionbridge" "store" {
  path     = "/subscriptionbridge"
  username = "store-1"
  password = "store-password-71aa"
  api_key  = "store-api-key-5e30"
}

plugin "hook" {
  use = "webhook"
  config {
    url    = "{receiver}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}

route "order" {
  from = [source.appdirect.market, source.appdirect.hasty]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "hook" { to = plugin.hook.post }
  reply { accountIdentifier = "account-1" }
}

route "store" {
  from = [source.subscriptionbridge.store]
  deliver "hook" { to = plugin.hook.post }
}
`

// rig is a daemon with all that is around it: a marketplace, a store's
// credentials, and the receiver that its webhook plugin posts to.
type rig struct {
	*daemon.Daemon
	dir      string
	public   string
	market   *market
	receiver *receiver
	log      *logBook
	finished *finished
	client   *http.Client
	options  daemon.Options
}

// newRig makes everything but the daemon. The configuration is text, with the
// addresses filled in.
func newRig(t *testing.T, text string) *rig {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	// A test's own directory has too long a name for the admin socket.
	dir, err := os.MkdirTemp("", "daemon")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &rig{
		dir: dir, public: "http://" + listener.Addr().String(),
		market: newMarket(t), receiver: newReceiver(t), log: newLogBook(), finished: newFinished(),
		client: &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	r.options = daemon.Options{
		ConfigPath: filepath.Join(dir, "config.hcl"), Log: zerolog.New(r.log), Version: "test", Listener: listener, Observe: r.finished.add,
	}
	r.configure(t, text)
	return r
}

// configure writes the configuration; who reads it does so later.
func (r *rig) configure(t *testing.T, text string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text = strings.NewReplacer("{public}", r.public, "{dir}", r.dir, "{market}", r.market.URL, "{receiver}", r.receiver.URL, "{self}", self).Replace(text)
	if err := os.WriteFile(r.options.ConfigPath, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// startRig makes a rig whose daemon serves. When the test ends, nothing secret
// may be in its log.
func startRig(t *testing.T, text string) *rig {
	t.Helper()
	r := newRig(t, text)
	t.Cleanup(func() {
		r.stop()
		for _, secret := range []string{consumerSecret, storePassword, storeAPIKey, hookSecret} {
			if strings.Contains(r.log.text(), secret) {
				t.Errorf("the log holds the secret %q", secret)
			}
		}
	})
	r.start(t)
	return r
}

func (r *rig) start(t *testing.T) {
	t.Helper()
	d, diags, err := daemon.New(t.Context(), r.options)
	if err != nil {
		t.Fatalf("%v\n%s", err, written(t, diags))
	}
	r.Daemon = d
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) stop() {
	if r.Daemon != nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		r.Stop(ctx)
	}
}

// restart ends the daemon, and begins another at the same address.
func (r *rig) restart(t *testing.T) {
	t.Helper()
	r.stop()
	listener, err := net.Listen("tcp", strings.TrimPrefix(r.public, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	r.options.Listener = listener
	r.start(t)
}

// written is what a person is shown of diagnostics.
func written(t *testing.T, diags *daemon.Diagnostics) string {
	t.Helper()
	if diags == nil {
		return ""
	}
	var out bytes.Buffer
	if err := diags.Write(&out, false, 0); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// tally counts what has happened so far: events in the journal, calls that the
// receiver saw, and documents that the marketplace handed out or refused.
type tally struct{ Events, Runs, Fetches int }

func (r *rig) tally(t *testing.T) tally {
	t.Helper()
	return tally{Events: len(r.events(t)), Runs: r.receiver.count(), Fetches: r.market.fetched()}
}

// expectSince fails the test unless exactly this has happened since before.
func (r *rig) expectSince(t *testing.T, before, want tally) {
	t.Helper()
	now := r.tally(t)
	got := tally{now.Events - before.Events, now.Runs - before.Runs, now.Fetches - before.Fetches}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what happened meanwhile (-want +got):\n%s", diff)
	}
}

// events are all that the journal has, the newest first, but for the telling of
// refused requests: that comes by the clock.
func (r *rig) events(t *testing.T) []router.Record {
	t.Helper()
	records, err := r.Events(t.Context(), router.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(records, func(rec router.Record) bool { return rec.Event.Type == router.TypeSourceRefused })
}

// event finds the event that a notice with this token has become.
func (r *rig) event(t *testing.T, token string) router.Record {
	t.Helper()
	for _, rec := range r.events(t) {
		if rec.Event.Notice.Token == token {
			return rec
		}
	}
	t.Fatalf("the journal has no event of the token %s", token)
	return router.Record{}
}

// story waits for an event to finish, and tells it.
func (r *rig) story(t *testing.T, token string) *router.Story {
	t.Helper()
	id := r.event(t, token).Event.ID
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.finished.await(ctx, id); err != nil {
		t.Fatalf("the event of the token %s does not finish: %v", token, err)
	}
	story, err := r.Story(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return story
}
