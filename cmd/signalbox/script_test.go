package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts run the real binary: this test's own, which becomes signalbox
// when it is called by that name. Plugins are processes of it too.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"signalbox": main})
}

// patience bounds every wait of a script; a loaded machine starts a plugin in a
// few seconds.
const patience = 60 * time.Second

func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			for _, name := range []string{"ADDR", "MARKET"} {
				addr, err := freeAddress()
				if err != nil {
					return err
				}
				e.Setenv(name, addr)
			}
			hook := newReceiver()
			e.Setenv("HOOK", hook.url)
			e.Values[receiverKey{}] = hook
			e.Defer(hook.stop)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"until": until, "hits": hits, "release": release, "expand": expand},
	})
}

// freeAddress is one that nobody listens at, a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// until runs a command again and again until its output matches.
//
//	until PATTERN COMMAND ARG…
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND ARG…")
	}
	pattern := regexp.MustCompile(args[0])
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for begun := time.Now(); time.Since(begun) < patience; <-again.C {
		// The command may fail as long as what it asks is not there yet.
		_ = ts.Exec(args[1], args[2:]...)
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("%v never printed %s; at last:\n%s%s", args[1:], args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
}

// expand puts the script's variables into a file.
//
//	expand FILE
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

type receiverKey struct{}

// receiver is where webhooks go. It holds every request until it is released,
// so that a script can kill the daemon while deliveries are under way.
type receiver struct {
	url      string
	server   *http.Server
	released chan struct{}
	once     sync.Once
	arrived  chan struct{}

	mu   sync.Mutex
	keys []string // of the requests, in order
}

func newReceiver() *receiver {
	h := &receiver{released: make(chan struct{}), arrived: make(chan struct{}, 1000)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	h.url = "http://" + l.Addr().String()
	h.server = &http.Server{Handler: h}
	go h.server.Serve(l)
	return h
}

func (h *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h.mu.Lock()
	h.keys = append(h.keys, req.Header.Get("webhook-id"))
	h.mu.Unlock()
	h.arrived <- struct{}{}
	select {
	case <-h.released:
	case <-req.Context().Done():
	}
}

func (h *receiver) stop() {
	h.once.Do(func() { close(h.released) })
	h.server.Shutdown(context.Background())
}

// hits waits until so many requests have come, and prints their keys into the
// file.
//
//	hits NUMBER FILE
func hits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hits NUMBER FILE")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	h := ts.Value(receiverKey{}).(*receiver)
	timeout := time.After(patience)
	for {
		h.mu.Lock()
		keys := append([]string(nil), h.keys...)
		h.mu.Unlock()
		if len(keys) >= want {
			text := ""
			for _, k := range keys {
				text += fmt.Sprintln(k)
			}
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
			return
		}
		select {
		case <-h.arrived:
		case <-timeout:
			ts.Fatalf("%d requests came, not %d", len(keys), want)
		}
	}
}

// release lets every held request, and all later ones, have their answer.
func release(ts *testscript.TestScript, _ bool, _ []string) {
	h := ts.Value(receiverKey{}).(*receiver)
	h.once.Do(func() { close(h.released) })
}
