package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/admin"
	"github.com/signalbox/signalbox/router/internal/simulate"
	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
)

// atOnce is how many callers call at one time: somewhat less than the daemon
// takes in at once, so that none has to be told "not now".
const atOnce = 150

// TestPluginDownUnderLoad has as many events arrive while a plugin is down as an
// hour of it would bring. Callers are told "later", memory stays bounded, no
// attempt is used up, and once the plugin is back all go through, in order.
func TestPluginDownUnderLoad(t *testing.T) {
	n := fromEnv(t, "SIGNALBOX_CROWD", 3_000, strconv.Atoi)
	s := newService(t, serviceConfig)
	comesUp := s.wrapPlugin(t)
	s.launch(t)
	s.mustCall(t, ticket{"change", "before", 0})
	comesUp(false)
	s.killPlugin(t)

	const lane = 20
	var callers sync.WaitGroup
	var told crowd
	for w := range atOnce {
		callers.Go(func() {
			for i := w * lane; i < n; i += atOnce * lane {
				for k := i; k < min(i+lane, n); k++ { // one after the other: so they are accepted
					told.insist(t.Context(), s, ticket{"change", "a" + strconv.Itoa(i), k - i})
				}
			}
		})
	}
	callers.Wait()
	told.expectAnswered(t)
	if told.later != n {
		t.Errorf("%s; want all %d told later", &told, n)
	}
	if calls := s.sink.calls.Load(); calls != 1 {
		t.Errorf("the plugin that is down made %d calls", calls-1)
	}

	comesUp(true)
	back := time.Now()
	s.sink.await(t, n+1, 2*patience+time.Duration(n)*5*time.Millisecond)
	took := time.Since(back)
	peak := s.expectBounded(t)
	s.awaitFinished(t, patience)
	s.sink.expectInOrder(t, s.records(t))
	for _, r := range s.records(t) {
		if abandoned(r) { // its caller was told "not now", and came again
			continue
		}
		if d := r.State.Deliveries[0]; d.Attempts != 1 || d.Status != router.DoneSucceeded {
			t.Errorf("%s: the delivery %s after %d attempts, want 1", r.Event.Notice.Token, d.Status, d.Attempts)
		}
	}
	t.Logf("%d events while the plugin was down: %s; all done %s after it could come up; at most %d MB resident", n, &told, took, peak/1e6)
}

// wrapPlugin puts a script in the place of the plugin that starts it if it may
// come up.
func (s *service) wrapPlugin(t *testing.T) (comesUp func(bool)) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script, down := filepath.Join(s.dir, "hook"), filepath.Join(s.dir, "down")
	text := fmt.Sprintf("#!/bin/sh\ntest -e %s && exit 1\nexec %s plugin-serve webhook\n", down, self)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	s.configure(t, strings.Replace(serviceConfig, `use = "webhook"`, `exec = "`+script+`"`, 1))
	return func(up bool) {
		change := func() error { return os.WriteFile(down, nil, 0o600) }
		if up {
			change = func() error { return os.Remove(down) }
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
	}
}

// killPlugin ends the plugin's process, and waits until the daemon knows.
func (s *service) killPlugin(t *testing.T) {
	t.Helper()
	client := &admin.Client{Socket: s.socket()}
	until(t, patience, func() error {
		status, err := client.Status(t.Context())
		if err != nil {
			return err
		}
		if pid := status.Plugins[0].PID; pid != 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return errors.New("the plugin lives")
		}
		return nil
	})
}

// TestSilentMarketplace has crowds call for a marketplace that takes connections
// and never answers. All callers are answered in time, other sources' work goes
// on, memory stays bounded; and when the marketplace speaks again, all that was
// promised is fetched and run.
func TestSilentMarketplace(t *testing.T) {
	// It takes a second for so many to be told "later" as are taken in at once.
	n := fromEnv(t, "SIGNALBOX_CROWD", 3_000, strconv.Atoi) / 6
	s := newService(t, serviceConfig)
	s.sink.answers(func(name string, nth int) said {
		if name == "GUID-far" && nth == 1 {
			return said{status: 503, retryAfter: 3}
		}
		return said{}
	})
	s.launch(t)
	speak := s.bazaar.fallSilent()

	var callers sync.WaitGroup
	var told crowd
	next := make(chan int)
	const crowded = 5 * atOnce // more than are taken in at once
	for range crowded {
		callers.Go(func() {
			for i := range next {
				told.insist(t.Context(), s, ticket{"change", "a" + strconv.Itoa(i), 0})
			}
		})
	}
	for i := range n {
		next <- i
		if i == n/2 {
			s.expectSold(t, "GUID-meanwhile")
		}
	}
	close(next)
	callers.Wait()
	told.expectAnswered(t)
	if told.succeeded > 0 || told.later != n {
		t.Errorf("%s; want all %d told later in the end", &told, n)
	}
	s.expectSold(t, "GUID-far")
	until(t, patience, func() error {
		if s.sink.of("GUID-far") == 0 {
			return errors.New("the store's event waits behind the marketplace's")
		}
		return nil
	})

	speak()
	spoke := time.Now()
	s.sink.await(t, told.later, 2*patience+time.Duration(n)*5*time.Millisecond)
	took := time.Since(spoke)
	peak := s.expectBounded(t)
	s.awaitFinished(t, patience)
	t.Logf("%s; all done %s after the marketplace spoke again; at most %d MB resident", &told, took, peak/1e6)
}

// expectSold has a store send a request, which is taken in.
func (s *service) expectSold(t *testing.T, guid string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	x, err := s.store().Send(ctx, guid, "Balance_Due")
	if err != nil || x.Status == subscriptionbridge.StatusError {
		t.Errorf("the store's %s is answered %s, %v", guid, x.Body, err)
	}
}

// store is a store that sends the service its requests.
func (s *service) store() simulate.Store {
	return simulate.Store{
		URL: "http://" + s.address + "/subscriptionbridge/EventRequest", Username: storeUsername,
		Password: router.NewSecret([]byte(storePassword)), APIKey: router.NewSecret([]byte(storeAPIKey)),
	}
}
