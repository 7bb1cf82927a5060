package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

var update = flag.Bool("update", false, "write the golden files anew")

// standIn is a daemon that answers with what a test gives it, on a real socket.
type standIn struct {
	socket string

	mu      sync.Mutex
	answers map[string]any // by "METHOD path", or with "?query"; a Refusal is a no
	asked   []string       // "METHOD path?query body"
	// refuseOnce is what is answered with a no when it is asked, as in asked.
	refuseOnce string
}

func newStandIn(t *testing.T, answers map[string]any) *standIn {
	t.Helper()
	// The path of a socket is short: a test's own directory may be too deep.
	dir, err := os.MkdirTemp("", "signalbox")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &standIn{socket: filepath.Join(dir, "s"), answers: answers}
	listener, err := net.Listen("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(s)
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return s
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	answer, ok := s.answers[r.Method+" "+r.URL.RequestURI()]
	if !ok {
		answer, ok = s.answers[r.Method+" "+r.URL.Path]
	}
	if !ok {
		answer = operator.Refusal{Error: "not found"}
	}
	if s.asked[len(s.asked)-1] == s.refuseOnce {
		answer, s.refuseOnce = operator.Refusal{Error: "not now"}, ""
	}
	if _, no := answer.(operator.Refusal); no {
		w.WriteHeader(http.StatusConflict)
	}
	// A failed write shows in the client.
	_ = json.NewEncoder(w).Encode(answer)
}

// run runs a command against the stand-in.
func (s *standIn) run(args ...string) (stdout, stderr string, code int) {
	return runCommand(append(args, "--socket", s.socket)...)
}

func runCommand(args ...string) (stdout, stderr string, code int) {
	var out, err bytes.Buffer
	root := newRootCommand()
	root.SetOut(&out)
	root.SetErr(&err)
	root.SetArgs(args)
	code = exitCode(root, root.Execute())
	return out.String(), err.String(), code
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestNoDaemonIsExitTwo(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "none.sock")
	for _, args := range [][]string{
		{"status"}, {"reload"}, {"plugins", "list"}, {"events", "list"}, {"events", "tail"}, {"events", "show", "e"},
		{"events", "replay", "e"}, {"events", "resolve", "e", "--failure"},
		{"events", "replay", "--phase", "held"}, {"events", "discard", "e"}, {"events", "discard", "--phase", "held", "--yes"},
	} {
		stdout, stderr, code := runCommand(append(args, "--socket", socket)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, "no daemon answers at "+socket) {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

func TestWrongArgumentsAreExitTwo(t *testing.T) {
	s := newStandIn(t, nil)
	tests := map[string]struct {
		args []string
		says string
	}{
		"an unknown verb":     {[]string{"events", "erase"}, `unknown command "erase"`},
		"an unknown plugins":  {[]string{"plugins", "lsit"}, `unknown command "lsit"`},
		"no id":               {[]string{"events", "show"}, "accepts 1 arg"},
		"no verdict":          {[]string{"events", "resolve", "e"}, "success failure"},
		"two verdicts":        {[]string{"events", "resolve", "e", "--success", "--failure"}, "success failure"},
		"a failure that sets": {[]string{"events", "resolve", "e", "--failure", "--set", "a=b"}, "failure set"},
		"set without a value": {[]string{"events", "resolve", "e", "--success", "--set", "a"}, "it is name=value"},
		"an unknown form":     {[]string{"status", "-o", "yaml"}, "it is text or json"},
		"no time":             {[]string{"events", "list", "--since", "yesterday"}, "how long ago: 30m, 24h, 7d"},
		"a negative tail":     {[]string{"events", "tail", "--last=-1"}, "from 0 to 1000"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, stderr, code := s.run(test.args...)
			if code != exitUsage || !strings.Contains(stderr, test.says) {
				t.Errorf("exit %d, stderr %q; want %q", code, stderr, test.says)
			}
		})
	}
	if len(s.asked) != 0 {
		t.Errorf("the daemon was asked: %q", s.asked)
	}
}

func TestTheDaemonsNoIsExitOne(t *testing.T) {
	s := newStandIn(t, map[string]any{
		"POST /v1/reload": operator.Refusal{Error: "the configuration has errors", Text: "Error: Unknown plugin\n\n  on config.hcl line 3\n"},
	})
	for _, args := range [][]string{{"events", "show", "e"}, {"events", "replay", "e"}, {"events", "resolve", "e", "--success"}} {
		if stdout, stderr, code := s.run(args...); code != exitNo || stdout != "" || stderr != "signalbox: not found\n" {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
	_, stderr, code := s.run("reload")
	if want := "Error: Unknown plugin\n\n  on config.hcl line 3\nsignalbox: the configuration has errors\n"; code != exitNo || stderr != want {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	stdout, _, code := s.run("reload", "-o", "json")
	var no operator.Refusal
	if err := json.Unmarshal([]byte(stdout), &no); err != nil || code != exitNo || no.Error != "the configuration has errors" {
		t.Errorf("as JSON: exit %d, %v, %s", code, err, stdout)
	}
}

func TestReload(t *testing.T) {
	s := newStandIn(t, map[string]any{"POST /v1/reload": operator.Reloaded{Text: "Warning: nobody reads it\n"}})
	stdout, stderr, code := s.run("reload", "--force")
	if code != exitOK || stdout != "Reloaded.\n" || stderr != "Warning: nobody reads it\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if diff := cmp.Diff([]string{`POST /v1/reload {"force":true}`}, s.asked); diff != "" {
		t.Error(diff)
	}
}

func TestStatus(t *testing.T) {
	status := operator.Status{
		Version: "v0.1.0", Config: "/etc/signalbox/config.hcl", Plan: "5f3c9a", Started: noon, Ready: true,
		Plugins: []operator.Plugin{
			{Name: "billing", Version: "1.2.0", State: "running", PID: 4711, Since: noon},
			{Name: "crm", State: "restarting", Since: noon, Restarts: 3, LastError: "exit status 1: \x1b[31mno key"},
		},
		Sources: []operator.Source{{Name: "appdirect.acme", Kind: "appdirect", Path: "/appdirect/acme"}},
		Events:  operator.Counts{Unfinished: 3, Held: 1},
	}
	s := newStandIn(t, map[string]any{"GET /v1/status": &status})
	stdout, _, code := s.run("status")
	if code != exitOK {
		t.Errorf("exit %d", code)
	}
	golden(t, "status.txt", stdout)
	stdout, _, _ = s.run("plugins", "list")
	golden(t, "plugins.txt", stdout)

	stdout, _, _ = s.run("plugins", "list", "-o", "json")
	var plugins []operator.Plugin
	if err := json.Unmarshal([]byte(stdout), &plugins); err != nil || !cmp.Equal(plugins, status.Plugins) {
		t.Errorf("as JSON: %v\n%s", err, stdout)
	}

	status.Ready, status.NotReady = false, "the journal fails: no space left"
	if _, stderr, code := s.run("status", "-o", "json"); code != exitNo || stderr != "signalbox: not ready: the journal fails: no space left\n" {
		t.Errorf("not ready: exit %d, stderr %q", code, stderr)
	}
}
