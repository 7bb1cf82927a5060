package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router/internal/admin"
)

// soakConfig has short policies, so that a retry is due all the time, and a
// second delivery that is neither required nor ordered. Its revision changes
// with each reload.
const soakConfig = serviceSources + `
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
    timeout = "700ms"
    retry {
      initial = "20ms"
      max     = "500ms"
    }
  }
  deliver "again" {
    to       = plugin.hook.post
    with     = { data = "${event.attributes.creator.email} revision {revision}" }
    optional = true
    ordered  = false
    timeout  = "700ms"
    retry {
      initial = "20ms"
      max     = "500ms"
    }
  }
  reply { accountIdentifier = event.payload.company.uuid }
}

route "store" {
  from = [source.subscriptionbridge.store]
  deliver "hook" {
    to = plugin.hook.post
    with = { data = event.payload.guid }
    retry {
      initial = "20ms"
      max     = "500ms"
    }
  }
}
`

const (
	// onTime is what the gauge "oldest overdue" may show of a daemon that keeps
	// up: it is read at one instant, and work that is being taken up just then
	// was due a moment ago; a machine that is busy with other tests has it late.
	onTime = 3 * time.Second
	// catchUp is how long a daemon may take after a kill to have all on time.
	catchUp = 5 * time.Second
)

// TestSoak has a daemon work under a mixed load while most of what it depends on
// fails now and then, plugins and the daemon itself included. Nothing is ever
// overdue, nothing is lost, and the daemon does not grow.
func TestSoak(t *testing.T) {
	length := fromEnv(t, "SIGNALBOX_SOAK", 10*time.Second, time.ParseDuration)
	s := &soak{service: newService(t, ""), tellings: map[string]string{}}
	s.revise(t)
	s.faults()
	s.launch(t)
	watched := make(chan struct{})
	var loads, watch sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	watch.Go(func() { s.watch(watched) })
	for n := range soakWorkers {
		loads.Go(func() { s.load(ctx, n) })
	}
	loads.Go(func() { s.sell(ctx) })
	s.trouble(t, length)
	stop()
	loads.Wait()
	s.awaitIdle(t, 2*patience)
	close(watched)
	watch.Wait()
	s.expectBounded(t)
	s.end(t)
	s.expectOnTime(t)
	s.expectNoGrowth(t)
	s.expectAllEnded(t)
}

// The load: each worker has some lanes of its own, and so many events a second.
// It is what two slow cores do without effort, the race detector included.
const (
	soakWorkers = 4
	soakLanes   = 10
	soakPace    = 50 * time.Millisecond
)

// soak is a service, its load, and what was seen of both.
type soak struct {
	*service
	revision int

	mu       sync.Mutex
	tellings map[string]string // by token or GUID: what the caller was told
	repeats  int
	samples  []soakSample
	lives    int // of the daemon, begun after the first
}

// revise writes the next revision of the configuration.
func (s *soak) revise(t *testing.T) {
	t.Helper()
	s.revision++
	s.configure(t, strings.ReplaceAll(soakConfig, "{revision}", strconv.Itoa(s.revision)))
}

// chance is a number below 100 that is always the same for an event.
func chance(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32() % 100
}

// faults has the counterparts fail, each in its own way for an event: for good,
// or the first time or two.
func (s *soak) faults() {
	s.sink.answers(func(name string, nth int) said {
		switch c := chance(name); {
		case c < 5:
			return said{status: 400}
		case c < 15 && nth < 3:
			return said{status: 503}
		case c < 18 && nth == 1:
			return said{status: 429, retryAfter: 1}
		case c < 21 && nth == 1:
			return said{hangs: true}
		}
		return said{}
	})
	// What is fetched again comes later than what was accepted after it: those
	// events are in lanes of their own.
	s.bazaar.showing(func(name string, nth int) bool {
		return nth > 1 || !strings.HasPrefix(name, "order") || chance("fetch"+name) >= 10
	})
	s.bazaar.hearing(func(name string, nth int) bool { return nth > 1 || chance("result"+name) >= 30 })
}

// load brings a worker's events, one at a time, so that those of a lane are
// accepted in the order of their numbers.
func (s *soak) load(ctx context.Context, worker int) {
	dice := rand.New(rand.NewPCG(uint64(worker), 5))
	pace := time.NewTicker(soakPace)
	defer pace.Stop()
	var last ticket
	for n := 0; ctx.Err() == nil; n++ {
		k := ticket{"change", fmt.Sprintf("w%dl%d", worker, dice.IntN(soakLanes)), n}
		switch d := dice.IntN(10); {
		case d == 0 && n > 0:
			k = last // a repeat
		case d < 3:
			k.kind, k.account = "order", fmt.Sprintf("w%dorder", worker)
		case d < 4:
			k.kind, k.account = "notice", fmt.Sprintf("w%dnotice", worker)
		}
		s.tell(k)
		last = k
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
}

// tell calls until there is an answer, as a marketplace whose customer tries
// again, and keeps it. A repeat must be told what was told before, or more.
func (s *soak) tell(k ticket) {
	again := time.NewTicker(soakPace)
	defer again.Stop()
	for begun := time.Now(); time.Since(begun) < patience; <-again.C {
		a, err := s.call(context.Background(), k)
		if err != nil || a.notNow() {
			continue
		}
		told := a.Body
		if a.later() {
			told = "later"
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		switch before := s.tellings[k.String()]; before {
		case "", "later":
			s.tellings[k.String()] = told
		default:
			s.repeats++
			if told != before {
				s.sink.t.Errorf("%s was told %s, and then %s", k, before, told)
			}
		}
		return
	}
	s.sink.t.Errorf("%s has no answer after %s", k, patience)
}

// sell has a store send its requests.
func (s *soak) sell(ctx context.Context) {
	store := s.store()
	pace := time.NewTicker(soakPace)
	defer pace.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		guid := fmt.Sprintf("GUID%d", n)
		if x, err := store.Send(context.Background(), guid, "Balance_Due"); err == nil {
			s.mu.Lock()
			s.tellings[guid] = x.Status
			s.mu.Unlock()
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
}

const (
	// soakKills of a plugin may come at any time. After them one is killed only
	// once it has been well for so long that its restart waits no longer than the
	// first: else it is down most of the time, and that grows until the end.
	soakKills = 3
	wellAgain = 65 * time.Second
)

// trouble kills the daemon twice early on, so that its last life is the longest,
// and from then on kills its plugin and reloads by turns.
func (s *soak) trouble(t *testing.T, length time.Duration) {
	t.Helper()
	client := &admin.Client{Socket: s.socket()}
	const between = 1500 * time.Millisecond // less than the least soak has room for
	turns := time.NewTicker(between)
	defer turns.Stop()
	kills := 0
	for begun, n := time.Now(), 0; time.Since(begun) < length; n++ {
		<-turns.C
		switch {
		case n < 2:
			s.kill()
			s.mu.Lock()
			s.lives++
			s.mu.Unlock()
			s.launch(t)
		case n%2 == 0:
			status, err := client.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			hook := status.Plugins[0]
			if hook.PID != 0 && (kills < soakKills || time.Since(hook.Since) > wellAgain) { // 0: it is not back yet
				kills++
				_ = syscall.Kill(hook.PID, syscall.SIGKILL)
			}
		default:
			s.revise(t)
			if _, err := client.Reload(t.Context(), admin.Reload{}); err != nil {
				var no *admin.RefusedError
				if errors.As(err, &no) {
					err = fmt.Errorf("%w: %s", err, no.Text)
				}
				t.Errorf("reloading: %v", err)
			}
		}
	}
}
