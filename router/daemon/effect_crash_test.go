package daemon_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/internal/journal/journaltest"
)

// life is one life of a daemon that can be killed.
type life struct {
	cmd *exec.Cmd
	log bytes.Buffer // once it is over
}

// beginLife starts a daemon that is another process, and waits until it serves.
func (r *effectRig) beginLife(t *testing.T) *life {
	t.Helper()
	if err := r.options.Listener.Close(); err != nil && !strings.Contains(err.Error(), net.ErrClosed.Error()) {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l := &life{cmd: exec.Command(self, "run", r.options.ConfigPath)}
	l.cmd.Stdout, l.cmd.Stderr, l.cmd.WaitDelay = &l.log, &l.log, patience
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.kill)
	r.eventually(t, func() error {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.public, "http://"))
		if err == nil {
			conn.Close()
		}
		return err
	})
	return l
}

// kill ends the life as kill -9 does. Killing it again changes nothing.
func (l *life) kill() {
	_ = l.cmd.Process.Kill() // it may have been killed
	_ = l.cmd.Wait()
}

// TestOneEffectOfCrashes kills the daemon when the counterpart has done what it
// was asked for, or failed to, and nothing of that is known yet. The next life
// has another configuration.
func TestOneEffectOfCrashes(t *testing.T) {
	scenarios := []struct {
		name        string
		faults      []fault // the daemon dies at each
		generations int
	}{
		{"it is done", []fault{stallAfter}, 1},
		{"the rate is limited, and then it is done", []fault{stallLimited, stallAfter}, 1},
		{"an error stays with the key", []fault{stallFailed}, 2},
	}
	for _, b := range billers {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range scenarios {
				t.Run(s.name, func(t *testing.T) {
					r := newEffectRig(t)
					const token = "order-1"
					for n, f := range s.faults {
						struck := r.counterpart.plan(b.path, f)
						l := r.beginLife(t)
						if n == 0 {
							r.order(t, b.edition, token)
						}
						await(t, struck, "the call goes wrong")
						l.kill()
						r.revise(t)
					}
					r.restart(t)
					r.expectEffect(t, b, r.becomes(t, token, router.DoneSucceeded), s.generations)
					r.counterpart.expectRefused(t)
				})
			}
		})
	}
}

// TestCrashesAmongFaults has orders billed at a counterpart that fails at
// random, by daemons that are killed and reloaded at random. In the end each
// delivery that succeeded has had one effect, and none two.
func TestCrashesAmongFaults(t *testing.T) {
	const cutsOfASweep = 10
	for seed := range max(1, journaltest.Cuts(t)/cutsOfASweep) {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			t.Parallel()
			s := newSweep(t, uint64(seed))
			for range 3 {
				s.live(t)
			}
			s.end(t)
		})
	}
}

// sweep is a random mix of faults, orders, reloads and crashes.
type sweep struct {
	*effectRig
	dice   *rand.Rand // of the test's goroutine
	orders int
	log    string // of the lives that are over

	mu    sync.Mutex
	until int           // posts to come before a life is over
	over  chan struct{} // closed then
}

func newSweep(t *testing.T, seed uint64) *sweep {
	s := &sweep{effectRig: newEffectRig(t), dice: rand.New(rand.NewPCG(seed, 3))}
	faults := rand.New(rand.NewPCG(seed, 4)) // of the counterpart, which holds its lock
	s.counterpart.chance = func(string) fault {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.until--; s.until == 0 {
			close(s.over)
		}
		if faults.IntN(2) == 0 {
			return none
		}
		return []fault{lostBefore, lostAfter, lostAfter, stallAfter, rateLimit, failed, failedUnheard, declined}[faults.IntN(8)]
	}
	return s
}

// live has a daemon take orders, reload now and then, and die at one of its
// calls.
func (s *sweep) live(t *testing.T) {
	t.Helper()
	batches := make([]int, 2+s.dice.IntN(4)) // a reload is between two
	orders := 0
	for i := range batches {
		batches[i] = 1 + s.dice.IntN(6)
		orders += batches[i]
	}
	over := make(chan struct{})
	s.mu.Lock()
	s.until, s.over = 1+s.dice.IntN(orders), over // each order is one call or more
	s.mu.Unlock()
	l := s.beginLife(t)
	for i, n := range batches {
		if i > 0 {
			s.revise(t)
			if _, err := operator.Dial(s.socket()).Reload(t.Context(), operator.Reload{}); err != nil {
				t.Fatal(err)
			}
		}
		for range n {
			s.orders++
			s.order(t, []string{"BILLING", "CHARGES"}[s.dice.IntN(2)], fmt.Sprintf("order-%d", s.orders))
		}
	}
	await(t, over, "it has made its calls")
	l.kill()
	s.log += l.log.String()
}

// end has a last daemon do what is left, at a counterpart that fails no more.
func (s *sweep) end(t *testing.T) {
	t.Helper()
	s.counterpart.mu.Lock()
	s.counterpart.chance = nil
	s.counterpart.mu.Unlock()
	s.restart(t)
	s.eventually(t, func() error {
		left, err := s.Events(t.Context(), router.Query{Unfinished: true, Bare: true})
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d events are unfinished; one is %+v", len(left), left[0])
		}
		return err
	})
	made, counts := s.counterpart.effects(), map[router.Status]int{}
	complain := func(rec router.Record, format string, args ...any) {
		t.Errorf(format, args...)
		for line := range strings.Lines(s.log + s.rig.log.text()) {
			if strings.Contains(line, rec.Event.ID) {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
	for _, rec := range s.events(t) {
		for _, d := range rec.State.Deliveries {
			id := rec.Event.ID + "/" + d.Name
			customers, subscriptions := made[postCustomer][id], made[postSubscription][id]
			if customers > 1 || subscriptions > 1 {
				complain(rec, "%s, which is %s, has %d customers and %d subscriptions", id, d.Status, customers, subscriptions)
			}
			billed := d.To.Plugin == "billing"
			if d.Status == router.DoneSucceeded && (customers != 1 || billed && subscriptions != 1) {
				complain(rec, "%s succeeded with %d customers and %d subscriptions", id, customers, subscriptions)
			}
			if !billed {
				expectSameMeaning(t, s.counterpart.postsOf(postCustomer, id))
			}
			counts[d.Status]++
		}
	}
	t.Logf("of %d orders: %v", s.orders, counts)
	s.counterpart.expectRefused(t)
}
