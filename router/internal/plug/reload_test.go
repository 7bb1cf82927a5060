package plug

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// TestReload: what has not changed keeps its process; all else gets another,
// and discarding a stage changes nothing.
func TestReload(t *testing.T) {
	r := newRig(t)
	config := goodConfig{Token: "s3cr3t-token"}
	r.mustLoad(program("p", "good"), config)
	first := r.pid()

	r.mustLoad(program("p", "good"), config)
	if got := r.pid(); got != first {
		t.Error("an unchanged plugin got another process")
	}

	s := r.Stage()
	if _, err := s.Describe(t.Context(), program("p", "good", "NEW=1")); err != nil {
		t.Fatal(err)
	}
	if err := s.Configure(t.Context(), "p", secretOf(config)); err != nil {
		t.Fatal(err)
	}
	s.Discard()
	if got := r.pid(); got != first {
		t.Error("a discarded stage changed the process")
	}
	if got := r.call("ok", patience); got.Kind != router.Succeeded {
		t.Errorf("after the discard: %+v", got)
	}

	r.mustLoad(program("p", "good"), goodConfig{Token: "s3cr3t-other"})
	second := r.pid()
	if second == first {
		t.Error("a plugin with another configuration kept its process")
	}
	r.mustLoad(program("p", "good", "NEW=1"), goodConfig{Token: "s3cr3t-other"})
	if r.pid() == second {
		t.Error("a plugin with another environment kept its process")
	}
}

// TestReloadWithout: a plugin that is no longer named is called for a while yet,
// unless another takes its name. Nobody waits for it when all stop.
func TestReloadWithout(t *testing.T) {
	for _, c := range []struct {
		name   string
		leaves time.Duration
		next   func(r *rig, old *instance)
	}{
		{"its time passes", 50 * time.Millisecond, func(r *rig, old *instance) {
			receive(t, old.process.finished, "its end")
			if got := r.call("ok", patience); !got.NotSent {
				t.Errorf("it is called after its end: %+v", got)
			}
			if _, ok := r.Lookup(router.ActionRef{Plugin: "p", Action: "ok"}); ok {
				t.Error("it has an action after its end")
			}
		}},
		{"another has its name", time.Hour, func(r *rig, old *instance) {
			r.mustLoad(program("p", "good"), nil)
			receive(t, old.process.finished, "its end")
			if got := r.call("ok", patience); got.Kind != router.Succeeded || r.pid() == old.process.pid() {
				t.Errorf("a call to the other: %+v", got)
			}
		}},
		{"all stop", time.Hour, func(r *rig, old *instance) {
			r.Stop(t.Context())
			if got := r.call("ok", patience); !got.NotSent {
				t.Errorf("it is called after the stop: %+v", got)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.mustLoad(program("p", "good"), nil)
			old := r.plugin("p").live
			r.leaves = c.leaves
			r.Stage().Commit()
			if c.leaves == time.Hour {
				if got := r.call("ok", patience); got.Kind != router.Succeeded {
					t.Errorf("a call to a plugin that leaves: %+v", got)
				}
				if _, ok := r.Lookup(router.ActionRef{Plugin: "p", Action: "ok"}); !ok {
					t.Error("a plugin that leaves has no action")
				}
				if all := r.Status(); len(all) != 1 || all[0].State != Stopping {
					t.Errorf("a plugin that leaves is shown as %+v", all)
				}
			}
			c.next(r, old)
			receive(t, old.process.exited, "the end of its process")
		})
	}
}

// TestReloadOfReplacedFile: a new file under an old name is a new program.
func TestReloadOfReplacedFile(t *testing.T) {
	script := filepath.Join(t.TempDir(), "plugin.sh")
	write := func(comment string) {
		text := "#!/bin/sh\n# " + comment + "\nexec " + testBinary() + " -test.run='^$'\n"
		if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	r := newRig(t)
	p := Program{Name: "p", Path: "/bin/sh", Args: []string{script}, Env: []string{modeKey + "=good"}, MTLS: true}
	r.mustLoad(p, nil)
	first := r.pid()
	write("number two")
	r.mustLoad(p, nil)
	if r.pid() == first {
		t.Error("a changed script kept its process")
	}
}

// TestReloadDrains: calls in flight end where they began.
func TestReloadDrains(t *testing.T) {
	r, g := newRig(t), newGate(t)
	r.mustLoad(program("p", "good"), goodConfig{Gate: g.URL})
	old := r.plugin("p").live
	got := make(chan router.Outcome, 1)
	go func() { got <- r.call("wait", patience) }()
	receive(t, g.arrived, "the call at the handler")

	r.mustLoad(program("p", "good"), goodConfig{Gate: g.URL, Token: "s3cr3t-token"})
	if o := r.call("ok", patience); o.Kind != router.Succeeded {
		t.Errorf("a call to the new one: %+v", o)
	}
	select {
	case <-old.process.exited:
		t.Error("the old one ended with a call in flight")
	default:
	}
	g.release()
	if o := receive(t, got, "the outcome"); o.Kind != router.Succeeded {
		t.Errorf("the call in flight: %+v", o)
	}
	receive(t, old.process.finished, "the end of the old one")
	if len(r.down) > 0 {
		t.Errorf("it is reported to be down: %v", <-r.down)
	}
}
