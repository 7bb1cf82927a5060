package daemon_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// The parts of a configuration with two products at one source, and with a store
// whose events go to a receiver that is never well.
const (
	owedHead = `
public_url = "{public}"
state_dir  = "{dir}/state"
`
	owedGizmo = `
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = "consumer-secret-9f2c"
  }`
	owedWidget = `
  oauth1 {
    consumer_key    = "widget-7"
    consumer_secret = "consumer-secret-9f2c"
  }`
	owedStore = `
source "subscriptionbridge" "store" {
  path         = "/subscriptionbridge"
  reply_within = "200ms"
  username     = "store-1"
  password     = "store-password-71aa"
  api_key      = "store-api-key-5e30"
}
`
	owedHook = `
plugin "hook" {
  use = "webhook"
  config {
    url    = "{unwell}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}
`
	owedMail = `
plugin "hook" {
  use = "email"
  config {
    from    = "hello@vendor.example"
    maildir = "{dir}/mail"
  }
}
`
	owedRoutes = `
route "order" {
  from = [source.appdirect.market]
  deliver "hook" { to = plugin.hook.post }
  reply { accountIdentifier = "account-1" }
}

route "store" {
  from = [source.subscriptionbridge.store]
  deliver "hook" {
    to = plugin.hook.post
    retry { initial = "10m" }
  }
}
`
)

// owedMarket is the source of these products at a marketplace.
func owedMarket(marketplace, path string, products ...string) string {
	return fmt.Sprintf("\nsource \"appdirect\" \"market\" {\n  path = %q\n  marketplaces = [%q]\n%s\n}\n", path, marketplace, strings.Join(products, ""))
}

var owedAll = owedHead + owedMarket("{market}", "/appdirect", owedGizmo, owedWidget) + owedStore + owedHook + owedRoutes

// startOwing gives a rig that owes the fetch of one event of the first product and of
// two of the second, and one delivery of the store's. configured writes one of
// its configurations.
func startOwing(t *testing.T) (r *rig, configured func(string)) {
	t.Helper()
	unwell := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(unwell.Close)
	r = newRig(t, "")
	configured = func(text string) {
		t.Helper()
		r.configure(t, strings.ReplaceAll(text, "{unwell}", unwell.URL))
	}
	configured(owedAll)
	t.Cleanup(r.stop)
	r.start(t)
	for n, key := range []string{consumerKey, "widget-7", "widget-7"} {
		token := fmt.Sprint("order-", n)
		r.market.has(token, page{status: http.StatusServiceUnavailable})
		sign := oauth.NewSigner(key, router.NewSecret([]byte(consumerSecret)), time.Now)
		if diff := cmp.Diff(waiting, r.send(t, r.notify(t, "/appdirect", r.market.address(token), sign))); diff != "" {
			t.Fatalf("the caller is told otherwise (-want +got):\n%s", diff)
		}
	}
	if x := r.eventRequest(t, "GUID-1"); x.Status != "Warning" {
		t.Fatalf("the store is told %+v", x)
	}
	return r, configured
}

// owedNothing has no source and no plugin.
const (
	owedNothing   = owedHead
	owedByNothing = "plugin hook (1 unfinished event), source appdirect.market (3 unfinished events), source subscriptionbridge.store (1 unfinished event)"
)

// TestReloadOwed: what unfinished events need is not taken away unasked, and is
// told with how many they are.
func TestReloadOwed(t *testing.T) {
	r, configured := startOwing(t)
	market := owedMarket("{market}", "/appdirect", owedGizmo, owedWidget)
	for _, c := range []struct{ name, config, lacks string }{
		{"a source", owedHead + market, "plugin hook (1 unfinished event), source subscriptionbridge.store (1 unfinished event)"},
		{"a plugin", owedHead + market + owedStore, "plugin hook (1 unfinished event)"},
		{"an action of a plugin", owedHead + market + owedStore + owedMail, "action hook.post (1 unfinished event)"},
		{"credentials", owedHead + owedMarket("{market}", "/appdirect", owedGizmo) + owedStore + owedHook + owedRoutes,
			`credentials "widget-7" of source appdirect.market (2 unfinished events)`},
		{"a marketplace", owedHead + owedMarket("https://www.elsewhere.example", "/appdirect", owedGizmo, owedWidget) + owedStore + owedHook + owedRoutes,
			`marketplace "` + r.market.URL + `" of source appdirect.market (3 unfinished events)`},
		{"all", owedNothing, owedByNothing},
		{"routes, a path, a secret's rotation", owedHead + owedMarket("{market}", "/elsewhere", owedWidget, strings.Replace(owedGizmo, "  }",
			"    previous_secret = \"consumer-secret-before\"\n  }", 1)) + owedStore + owedHook, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			configured(c.config)
			diags, err := r.Reload(t.Context(), false)
			got, want := "", ""
			if err != nil {
				got = err.Error()
			}
			if c.lacks != "" {
				want = "the new configuration lacks " + c.lacks + "; nothing was reloaded. Keep it until the work is done, or reload with --force: the work then waits until it is back, or for an operator"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the refusal (-want +got):\n%s\n%s", diff, written(t, diags))
			}
		})
	}
}

// TestReloadOwedByForce: it is taken away where that is meant, and who reloads
// next is not asked about it again. A start only tells of it.
func TestReloadOwedByForce(t *testing.T) {
	r, configured := startOwing(t)
	reload := func(config string, force bool) {
		t.Helper()
		configured(config)
		if diags, err := r.Reload(t.Context(), force); err != nil {
			t.Fatalf("%v\n%s", err, written(t, diags))
		}
	}
	reload(owedNothing, true)
	reload(owedNothing+"\nretention = \"30d\"\n", false)
	reload(owedAll, false)

	configured(owedNothing)
	mark := r.log.mark()
	r.restart(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.log.await(ctx, mark, entry{"warn", "the configuration lacks what unfinished events need", map[string]string{"lacks": owedByNothing}}); err != nil {
		t.Error(err)
	}
	for n := range 3 {
		r.eventually(t, func() error {
			if phase := r.event(t, fmt.Sprint("order-", n)).State.Phase; phase != router.Held {
				return fmt.Errorf("an event without its source is %s", phase)
			}
			return nil
		})
	}
	held := 0
	for _, rec := range r.events(t) {
		if rec.Event.Type == router.TypeEventHeld {
			held++
		}
	}
	if held != 3 {
		t.Errorf("of three held events %d are told", held)
	}
}
