package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/sdk"
)

// serveBadPlugin is what this test's binary does as a plugin that nobody should
// write.
func serveBadPlugin(mode string) {
	switch mode {
	case "exits":
		fmt.Fprintln(os.Stderr, "no licence for this host: giving up")
		os.Exit(3)
	case "garbage":
		sdk.Serve(garbage())
	}
	fmt.Fprintf(os.Stderr, "there is no bad plugin %q\n", mode)
	os.Exit(1)
}

// garbage promises an account and gives something else, with one action for
// each way to do so. The action "once" does better the second time; it names
// the key that it was given both times.
func garbage() *sdk.Plugin {
	output := sdk.Schema{Attrs: []sdk.Attr{{Name: "account", Type: sdk.String, Required: true}}}
	action := func(name string, handle func(*sdk.Delivery) sdk.Outcome) sdk.Action {
		return sdk.Action{Name: name, Output: output, Handle: func(_ context.Context, d *sdk.Delivery) sdk.Outcome { return handle(d) }}
	}
	var first sync.Map // the key of each delivery's first attempt
	return &sdk.Plugin{
		Name: "garbage", Version: "1.0.0",
		Actions: []sdk.Action{
			action("wrong_type", func(*sdk.Delivery) sdk.Outcome { return sdk.Succeeded(map[string]any{"account": []int{1}}) }),
			action("no_account", func(*sdk.Delivery) sdk.Outcome { return sdk.Succeeded(nil) }),
			action("no_object", func(*sdk.Delivery) sdk.Outcome { return sdk.Succeeded("account-2") }),
			action("no_outcome", func(*sdk.Delivery) sdk.Outcome { return sdk.Outcome{} }),
			action("panic", func(*sdk.Delivery) sdk.Outcome { panic("out of cheese") }),
			action("once", func(d *sdk.Delivery) sdk.Outcome {
				if key, again := first.LoadOrStore(d.ID, d.Key); again && key == d.Key {
					return sdk.Succeeded(map[string]string{"account": "account-2"})
				}
				return sdk.Succeeded(map[string]any{"account": nil})
			}),
		},
	}
}

// badPlugin is the block of a bad plugin, in the place of the rig's own.
func badPlugin(mode string) string {
	return `plugin "hook" {
  exec = "{self}"
  args = ["bad-plugin", "` + mode + `"]
}`
}

// exitsConfig has a plugin that exits where the rig's has one that works.
func exitsConfig(t *testing.T) string {
	t.Helper()
	begin, end := strings.Index(rigConfig, `plugin "hook"`), strings.Index(rigConfig, `route "order"`)
	if begin < 0 || end < begin {
		t.Fatal("the rig's configuration has no plugin")
	}
	return rigConfig[:begin] + badPlugin("exits") + "\n\n" + rigConfig[end:]
}

func TestPluginThatExitsAtStart(t *testing.T) {
	r := newRig(t, exitsConfig(t))
	d, diags, err := daemon.New(t.Context(), r.options)
	if d != nil {
		d.Stop(t.Context())
	}
	if bad := new(daemon.ConfigError); d != nil || !errors.As(err, &bad) {
		t.Fatalf("a daemon is made of a plugin that exits: %v", err)
	}
	text := written(t, diags)
	for _, want := range []string{`Asking plugin "hook" what it can do failed`, "exit status 3", "no licence for this host: giving up", `exec = "`, "config.hcl line "} {
		if !strings.Contains(text, want) {
			t.Errorf("the diagnostics don't say %q:\n%s", want, text)
		}
	}
	r.log.expect(t, 0, 1, entry{"info", "no licence for this host: giving up", map[string]string{"plugin": "hook"}})
	r.expectNothingMade(t)
}

// expectNothingMade wants no trace of a daemon that never came to be.
func (r *rig) expectNothingMade(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(r.dir, "state")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a state directory: %v", err)
	}
	if n, m := r.market.fetched(), r.receiver.count(); n+m > 0 {
		t.Errorf("%d fetches and %d runs", n, m)
	}
}

func TestReloadToAPluginThatExits(t *testing.T) {
	r := startRig(t, rigConfig)
	r.serves(t, "order-before")
	r.configure(t, exitsConfig(t))
	text := r.expectNoReload(t)
	if want := "no licence for this host: giving up"; !strings.Contains(text, want) {
		t.Errorf("the diagnostics don't say %q:\n%s", want, text)
	}
	r.serves(t, "order-after")
}

// expectNoReload reloads, and wants everything to stay as it is. It returns the
// diagnostics.
func (r *rig) expectNoReload(t *testing.T) string {
	t.Helper()
	before, plugins := r.tally(t), r.Plugins()
	diags, err := r.Reload(t.Context(), true)
	if bad := new(daemon.ConfigError); !errors.As(err, &bad) {
		t.Fatalf("the reload ends with %v, not with diagnostics", err)
	}
	if diff := cmp.Diff(plugins, r.Plugins()); diff != "" {
		t.Errorf("a reload that failed did something to the plugins (-before +after):\n%s", diff)
	}
	r.expectSince(t, before, tally{})
	return written(t, diags)
}

// garbageRoute has an action of the plugin garbage take orders and the store's
// events. Two attempts come quickly; then an operator is needed. The plugin has
// the action's name: too many unknown outcomes of one plugin would hold back
// all calls to it.
const garbageRoute = `
plugin "{action}" {
  exec = "{self}"
  args = ["bad-plugin", "garbage"]
}

route "garbage" {
  from = [source.appdirect.market, source.subscriptionbridge.store]
  deliver "bad" {
    to = plugin.{action}.{action}
    retry {
      attempts = 2
      initial  = "1ms"
      max      = "1ms"
    }
  }
  deliver "then" {
    to   = plugin.hook.post
    with = { data = deliver.bad.account }
  }
  {reply}
}
`

// garbageConfig routes everything to the action.
func garbageConfig(action string) string {
	head := rigConfig[:strings.Index(rigConfig, `route "order"`)]
	return head + strings.NewReplacer("{action}", action, "{reply}", "").Replace(garbageRoute)
}

func TestPluginThatAnswersGarbage(t *testing.T) {
	r := startRig(t, garbageConfig("wrong_type"))
	for _, c := range []struct{ action, why string }{
		{"wrong_type", "its output is not what the action promises"},
		{"no_account", "its output is not what the action promises"},
		{"no_object", "it is no JSON object"},
		{"no_outcome", "the handler returned no outcome"},
		{"panic", "the plugin panicked"},
	} {
		t.Run(c.action, func(t *testing.T) {
			r.configure(t, garbageConfig(c.action))
			// With force: the events of the plugin before are held, and owe it.
			if diags, err := r.Reload(t.Context(), true); err != nil {
				t.Fatalf("%v\n%s", err, written(t, diags))
			}
			token := "order-" + c.action
			r.market.has(token, page{body: r.market.order("")})
			before, mark := r.tally(t), r.log.mark()

			if diff := cmp.Diff(waiting, r.send(t, r.notice(t, "/appdirect", token))); diff != "" {
				t.Errorf("the caller is told otherwise (-want +got):\n%s", diff)
			}
			if x := r.eventRequest(t, "GUID-"+c.action); x.HTTPStatus != http.StatusOK || x.Status != "Warning" {
				t.Errorf("the store is told %+v, not that its event is accepted", x)
			}
			for _, token := range []string{token, "GUID-" + c.action} {
				r.expectHeld(t, token, c.why)
			}
			// Each of the two events causes delivery.failed and event.held.
			r.expectSince(t, before, tally{Events: 6, Fetches: 1})
			r.log.expect(t, mark, 4, entry{"warn", "attempt", map[string]string{"delivery": "garbage/bad", "outcome": "unknown", "detail": c.why}})
			r.log.expect(t, mark, 2, entry{"warn", "may have run; retries are used up: ", map[string]string{"failure": router.TypeDeliveryFailed, "delivery": "garbage/bad"}})
		})
	}
}

// expectHeld wants an event that waits for an operator: tried twice, perhaps
// done, and what depends on it not begun.
func (r *rig) expectHeld(t *testing.T, token, why string) {
	t.Helper()
	story, err := r.Story(t.Context(), r.event(t, token).Event.ID)
	if err != nil {
		t.Fatal(err)
	}
	s := story.State
	if s.Phase != router.Held || s.Finished() || len(s.Deliveries) != 2 {
		t.Fatalf("the event is not held: %+v", s)
	}
	if d := s.Deliveries[0]; d.Status != router.DoneExhausted || !d.MayHaveRun || d.Attempts != 2 || d.Generation != 0 || !strings.Contains(d.Detail, why) {
		t.Errorf("the delivery is %+v; wanted two attempts that may have run, with one key, because %q", d, why)
	}
	if d := s.Deliveries[1]; d.Status != router.Waiting {
		t.Errorf("what needs the delivery is %s", d.Status)
	}
	if len(story.Attempts) != 2 || len(story.Caused) != 2 {
		t.Errorf("the journal has %d attempts and %d failure events", len(story.Attempts), len(story.Caused))
	}
}

// TestPluginThatAnswersGarbageOnce is tried again with the same key, within the
// caller's limit.
func TestPluginThatAnswersGarbageOnce(t *testing.T) {
	config := rigConfig[:strings.Index(rigConfig, `route "order"`)] +
		strings.NewReplacer("{action}", "once", "{reply}", "reply { accountIdentifier = deliver.bad.account }").Replace(garbageRoute)
	r := startRig(t, strings.Replace(config, ", source.subscriptionbridge.store", "", 1))
	r.market.has("order-once", page{body: r.market.order("")})
	before, mark := r.tally(t), r.log.mark()
	got := r.send(t, r.notice(t, "/appdirect", "order-once"))
	if diff := cmp.Diff(answer{http.StatusOK, `{"success":true,"accountIdentifier":"account-2"}`}, got); diff != "" {
		t.Errorf("the caller is told otherwise (-want +got):\n%s", diff)
	}
	r.expectSince(t, before, tally{Events: 1, Runs: 1, Fetches: 1})
	attempt := func(level, outcome string) entry {
		return entry{level, "attempt", map[string]string{"delivery": "garbage/bad", "outcome": outcome}}
	}
	r.log.expect(t, mark, 1, attempt("warn", string(router.Unknown)))
	r.log.expect(t, mark, 1, attempt("info", string(router.Succeeded)))
}
