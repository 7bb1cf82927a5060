package router_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// mute is an action that answers its first calls, and then none: that call has
// its effect, and the caller never hears of it. Later it may be down.
type mute struct {
	mu     sync.Mutex
	before []router.Outcome
	down   bool
	key    string        // of the call that had its effect
	calls  int           // of that key
	hung   chan struct{} // told of that call
}

func (m *mute) call(ctx context.Context, c router.Call) router.Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.down:
		return router.Outcome{Kind: router.Retry, NotSent: true, Detail: "it restarts"}
	case len(m.before) > 0:
		o := m.before[0]
		m.before = m.before[1:]
		return o
	case m.key == "":
		m.key = c.Key
		close(m.hung)
		m.calls++
		m.mu.Unlock()
		<-ctx.Done()
		m.mu.Lock()
		return lost
	}
	if c.Key == m.key {
		m.calls++
	}
	return ok
}

func (m *mute) goDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

// TestAKeyGrowsOldAcrossACrash: a call is under way when the daemon dies, and
// then its plugin is gone for longer than the key is remembered. The call may
// have run: it is not made again.
func TestAKeyGrowsOldAcrossACrash(t *testing.T) {
	tests := map[string]struct {
		before   []router.Outcome
		then     func(*rig, *mute) // what leads to the call, if not the order
		down     bool              // at the order
		attempts int               // of the order's delivery; 0 is no limit
		delivery int
	}{
		"the first call":        {},
		"a retry":               {before: []router.Outcome{again}},
		"a call on a fresh key": {before: []router.Outcome{freshKey}},
		"a call on failure":     {before: []router.Outcome{no}, delivery: 1},
		"a call after the plugin was down": {down: true, then: func(g *rig, m *mute) {
			m.goDown(false)
			g.router.PluginBack("billing")
		}},
		"a call on failure after an operator's no": {before: []router.Outcome{again}, attempts: 1, delivery: 1, then: func(g *rig, _ *mute) {
			if err := g.router.Resolve(context.Background(), g.only("ORDER").Event.ID, router.Verdict{Kind: router.Error}); err != nil {
				g.t.Fatal(err)
			}
		}},
		"a replay of a settled event": {before: []router.Outcome{no, ok}, then: func(g *rig, _ *mute) {
			if err := g.router.Replay(context.Background(), g.only("ORDER").Event.ID, []string{"order/bill"}, false); err != nil {
				g.t.Fatal(err)
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bill := routertest.Deliver("bill", "billing", "create")
				bill.Policy.Attempts = test.attempts
				g := newRig(t, order(bill, onFailure(routertest.Deliver("refund", "billing", "refund"))))
				g.caller.Lifetime = keyLifetime
				m := &mute{before: test.before, down: test.down, hung: make(chan struct{})}
				g.action("billing.create", m.call)
				g.action("billing.refund", m.call)
				g.send("ORDER", "acme", "k1")
				if test.then != nil {
					time.Sleep(time.Minute)
					test.then(g, m)
				}
				<-m.hung
				g.crash()
				m.goDown(true)
				g.start()
				time.Sleep(25 * time.Hour)
				m.goDown(false)
				g.router.PluginBack("billing")
				time.Sleep(time.Hour)
				d := g.only("ORDER").State.Deliveries[test.delivery]
				if m.calls != 1 || d.Status != router.DoneExhausted || !d.MayHaveRun {
					t.Errorf("it was called %d times under the key %s, and is %s, may have run: %v (%s)", m.calls, m.key, d.Status, d.MayHaveRun, d.Detail)
				}
			})
		})
	}
}

// TestAFreshKeyOutlivesTheLastAttempt: a plugin that asks for a fresh key with
// the last attempt that there is has it with the replay.
func TestAFreshKeyOutlivesTheLastAttempt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		once := routertest.Deliver("bill", "billing", "create")
		once.Policy.Attempts = 1
		g := newRig(t, order(once))
		g.action("billing.create", outcomes(freshKey, ok))
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		if err := g.router.Replay(t.Context(), g.only("ORDER").Event.ID, nil, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		calls := g.caller.Calls()
		if len(calls) != 2 || calls[0].Key == calls[1].Key || string(calls[0].Input) != string(calls[1].Input) {
			t.Errorf("calls: %+v, want a second with another key and the same input", calls)
		}
	})
}

// TestAKeyThatWasNotSentStaysYoung: a plugin that is down for days, across a
// restart that takes an hour, leaves nothing unknown behind.
func TestAKeyThatWasNotSentStaysYoung(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.caller.Lifetime = keyLifetime
		m := &mute{down: true, hung: make(chan struct{}), key: "none"}
		g.action("billing.create", m.call)
		g.send("ORDER", "acme", "k1")
		time.Sleep(30 * time.Hour)
		g.crash()
		time.Sleep(time.Hour)
		g.start()
		time.Sleep(time.Hour)
		m.goDown(false)
		g.router.PluginBack("billing")
		time.Sleep(time.Hour)
		if d := g.only("ORDER").State.Deliveries[0]; d.Status != router.DoneSucceeded {
			t.Errorf("it was never called, and is %s (%s)", d.Status, d.Detail)
		}
	})
}

// TestAKeyGrowsOldBesideAParkedRetry is the same for an event whose turn came
// while another delivery of it waited for a far retry.
func TestAKeyGrowsOldBesideAParkedRetry(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		extra := optional(routertest.Deliver("extra", "crm", "note"))
		extra.Ordered = false
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create"), extra))
		g.caller.Lifetime = keyLifetime
		m := &mute{before: []router.Outcome{{Kind: router.Retry, After: 10 * time.Minute}, ok}, hung: make(chan struct{})}
		g.action("billing.create", m.call)
		g.action("crm.note", outcomes(router.Outcome{Kind: router.Retry, After: 20 * time.Hour}))
		g.send("ORDER", "acme", "k1")
		g.send("ORDER", "acme", "k2")
		<-m.hung // the second event's turn has come
		g.crash()
		m.goDown(true)
		g.start()
		time.Sleep(25 * time.Hour)
		m.goDown(false)
		g.router.PluginBack("billing")
		time.Sleep(20 * time.Hour)
		if m.calls != 1 {
			t.Errorf("it was called %d times under the key %s", m.calls, m.key)
		}
	})
}
