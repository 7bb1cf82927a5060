package daemon_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/daemon/operator"
)

// unknownNames are changes to the rig's configuration that name what is not
// there, and what an operator is shown of them.
var unknownNames = []struct {
	name, old, new string
	want           []string
}{
	{"source", "from = [source.subscriptionbridge.store]", "from = [source.subscriptionbridge.shop]",
		[]string{"Unknown source", `"subscriptionbridge.shop"`, `Did you mean "subscriptionbridge.store"?`}},
	{"protocol", `source "subscriptionbridge" "store"`, `source "subscriptionbrige" "store"`,
		[]string{"Unknown kind of source", `Did you mean "subscriptionbridge"?`}},
	{"bundled plugin", `use = "webhook"`, `use = "webhok"`, []string{`there is no bundled plugin "webhok"`, "webhook"}},
	{"program", `use = "webhook"`, `exec = "/nowhere/plugin"`, []string{"there is no program /nowhere/plugin"}},
	{"plugin", "to = plugin.hook.post }\n  reply", "to = plugin.hok.post }\n  reply", []string{"Unknown plugin", `"hok"`, `Did you mean "hook"?`}},
	{"action", "to = plugin.hook.post }\n  reply", "to = plugin.hook.psot }\n  reply", []string{"Unknown action", `"psot"`, `There is only "post"`}},
	{"delivery", `"account-1"`, `deliver.hok.body`, []string{"Unknown delivery", `"hok"`, `Did you mean "hook"?`}},
	{"output", `"account-1"`, `deliver.hook.bdy`, []string{"Unknown output", `"bdy"`, `Did you mean "body"?`}},
	{"reply attribute", "reply { accountIdentifier", "reply { accountIdentifer", []string{"Unknown reply attribute", `Did you mean "accountIdentifier"?`}},
	{"block", `route "order"`, `rout "order"`, []string{`"rout"`, `Did you mean "route"?`}},
	{"setting", "state_dir ", "stat_dir ", []string{`"stat_dir"`, `Did you mean "state_dir"?`}},
}

// misnamed is the rig's configuration with one name gone wrong.
func misnamed(t *testing.T, old, new string) string {
	t.Helper()
	text := strings.Replace(rigConfig, old, new, 1)
	if text == rigConfig {
		t.Fatalf("the rig's configuration has no %q", old)
	}
	return text
}

func expectDiagnostics(t *testing.T, text string, want []string) {
	t.Helper()
	for _, w := range append([]string{"Error: ", "config.hcl line "}, want...) {
		if !strings.Contains(text, w) {
			t.Errorf("the diagnostics don't say %q:\n%s", w, text)
		}
	}
	if strings.Contains(text, consumerSecret) || strings.Contains(text, hookSecret) {
		t.Errorf("the diagnostics hold a secret:\n%s", text)
	}
}

func TestUnknownNamesAtStart(t *testing.T) {
	for _, c := range unknownNames {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, misnamed(t, c.old, c.new))
			d, diags, err := daemon.New(t.Context(), r.options)
			if d != nil {
				d.Stop(t.Context())
			}
			if bad := new(daemon.ConfigError); d != nil || !errors.As(err, &bad) {
				t.Fatalf("a daemon is made of it: %v", err)
			}
			expectDiagnostics(t, written(t, diags), c.want)
			r.expectNothingMade(t)
		})
	}
}

func TestUnknownNamesAtReload(t *testing.T) {
	r := startRig(t, rigConfig)
	r.serves(t, "order-before")
	plan := r.event(t, "order-before").Event.Plan
	for _, c := range unknownNames {
		t.Run(c.name, func(t *testing.T) {
			r.configure(t, misnamed(t, c.old, c.new))
			expectDiagnostics(t, r.expectNoReload(t), c.want)
		})
	}
	r.serves(t, "order-after")
	if now := r.event(t, "order-after").Event.Plan; now != plan {
		t.Errorf("the plan is %s after reloads that failed; it was %s", now, plan)
	}
}

// TestHangup reloads as the service does, at SIGHUP: a configuration with an
// error, and one without.
func TestHangup(t *testing.T) {
	r := newRig(t, rigConfig)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	hangup, shown, ended := make(chan os.Signal), make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, r.options, hangup, func(diags *daemon.Diagnostics) { shown <- written(t, diags) })
	}()
	await := func(e entry) {
		t.Helper()
		if err := r.log.await(ctx, 0, e); err != nil {
			t.Fatal(err)
		}
	}
	await(entry{"info", "ready", nil})

	r.configure(t, misnamed(t, `route "order"`, `rout "order"`))
	hangup <- syscall.SIGHUP
	expectDiagnostics(t, <-shown, []string{`Did you mean "route"?`})
	await(entry{"error", "the configuration was not reloaded; the old one serves on", map[string]string{"error": "the configuration has errors"}})
	r.servesUnseen(t, ctx, "order-after-error", 1)

	r.configure(t, strings.Replace(rigConfig, `"account-1"`, `"account-2"`, 1))
	hangup <- syscall.SIGHUP
	await(entry{"info", "reloaded", nil})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the daemon ends with %v", err)
	}
}

// servesUnseen shows over the admin API that a daemon which belongs to Run does
// its work.
func (r *rig) servesUnseen(t *testing.T, ctx context.Context, token string, events int) {
	t.Helper()
	r.market.has(token, page{body: r.market.order("")})
	if got := r.send(t, r.notice(t, "/appdirect", token)); got.Body != `{"success":true,"accountIdentifier":"account-1"}` {
		t.Errorf("an honest order is answered %+v", got)
	}
	list, err := operator.Dial(daemon.AdminSocket("", r.dir+"/state")).Events(ctx, operator.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Events) != events || r.receiver.count() != events {
		t.Errorf("%d events, %d runs; wanted %d of each", len(list.Events), r.receiver.count(), events)
	}
}

// TestLogLevel: what is for debug is not in the log until a reload asks for it.
func TestLogLevel(t *testing.T) {
	r := startRig(t, rigConfig)
	unsigned := func() {
		t.Helper()
		req := r.notice(t, "/appdirect", "order-unsigned")
		req.Header.Set("Authorization", strings.Replace(req.Header.Get("Authorization"), `oauth_signature="`, `oauth_signature="x`, 1))
		r.send(t, req)
	}
	debug := entry{"debug", "the signature of a notification was not accepted", map[string]string{"base_string": "GET&http"}}
	unsigned()
	r.log.expect(t, 0, 0, debug)
	r.configure(t, `log_level = "debug"`+rigConfig)
	if diags, err := r.Reload(t.Context(), false); err != nil {
		t.Fatalf("%v\n%s", err, written(t, diags))
	}
	unsigned()
	r.log.expect(t, 0, 1, debug)
}
