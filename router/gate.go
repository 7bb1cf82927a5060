package router

import (
	"context"
	"slices"
	"sync"
	"time"
)

// PluginLimits are how much of a plugin is used at one time. Zero is no limit.
type PluginLimits struct {
	MaxInFlight int     // calls at one time
	Rate        float64 // calls a second
}

// The breaker of a plugin: so many silences one after the other open it; then one call at a time probes.
const (
	breakerThreshold = 5
	probeInitial     = time.Second
	probeMax         = 30 * time.Second
	// gateNet catches what no signal has woken, should one ever be lost.
	gateNet = 30 * time.Minute
	// longestTurn is how long a call may wait for its turn by the rate before
	// its event had better rest.
	longestTurn = time.Second
)

// gates stand before the plugins, one for each: they count, pace and, where a
// plugin does not answer, hold back. A dead plugin burns no attempts.
type gates struct {
	nudge func(plugin string, all bool)

	mu     sync.Mutex
	byName map[string]*gate
	limits map[string]PluginLimits
}

func newGates(nudge func(string, bool)) *gates {
	return &gates{nudge: nudge, byName: map[string]*gate{}}
}

// of gives the gate of a plugin.
func (gs *gates) of(plugin string) *gate {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	g := gs.byName[plugin]
	if g == nil {
		g = &gate{plugin: plugin, gates: gs, limits: gs.limits[plugin]}
		gs.byName[plugin] = g
	}
	return g
}

// limit puts limits in force.
func (gs *gates) limit(limits map[string]PluginLimits) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.limits = limits
	for name, g := range gs.byName {
		g.mu.Lock()
		if g.limits.Rate != limits[name].Rate {
			g.next = time.Time{} // it was counted by the old rate
		}
		g.limits = limits[name]
		g.admitLocked()
		g.mu.Unlock()
	}
}

// gate is the one before one plugin.
type gate struct {
	plugin string
	gates  *gates

	mu       sync.Mutex
	limits   PluginLimits
	inFlight int
	queue    []chan struct{} // calls that wait for one in flight to end
	next     time.Time       // when the rate lets the next call through

	failures int           // silences, one after the other
	open     bool          // nothing but a probe goes through
	probing  bool          // the next call goes through, as a probe
	probe    *time.Timer   // until a call is asked to probe
	wait     time.Duration // of that timer
	epoch    int           // grows whenever the plugin is back
}

// pass is a call's way through a gate.
type pass struct {
	gate  *gate
	epoch int
	probe bool
	// hurried: the call gets less than its own time, so that its silence says
	// nothing of the plugin.
	hurried bool
}

// enter waits until a call may be made. ok is false if it must not be made now;
// then the outcome has been posted, before any signal that the plugin is back.
func (g *gate) enter(ctx context.Context, post func(Outcome)) (p pass, ok bool) {
	g.mu.Lock()
	p = pass{gate: g, epoch: g.epoch, probe: g.open && g.probing}
	if g.open && !p.probe {
		post(Outcome{Kind: Retry, NotSent: true, After: gateNet, Detail: "the plugin does not answer; one call at a time probes"})
		g.mu.Unlock()
		return p, false
	}
	var turn time.Duration
	if g.limits.Rate > 0 {
		now := time.Now()
		if g.next.Before(now) {
			g.next = now
		}
		if turn = g.next.Sub(now); turn > longestTurn {
			post(Outcome{Kind: Retry, NotSent: true, After: turn, Detail: "the plugin's rate is used up"})
			g.mu.Unlock()
			return p, false
		}
		g.next = g.next.Add(time.Duration(float64(time.Second) / g.limits.Rate))
	}
	if p.probe {
		g.probing = false // the turn is taken
		g.probe.Stop()
	}
	var wait chan struct{}
	if g.limits.MaxInFlight > 0 && g.inFlight >= g.limits.MaxInFlight {
		wait = make(chan struct{})
		g.queue = append(g.queue, wait)
	} else {
		g.inFlight++
	}
	g.mu.Unlock()
	if !comes(ctx, wait, turn) {
		g.giveUp(p, wait)
		post(Outcome{Kind: Retry, NotSent: true, Detail: "it was given up before its turn came"})
		return p, false
	}
	return p, true
}

// comes waits for a slot, if there is one to wait for, and then for the turn by
// the rate; false if the call is given up first.
func comes(ctx context.Context, slot <-chan struct{}, turn time.Duration) bool {
	if slot != nil {
		select {
		case <-slot: // it was handed over
		case <-ctx.Done():
			return false
		}
	}
	if turn > 0 {
		timer := time.NewTimer(turn)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// giveUp leaves the gate without a call: its place in the queue, or the slot that
// came meanwhile. Another call is asked to probe where this one was to.
func (g *gate) giveUp(p pass, wait chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.probe && g.open && g.epoch == p.epoch {
		g.offerLocked()
	}
	if i := slices.Index(g.queue, wait); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		return
	}
	g.inFlight--
	g.admitLocked()
}

// admitLocked hands free slots to those who wait.
func (g *gate) admitLocked() {
	for len(g.queue) > 0 && (g.limits.MaxInFlight <= 0 || g.inFlight < g.limits.MaxInFlight) {
		g.inFlight++
		close(g.queue[0])
		g.queue = g.queue[1:]
	}
}

// leave learns from the outcome, and then has it posted, so that a signal that
// the plugin is back comes either before the call or after its post.
func (p pass) leave(o Outcome, post func(Outcome)) {
	g := p.gate
	g.mu.Lock()
	g.inFlight--
	g.admitLocked()
	back := false
	switch {
	case o.NotSent:
		o.After = max(o.After, gateNet)
		if g.epoch != p.epoch {
			o.After = notSentPause
		} else {
			g.silentLocked(p, breakerThreshold)
		}
	case o.Kind == Unknown && o.Lost:
		weight := 1
		if p.hurried {
			weight = 0
		}
		if g.epoch == p.epoch {
			g.silentLocked(p, weight)
		}
	default:
		back = g.open
		g.closeLocked()
	}
	post(o)
	g.mu.Unlock()
	if back {
		g.gates.nudge(g.plugin, true)
	}
}

// silentLocked counts a silence for so much, and opens the breaker where there
// have been too many. Of the calls that end while it is open the probe alone
// says something new: the others began before.
func (g *gate) silentLocked(p pass, weight int) {
	g.failures += weight
	switch {
	case p.probe:
		g.wait = min(2*g.wait, probeMax)
	case g.open || g.failures < breakerThreshold:
		return
	default:
		g.open, g.wait = true, probeInitial
	}
	g.probing = false
	g.offerLocked()
}

// offerLocked has a call that waits come as a probe after a while, and another
// one if that one has nothing to call for any more.
func (g *gate) offerLocked() {
	if g.probe != nil {
		g.probe.Stop()
	}
	var own *time.Timer
	own = time.AfterFunc(g.wait, func() {
		g.mu.Lock()
		current := g.open && g.probe == own
		if current {
			g.probing = true
			own.Reset(g.wait)
		}
		g.mu.Unlock()
		if current {
			g.gates.nudge(g.plugin, false)
		}
	})
	g.probe = own
}

// closeLocked lets all calls through again; those that wait are to be nudged
// once the lock is released.
func (g *gate) closeLocked() {
	if g.open {
		g.epoch++
	}
	g.open, g.probing, g.failures, g.wait = false, false, 0, 0
	if g.probe != nil {
		g.probe.Stop()
	}
}

// back says that the plugin's process is there again.
func (gs *gates) back(plugin string) {
	g := gs.of(plugin)
	g.mu.Lock()
	g.epoch++
	g.closeLocked()
	g.mu.Unlock()
	gs.nudge(plugin, true)
}

// stop ends all timers.
func (gs *gates) stop() {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	for _, g := range gs.byName {
		g.mu.Lock()
		if g.probe != nil {
			g.probe.Stop()
		}
		g.mu.Unlock()
	}
}
