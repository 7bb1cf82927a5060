package daemon_test

import (
	"context"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/internal/journal/sqlite"
)

// replyWithin is the limit of a service's sources; hangGrace is what an answer
// may be late on a machine that is busy with other tests.
const (
	replyWithin = 2 * time.Second
	hangGrace   = 10 * time.Second
)

// serviceSources are those of every service, with its plugin.
const serviceSources = `
listen     = "{address}"
public_url = "http://{address}"
state_dir  = "{dir}/state"

source "appdirect" "market" {
  path         = "/appdirect"
  marketplaces = ["{bazaar}"]
  reply_within = "2s"
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = "consumer-secret-9f2c"
  }
}

source "subscriptionbridge" "store" {
  path         = "/subscriptionbridge"
  reply_within = "2s"
  username     = "store-1"
  password     = "store-password-71aa"
  api_key      = "store-api-key-5e30"
}
`

// serviceConfig has one delivery for each event.
const serviceConfig = serviceSources + `
plugin "hook" {
  use = "webhook"
  config {
    url    = "{sink}"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}

route "market" {
  from = [source.appdirect.market]
  deliver "hook" {
    to      = plugin.hook.post
    with    = { data = event.attributes.creator.email }
    timeout = "10s"
    retry { initial = "50ms" }
  }
  reply { accountIdentifier = event.payload.company.uuid }
}

route "store" {
  from = [source.subscriptionbridge.store]
  deliver "hook" {
    to   = plugin.hook.post
    with = { data = event.payload.guid }
    retry { initial = "50ms" }
  }
}
`

// service is a daemon that is a process of its own, as `signalbox run` has it,
// and all that is around it. Any number of its lives follow one another.
type service struct {
	dir, address string
	bazaar       *bazaar
	sink         *sink
	client       *http.Client

	cmd   *exec.Cmd // its present life, or nil
	began time.Time
	gone  chan struct{}
	said  complaints
}

func newService(t testing.TB, text string) *service {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// A test's own directory has too long a name for the admin socket.
	dir, err := os.MkdirTemp("", "service")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &service{
		dir: dir, address: listener.Addr().String(), bazaar: newBazaar(t), sink: newSink(t),
		client: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
	}
	listener.Close()
	s.configure(t, text)
	t.Cleanup(func() {
		s.kill()
		s.client.CloseIdleConnections()
		if t.Failed() {
			t.Logf("the service complained:\n%s", &s.said)
		}
	})
	return s
}

// configure writes the configuration; a life that has begun reads it when it
// reloads.
func (s *service) configure(t testing.TB, text string) {
	t.Helper()
	text = strings.NewReplacer("{address}", s.address, "{dir}", s.dir, "{bazaar}", s.bazaar.URL, "{sink}", s.sink.URL).Replace(text)
	if err := os.WriteFile(s.config(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *service) config() string { return filepath.Join(s.dir, "config.hcl") }

func (s *service) socket() string { return daemon.AdminSocket("", filepath.Join(s.dir, "state")) }

// begin starts a life, and does not wait until it serves.
func (s *service) begin(t testing.TB) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd, s.gone = exec.Command(self, "run", s.config()), make(chan struct{})
	s.cmd.Stderr, s.cmd.WaitDelay = &s.said, patience
	s.began = time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd, gone := s.cmd, s.gone
	go func() {
		defer close(gone)
		_ = cmd.Wait() // it is killed
	}()
}

// launch starts a life, and waits until it serves.
func (s *service) launch(t testing.TB) {
	t.Helper()
	s.begin(t)
	s.serving(t)
}

func (s *service) serving(t testing.TB) {
	t.Helper()
	until(t, patience, func() error {
		conn, err := net.Dial("unix", s.socket()) // the last that it opens
		if err == nil {
			conn.Close()
		}
		return err
	})
}

// kill ends a life as kill -9 does. Without one it does nothing.
func (s *service) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may be gone
	<-s.gone
	s.cmd = nil
}

// end has a life end as a service manager does, with all that it knows written
// down.
func (s *service) end(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case <-s.gone:
	case <-ctx.Done():
		t.Errorf("the daemon does not end: %v", ctx.Err())
	}
	s.kill()
}

// unfinished is how many events have something left to do.
func unfinished(samples map[string]string) int {
	memory, _ := strconv.Atoi(samples[`signalbox_unfinished_events{where="memory"}`])
	rest, _ := strconv.Atoi(samples[`signalbox_unfinished_events{where="rest"}`])
	return memory + rest
}

// awaitIdle waits until the daemon has nothing left to do, as long as it gets on:
// atMost is how long nothing may come of it.
func (s *service) awaitIdle(t testing.TB, atMost time.Duration) {
	t.Helper()
	for least := math.MaxInt; least > 0; {
		until(t, atMost, func() error {
			samples, err := scrape(s.socket())
			left := unfinished(samples)
			if err == nil && left > 0 && left >= least {
				err = unended{s, t.Context(), left}
			}
			if err == nil {
				least = left
			}
			return err
		})
	}
}

// awaitFinished waits until nothing is left to do, and ends the daemon: the
// journal agrees.
func (s *service) awaitFinished(t testing.TB, atMost time.Duration) {
	t.Helper()
	s.awaitIdle(t, atMost)
	s.end(t)
	s.journal(t, func(j *sqlite.Journal) {
		left, err := j.Due(t.Context(), 0, 10)
		if err != nil || len(left) > 0 {
			t.Errorf("the journal has unfinished events: %+v, %v", left, err)
		}
	})
}

// journal opens the journal of a service that is not running.
func (s *service) journal(t testing.TB, use func(*sqlite.Journal)) {
	t.Helper()
	j, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(s.dir, "state", "journal.db"), Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	use(j)
}

// records are all of the journal's, of the marketplace and the store.
func (s *service) records(t testing.TB) (all []router.Record) {
	t.Helper()
	s.journal(t, func(j *sqlite.Journal) {
		const page = 1000
		q := router.Query{Limit: page}
		for {
			found, err := j.Find(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range found {
				q.Before = r.Event.ID
				if r.Event.Source != router.SourceSelf {
					all = append(all, r)
				}
			}
			if len(found) < page {
				return
			}
		}
	})
	return all
}

// fromEnv is a number or a duration that a longer run sets in the environment.
func fromEnv[T any](t testing.TB, name string, otherwise T, parse func(string) (T, error)) T {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	v, err := parse(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}
