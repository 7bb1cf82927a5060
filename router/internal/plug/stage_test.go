package plug

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func checksum(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// TestStartErrors: a plugin that does not start says why, with its own words.
func TestStartErrors(t *testing.T) {
	with := func(mode string, change func(*Program)) Program {
		p := program("p", mode)
		if change != nil {
			change(&p)
		}
		return p
	}
	cases := map[string]struct {
		program Program
		timeout time.Duration
		want    string
	}{
		"crash": {program: with("crash", nil), want: "starting plugin \"p\": it ended before it was ready: exit status 3; it said:\n" +
			"  reading the licence\n  no licence:  [31mgiving up"},
		"noisy": {program: with("noisy", nil), want: `starting plugin "p": it printed "Welcome to ACME v3!" to stdout, ` +
			"where nothing but the handshake may be before it is ready"},
		"mute": {program: with("mute", nil), timeout: 300 * time.Millisecond, want: `starting plugin "p": it was not ready within 300ms`},
		"wrong checksum": {program: with("good", func(p *Program) { p.SHA256 = strings.Repeat("0", 64) }),
			want: `starting plugin "p": ` + testBinary() + " does not have the sha256 that the configuration names"},
		"no checksum": {program: with("good", func(p *Program) { p.SHA256 = "abc" }),
			want: `starting plugin "p": its sha256 "abc" is not 64 hexadecimal digits`},
		"missing": {program: with("good", func(p *Program) { p.Path = "/no/such/plugin" }),
			want: `starting plugin "p": fork/exec /no/such/plugin: no such file or directory`},
		"misnamed": {program: with("misnamed", nil),
			want: `starting plugin "p": it describes itself wrongly: "two words" is no name for an action`},
		"no encryption": {program: with("plain", nil),
			want: `starting plugin "p": it does not encrypt its connection; set mtls = false, if that is meant to be`},
		"old protocol": {program: with("net/rpc", nil),
			want: `starting plugin "p": unsupported plugin protocol "netrpc". Supported: [grpc]`},
		"misconfigured": {program: with("misconfigured", nil), want: `configuring plugin "p": that key is of no account`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			if c.timeout > 0 {
				r.options.StartTimeout = c.timeout
			}
			err := r.load(c.program, nil)
			if err == nil {
				t.Fatal("it starts")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(r.Status()) > 0 {
				t.Errorf("it is in use: %+v", r.Status())
			}
		})
	}
}

// TestChecksumForEachLife: a restart checks again, with a hash of its own.
func TestChecksumForEachLife(t *testing.T) {
	r := newRig(t)
	p := program("p", "good")
	p.SHA256 = checksum(t, p.Path)
	r.mustLoad(p, nil)
	r.call("die", patience)
	receive(t, r.down, "the report that the plugin is down")
	receive(t, r.up, "the report that the plugin is up")
}

func TestValidate(t *testing.T) {
	r := newRig(t)
	p := program("p", "good")
	want := []Diagnostic{{Summary: "The token (secret) is bad", Path: []string{"token"}}}
	check := func(what string) {
		t.Helper()
		s := r.Stage()
		defer s.Discard()
		info, err := s.Describe(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Name != "good" || info.Version != "1.0.0" || !info.Config.Attr("token").Sensitive || info.Action("ok") == nil {
			t.Errorf("%s: it is described as %+v", what, info)
		}
		got, err := s.Validate(t.Context(), "p", secretOf(goodConfig{Token: "bad-token"}))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", what, diff)
		}
		got, err = s.Validate(t.Context(), "p", secretOf(goodConfig{Token: "good-token"}))
		if err != nil || len(got) > 0 {
			t.Errorf("%s: got %v, %v", what, got, err)
		}
	}
	check("new")
	r.mustLoad(p, goodConfig{Token: "good-token"})
	pid := r.pid()
	check("in use")
	if r.pid() != pid {
		t.Error("asking changed the process")
	}
}

// TestValidateOfASilentPlugin: a configuration that a plugin runs with is no worse
// for the plugin's silence.
func TestValidateOfASilentPlugin(t *testing.T) {
	r := newRig(t)
	p, config := program("p", "good"), goodConfig{Token: "good-token"}
	r.mustLoad(p, config)
	pid := r.pid()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGCONT)
	s := r.Stage()
	defer s.Discard()
	if _, err := s.Describe(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if diags, err := s.Validate(ctx, "p", secretOf(config)); err != nil || len(diags) > 0 {
		t.Errorf("its own configuration: %v, %v", diags, err)
	}
	if _, err := s.Validate(ctx, "p", secretOf(goodConfig{Token: "other-token"})); err == nil {
		t.Error("another configuration is valid, although nobody says so")
	}
}

func TestStageMisuse(t *testing.T) {
	r := newRig(t)
	s := r.Stage()
	if _, err := s.Validate(t.Context(), "p", secretOf(nil)); err == nil {
		t.Error("an unknown plugin can be validated")
	}
	if err := s.Configure(t.Context(), "p", secretOf(nil)); err == nil {
		t.Error("an unknown plugin can be configured")
	}
	if _, err := s.Describe(t.Context(), program("p", "good")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Describe(t.Context(), program("p", "good")); err == nil {
		t.Error("a plugin can be described twice")
	}
	s.Commit() // not configured: not in use
	if len(r.Status()) > 0 {
		t.Errorf("got %+v", r.Status())
	}
	r.Stop(t.Context())
	r.Stop(t.Context())
	if _, err := r.Stage().Describe(t.Context(), program("p", "good")); err == nil {
		t.Error("a stopped catalog starts plugins")
	}
}

// TestStopIsBounded: what refuses to end, is stopped by a signal or holds a
// pipe does not hold up the daemon.
func TestStopIsBounded(t *testing.T) {
	cases := map[string]struct{ mode, action string }{
		"ignores SIGTERM": {"deaf", "ok"},
		"hangs in a call": {"good", "wait"},
		"is stopped":      {"good", "stop"},
		"left a stray":    {"stray", "ok"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, g := newRig(t), newGate(t)
			r.mustLoad(program("p", c.mode), goodConfig{Gate: g.URL})
			pid := r.pid()
			go r.call(c.action, patience)
			switch c.action {
			case "wait":
				receive(t, g.arrived, "the call at the handler")
			case "stop":
				awaitStopped(t, pid)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			stopped := make(chan struct{})
			go func() { r.Stop(ctx); close(stopped) }()
			receive(t, stopped, "the end of Stop")
			if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
				t.Errorf("the plugin is still there: %v", err)
			}
			if m := regexp.MustCompile(`"stray":(\d+)`).FindStringSubmatch(r.log.String()); m != nil {
				stray, _ := strconv.Atoi(m[1])
				_ = syscall.Kill(stray, syscall.SIGKILL)
			}
		})
	}
}

// awaitStopped waits until the process is stopped by a signal, which only its
// parent, or a look at it, can tell.
func awaitStopped(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		if _, rest, _ := strings.Cut(string(b), ") "); strings.HasPrefix(rest, "T") {
			return
		}
	}
	t.Fatal("the plugin does not stop")
}

// TestHostKilled: plugins do not outlive a daemon that had no time to end
// them. The plugin holds a connection to the test as long as it lives.
func TestHostKilled(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, _ = conn.Read(make([]byte, 1))
			err = conn.Close()
		}
		ended <- err
	}()
	host := exec.Command(testBinary())
	host.Env = []string{modeKey + "=host", "PLUG_TEST_DIAL=" + l.Addr().String()}
	out, err := host.CombinedOutput()
	if err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the host ended with %v:\n%s", err, out)
	}
	if err := receive(t, ended, "the plugin's end"); err != nil {
		t.Error(err)
	}
}

// TestOddStderr: lines that have crashed hosts, and long ones.
func TestOddStderr(t *testing.T) {
	r := newRig(t)
	r.mustLoad(program("p", "odd stderr"), nil)
	r.Stop(t.Context())
	log := r.log.String()
	for _, want := range []string{
		`{"level":"info","plugin":"p","message":"{\"@message\": 1}"}`,
		`{"level":"warn","plugin":"p","left":2,"message":"low on cheese"}`,
		`{"level":"info","plugin":"p","message":"after the long line"}`,
	} {
		if !strings.Contains(log, want+"\n") {
			t.Errorf("the log lacks %s:\n%.2000s", want, log)
		}
	}
	if n := strings.Count(log, "long "); n < 1000 || n > lineMax/5+5 {
		t.Errorf("the long line has %d words", n)
	}
}
