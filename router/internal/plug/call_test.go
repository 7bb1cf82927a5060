package plug

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

func TestCallOutcomes(t *testing.T) {
	cases := map[string]router.Outcome{
		"ok": {Kind: router.Succeeded, Output: json.RawMessage("{}")},
		"echo": {Kind: router.Succeeded, Output: json.RawMessage(
			`{"attempt":1,"event":"e","id":"e/r/d","key":"e/r/d:0"}`)},
		"reject": {Kind: router.Rejected, Code: "no_card", Public: "No card.", Detail: "token (secret)"},
		"retry":  {Kind: router.Retry, Detail: "busy", After: time.Minute, FreshKey: true, NeedsOperator: true},
		"lost":   {Kind: router.Unknown, Detail: "no answer", After: time.Minute},
		"unfit": {Kind: router.Unknown, Detail: "the plugin says that it succeeded, but its output is not what the action " +
			"promises: id: it is of the JSON kind number, not string"},
		"panic":   {Kind: router.Unknown, Detail: "the plugin panicked; its log has the stack"},
		"missing": {Kind: router.Unknown, Detail: `there is no action "missing"`},
	}
	r := newRig(t)
	r.mustLoad(program("p", "good"), goodConfig{Token: "s3cr3t-token"})
	for action, want := range cases {
		t.Run(action, func(t *testing.T) {
			if diff := cmp.Diff(want, r.call(action, patience)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("too large", func(t *testing.T) {
		got := r.Call(t.Context(), router.Call{
			To: router.ActionRef{Plugin: "p", Action: "ok"}, Deadline: time.Now().Add(patience),
			Event: json.RawMessage("{}"), Input: make([]byte, pluginv1.MaxMessage),
		})
		if got.Kind != router.Retry || got.NotSent || !strings.Contains(got.Detail, "more than the 16777216 of a message") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("no such plugin", func(t *testing.T) {
		got := r.Call(t.Context(), router.Call{To: router.ActionRef{Plugin: "q", Action: "ok"}, Deadline: time.Now().Add(patience)})
		if got.Kind != router.Retry || !got.NotSent {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("over before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		got := r.Call(ctx, router.Call{To: router.ActionRef{Plugin: "p", Action: "ok"}, Deadline: time.Now().Add(patience)})
		if got.Kind == router.Succeeded || got.Kind == router.Rejected {
			t.Errorf("got %+v", got)
		}
	})
}

// TestCallRaw: a plugin without the SDK, its answers good and bad.
func TestCallRaw(t *testing.T) {
	cases := map[string]router.Outcome{
		"ok":        {Kind: router.Succeeded, Output: json.RawMessage("{}")},
		"nothing":   {Kind: router.Unknown, Detail: "the plugin answered without an outcome"},
		"no_object": {Kind: router.Unknown, Detail: "the plugin says that it succeeded, but its output is not what the action promises: it is no JSON object"},
		"refuse":    {Kind: router.Unknown, Detail: "I can't read that (InvalidArgument)"},
		"long":      {Kind: router.Rejected, Code: "rejected", Public: strings.Repeat("x", publicMax) + "…", Detail: "a [31mb\nc"},
	}
	r := newRig(t)
	p := program("p", "unary")
	p.MTLS = false
	r.mustLoad(p, nil)
	for action, want := range cases {
		t.Run(action, func(t *testing.T) {
			if diff := cmp.Diff(want, r.call(action, patience)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("deadline", func(t *testing.T) {
		want := router.Outcome{Kind: router.Unknown, Lost: true, Detail: "no answer before the deadline"}
		if diff := cmp.Diff(want, r.call("hang", 100*time.Millisecond)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("death", func(t *testing.T) {
		if got := r.call("die", patience); got.Kind != router.Unknown || got.NotSent {
			t.Errorf("got %+v", got)
		}
		receive(t, r.down, "the report that the plugin is down")
		receive(t, r.up, "the report that the plugin is up")
		if got := r.call("ok", patience); got.Kind != router.Succeeded {
			t.Errorf("after the restart: %+v", got)
		}
	})
	if !strings.Contains(r.log.String(), `"stream":"stdout","message":"described on stdout"`) {
		t.Errorf("what it printed to stdout is not in the log:\n%s", r.log)
	}
}

// TestHangsUp: a plugin that gives up its socket but stays is restarted.
func TestHangsUp(t *testing.T) {
	r := newRig(t)
	p := program("p", "hangs up")
	p.MTLS = false
	r.mustLoad(p, nil)
	if got := r.call("hang_up", patience); got.Kind != router.Unknown {
		t.Errorf("got %+v", got)
	}
	if err := receive(t, r.down, "the report that the plugin is down"); err.Error() != "the plugin no longer listens; it was ended" {
		t.Errorf("it went down by %v", err)
	}
	receive(t, r.up, "the report that the plugin is up")
	if got := r.call("ok", patience); got.Kind != router.Succeeded {
		t.Errorf("after the restart: %+v", got)
	}
}

// TestStreamBreaks: calls on a broken stream are unknown, and the next one
// opens another. An answer to a call that nobody made does no harm.
func TestStreamBreaks(t *testing.T) {
	r := newRig(t)
	p := program("p", "stream breaks")
	p.MTLS = false
	r.mustLoad(p, nil)
	want := router.Outcome{Kind: router.Unknown, Lost: true, Detail: "the connection to the plugin was lost: the stream has hiccups"}
	if diff := cmp.Diff(want, r.call("ok", patience)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := r.call("ok", patience); got.Kind != router.Succeeded {
		t.Errorf("on the next stream: %+v", got)
	}
	if got := r.Status()[0]; got.State != Running || got.Restarts != 0 {
		t.Errorf("the plugin was restarted: %+v", got)
	}
}

// TestDeadlineOnStream: the attempt ends at its deadline, and the handler is
// told.
func TestDeadlineOnStream(t *testing.T) {
	r, g := newRig(t), newGate(t)
	r.mustLoad(program("p", "good"), goodConfig{Gate: g.URL})
	want := router.Outcome{Kind: router.Unknown, Lost: true, Detail: "no answer before the deadline"}
	if diff := cmp.Diff(want, r.call("hang", 100*time.Millisecond)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	receive(t, g.arrived, "the deadline at the handler")
}

// TestCancelOnStream: a caller that gives up is answered, and the handler told,
// long before the deadline.
func TestCancelOnStream(t *testing.T) {
	r, g := newRig(t), newGate(t)
	r.mustLoad(program("p", "good"), goodConfig{Gate: g.URL})
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan router.Outcome, 1)
	go func() {
		got <- r.Call(ctx, router.Call{
			To: router.ActionRef{Plugin: "p", Action: "wait"}, Event: json.RawMessage("{}"), Deadline: time.Now().Add(time.Hour),
		})
	}()
	receive(t, g.arrived, "the call at the handler")
	cancel()
	want := router.Outcome{Kind: router.Unknown, Detail: "the call was given up while it ran"}
	if diff := cmp.Diff(want, receive(t, got, "the outcome")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestKilledInFlight: a call that ran is unknown, one made meanwhile was not
// sent, and the plugin comes back.
func TestKilledInFlight(t *testing.T) {
	r, g := newRig(t), newGate(t)
	r.mustLoad(program("p", "good"), goodConfig{Gate: g.URL, Token: "s3cr3t-token"})
	before := r.pid()
	got := make(chan router.Outcome, 1)
	go func() { got <- r.call("wait", patience) }()
	receive(t, g.arrived, "the call at the handler")
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if o := receive(t, got, "the outcome"); o.Kind != router.Unknown || o.NotSent {
		t.Errorf("the call in flight: %+v", o)
	}
	if err := receive(t, r.down, "the report that the plugin is down"); !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("it went down by %v", err)
	}
	o := r.call("ok", patience)
	if o.Kind != router.Succeeded && (o.Kind != router.Retry || !o.NotSent || o.After <= 0) {
		t.Errorf("a call while it is down: %+v", o)
	}
	receive(t, r.up, "the report that the plugin is up")
	if o := r.call("reject", patience); o.Detail != "token (secret)" {
		t.Errorf("it came back with another configuration: %+v", o)
	}
	s := r.Status()[0]
	if s.State != Running || s.Restarts != 1 || s.Pid == before || !strings.Contains(s.LastError, "killed") {
		t.Errorf("got %+v", s)
	}
}

// TestDies: what it said last is told, without its secrets.
func TestDies(t *testing.T) {
	r := newRig(t)
	r.mustLoad(program("p", "good"), goodConfig{Token: "s3cr3t-token"})
	if o := r.call("die", patience); o.Kind != router.Unknown {
		t.Errorf("got %+v", o)
	}
	err := receive(t, r.down, "the report that the plugin is down")
	if want := "the plugin ended by itself: exit status 7; its last line: dying of (secret)"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	receive(t, r.up, "the report that the plugin is up")
	if strings.Contains(r.log.String(), "s3cr3t") {
		t.Errorf("the log has the secret:\n%s", r.log)
	}
}

func TestLookupAndCheck(t *testing.T) {
	r := newRig(t)
	r.mustLoad(program("p", "good"), nil)
	if _, ok := r.Lookup(router.ActionRef{Plugin: "p", Action: "unfit"}); !ok {
		t.Error("an action is not found")
	}
	for _, ref := range []router.ActionRef{{Plugin: "p", Action: "x"}, {Plugin: "x", Action: "unfit"}} {
		if _, ok := r.Lookup(ref); ok {
			t.Errorf("%s is found", ref)
		}
	}
	if err := r.Check(t.Context(), "p"); err == nil || err.Error() != `checking plugin "p": no token` {
		t.Errorf("got %v", err)
	}
	if err := r.Check(t.Context(), "x"); err == nil {
		t.Error("a missing plugin passes the check")
	}
	r.mustLoad(program("p", "good"), goodConfig{Token: "s3cr3t-token"})
	if err := r.Check(t.Context(), "p"); err != nil {
		t.Errorf("got %v", err)
	}
}

// TestSurroundings: the environment is the allowed one, stdin is empty, the
// process group its own.
func TestSurroundings(t *testing.T) {
	t.Setenv("DATABASE_PASSWORD", "hunter2")
	t.Setenv("TZ", "Europe/Zurich")
	r := newRig(t)
	r.mustLoad(program("p", "good", "OWN=yes"), nil)
	var got struct {
		Env   []string
		Stdin string
		Err   string
		Leads bool
	}
	if err := json.Unmarshal(r.call("surroundings", patience).Output, &got); err != nil {
		t.Fatal(err)
	}
	if got.Stdin != "" || got.Err != "<nil>" || !got.Leads {
		t.Errorf("got %+v", got)
	}
	env := map[string]string{}
	for _, e := range got.Env {
		key, value, _ := strings.Cut(e, "=")
		env[key] = value
	}
	if env["TZ"] != "Europe/Zurich" || env["OWN"] != "yes" || env["PATH"] != os.Getenv("PATH") {
		t.Errorf("the environment lacks something: %v", got.Env)
	}
	if _, leaked := env["DATABASE_PASSWORD"]; leaked {
		t.Error("the daemon's environment leaks")
	}
}

// BenchmarkCall compares the single call with the stream, 64 at a time.
func BenchmarkCall(b *testing.B) {
	for _, mode := range []string{"unary", "stream"} {
		b.Run(mode, func(b *testing.B) {
			r := newRig(b)
			r.mustLoad(program("p", "good"), nil)
			if mode == "unary" {
				r.plugin("p").live.stream = nil
			}
			b.SetParallelism(32)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if o := r.call("ok", patience); o.Kind != router.Succeeded {
						b.Errorf("%+v", o)
						return
					}
				}
			})
		})
	}
}
