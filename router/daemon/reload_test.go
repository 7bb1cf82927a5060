package daemon_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestReloadTellsTheServiceManager: that it has begun, and that it is over, went
// it well or not.
func TestReloadTellsTheServiceManager(t *testing.T) {
	r := newRig(t, rigConfig)
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(r.dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", socket.LocalAddr().String())
	r.start(t)
	t.Cleanup(r.stop)
	said := func() string {
		t.Helper()
		buf := make([]byte, 4096)
		if err := socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		n, err := socket.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	for _, c := range []struct{ name, config, status string }{
		{"a good one", strings.Replace(rigConfig, `route "store" {`, "route \"store\" {\n  final = true", 1), "3 sources, 1 plugins, 2 routes; plan [0-9a-f]{12}"},
		{"a bad one", "route {", "3 sources, 1 plugins, 2 routes; plan [0-9a-f]{12}"},
	} {
		r.configure(t, c.config)
		_, err := r.Reload(t.Context(), false)
		for _, want := range []string{`RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*\nSTATUS=` + c.status, `READY=1\nSTATUS=` + c.status} {
			if got := said(); !regexp.MustCompile(`\A` + want + `\z`).MatchString(got) {
				t.Errorf("%s, which ends with %v: the service manager is told %q, not %s", c.name, err, got, want)
			}
		}
	}
}

// TestReloadKeepsProcesses: a plugin whose program and configuration are as
// before goes on; another gets a process of its own.
func TestReloadKeepsProcesses(t *testing.T) {
	r := startRig(t, rigConfig)
	second := strings.Replace(rigConfig, `route "order"`, `plugin "second" {
  use = "webhook"
  config {
    url    = "{receiver}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
  {more}
}

route "order"`, 1)
	pids := map[string]int{}
	for _, c := range []struct {
		name, config string
		keeps        []string // of those before
	}{
		{"another plugin", strings.Replace(second, "{more}", "", 1), []string{"hook"}},
		{"nothing", strings.Replace(second, "{more}", "", 1), []string{"hook", "second"}},
		{"its limits", strings.Replace(second, "{more}", "max_in_flight = 3", 1), []string{"hook", "second"}},
		{"its environment", strings.Replace(second, "{more}", `env = { A = "1" }`, 1), []string{"hook"}},
		{"its configuration", strings.NewReplacer("{more}", `env = { A = "1" }`, "{receiver}\"", "{receiver}/x\"").Replace(second), nil},
	} {
		r.configure(t, c.config)
		if diags, err := r.Reload(t.Context(), false); err != nil {
			t.Fatalf("%s: %v\n%s", c.name, err, written(t, diags))
		}
		now := inUse(r.Plugins())
		for name, pid := range pids {
			keeps := strings.Contains(fmt.Sprint(c.keeps), name)
			if now[name] != 0 && keeps != (now[name] == pid) {
				t.Errorf("%s changes: the plugin %s had the process %d and has %d", c.name, name, pid, now[name])
			}
		}
		pids = now
	}
	r.serves(t, "order-after")
}

// TestPlanOutlivesARestart: an event that has begun under one plan ends under it,
// though a reload and a restart have put others in force meanwhile.
func TestPlanOutlivesARestart(t *testing.T) {
	var well atomic.Bool
	var mu sync.Mutex
	var done []string
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var post struct{ Data string }
		if err := json.NewDecoder(req.Body).Decode(&post); err != nil {
			t.Errorf("reading the plugin's post: %v", err)
		}
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		done = append(done, post.Data)
	}))
	t.Cleanup(shop.Close)
	config := func(version string) string {
		return strings.NewReplacer("{shop}", shop.URL, "{version}", version).Replace(owedHead + owedStore + strings.Replace(owedHook, "{unwell}", "{shop}", 1) + `
route "store {version}" {
  from = [source.subscriptionbridge.store]
  deliver "first" {
    to   = plugin.hook.post
    with = { data = "first {version}" }
    retry { initial = "50ms" }
  }
  deliver "second" {
    to   = plugin.hook.post
    with = { data = "second {version} after ${deliver.first.status}" }
  }
}
`)
	}
	r := newRig(t, config("v1"))
	r.start(t)
	t.Cleanup(r.stop)
	if x := r.eventRequest(t, "GUID-1"); x.Status != "Warning" {
		t.Fatalf("the store is told %+v", x)
	}
	r.configure(t, config("v2"))
	if diags, err := r.Reload(t.Context(), false); err != nil {
		t.Fatalf("%v\n%s", err, written(t, diags))
	}
	r.configure(t, config("v3"))
	r.restart(t)
	well.Store(true)
	story := r.story(t, "GUID-1")
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(done, ", "); got != "first v1, second v1 after 200" || strings.Join(story.State.Routes, "") != "store v1" {
		t.Errorf("%v delivers %s", story.State.Routes, got)
	}
}
