package plug

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
)

const (
	// startTimeout is how long a plugin may take from its start to its
	// description, unless Options say otherwise.
	startTimeout = 10 * time.Second
	// checkTimeout bounds one Check.
	checkTimeout = 10 * time.Second
	// drainTimeout is how long a plugin that a reload has replaced may go on
	// with the calls it has; they are as long as a delivery's timeout. One that
	// no longer has a successor takes new calls for as long: events that came in
	// before the reload, or during it, still begin theirs.
	drainTimeout = 30 * time.Second
)

// Options set up a Catalog. The zero value works.
type Options struct {
	Log zerolog.Logger
	// SocketDir is for plugins' sockets and the daemon's alone: it is made if it
	// is missing, and swept. "" stands for the system's temporary files.
	SocketDir string
	// OnDown is told that a plugin has ended by itself, OnUp that it is back.
	// They are called in turn for one plugin, and hold up its supervision.
	OnDown func(plugin string, err error)
	OnUp   func(plugin string)
	// StartTimeout is how long a plugin may take to start; 0 for ten seconds.
	StartTimeout time.Duration
}

// Catalog holds the plugins in use. It is safe for concurrent use.
type Catalog struct {
	options Options
	sockets func() error  // makes their directory, once
	leaves  time.Duration // drainTimeout; tests are in more of a hurry

	mu       sync.RWMutex
	plugins  map[string]*plugin
	leaving  map[string]leaver // no longer named, and called until they end
	stopped  bool
	retiring map[*plugin]struct{} // replaced, not yet ended
	ending   context.Context      // done when no plugin may go on
	cutShort context.CancelFunc
	retirees sync.WaitGroup
}

var _ router.Caller = (*Catalog)(nil)

// New returns an empty catalog; a Stage fills it.
func New(o Options) *Catalog {
	if o.OnDown == nil {
		o.OnDown = func(string, error) {}
	}
	if o.OnUp == nil {
		o.OnUp = func(string) {}
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = startTimeout
	}
	ending, cutShort := context.WithCancel(context.Background())
	return &Catalog{
		options: o,
		sockets: sync.OnceValue(func() error { return prepareSockets(o.SocketDir) }),
		plugins: map[string]*plugin{}, leaving: map[string]leaver{}, retiring: map[*plugin]struct{}{},
		leaves: drainTimeout, ending: ending, cutShort: cutShort,
	}
}

// plugin is the one in use under a name.
func (c *Catalog) plugin(name string) *plugin {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.plugins[name]
}

// callable is the one that is called under a name: in use, or leaving.
func (c *Catalog) callable(name string) *plugin {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if p := c.plugins[name]; p != nil {
		return p
	}
	return c.leaving[name].plugin
}

// Call makes one attempt. See router.Caller.
func (c *Catalog) Call(ctx context.Context, call router.Call) router.Outcome {
	ctx, cancel := context.WithDeadline(ctx, call.Deadline)
	defer cancel()
	p := c.callable(call.To.Plugin)
	if p == nil {
		return down(fmt.Sprintf("there is no plugin %q", call.To.Plugin), afterLost)
	}
	return p.call(ctx, call)
}

// Lookup returns an action that can be called. See router.Caller.
func (c *Catalog) Lookup(ref router.ActionRef) (router.Action, bool) {
	p := c.callable(ref.Plugin)
	if p == nil {
		return router.Action{}, false
	}
	a := p.description().info.Action(ref.Action)
	if a == nil {
		return router.Action{}, false
	}
	return *a, true
}

// Check asks a plugin whether it can reach what it needs.
func (c *Catalog) Check(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	p := c.plugin(name)
	if p == nil {
		return fmt.Errorf("checking plugin %q: there is no such plugin", name)
	}
	i, why, _ := p.acquire()
	if i == nil {
		return fmt.Errorf("checking plugin %q: %s", name, why)
	}
	defer i.done()
	if err := i.check(ctx); err != nil {
		return fmt.Errorf("checking plugin %q: %w", name, err)
	}
	return nil
}

// Status tells how the plugins stand, by name. One that a reload has replaced
// is among them for as long as it still runs, and stops.
func (c *Catalog) Status() []PluginStatus {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []PluginStatus
	for _, p := range c.plugins {
		out = append(out, p.status())
	}
	for p := range c.retiring {
		s := p.status()
		s.State = Stopping // though it may be called yet
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b PluginStatus) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), b.Since.Compare(a.Since))
	})
	return out
}

// Stop lets all plugins finish what runs until ctx is done, and ends them. It
// returns when they are gone. The catalog makes no more calls; stopping it
// again waits again.
func (c *Catalog) Stop(ctx context.Context) {
	stop := context.AfterFunc(ctx, c.cutShort)
	defer stop()
	c.mu.Lock()
	c.stopped = true
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(drainTimeout)
	}
	for _, p := range c.plugins {
		c.retireLocked(p, time.Until(deadline))
	}
	for _, l := range c.leaving {
		l.end()
	}
	clear(c.plugins)
	clear(c.leaving)
	c.mu.Unlock()
	c.retirees.Wait()
	c.cutShort()
}

// leaver is a plugin that no longer has a place in the configuration.
type leaver struct {
	*plugin
	end context.CancelFunc // has it take no more calls
}

// leaveLocked retires a plugin once it has been called for long enough.
func (c *Catalog) leaveLocked(name string, p *plugin) {
	ctx, end := context.WithTimeout(c.ending, c.leaves)
	c.leaving[name] = leaver{p, end}
	c.retiring[p] = struct{}{}
	c.retirees.Go(func() {
		defer end()
		<-ctx.Done()
		c.mu.Lock()
		if c.leaving[name].plugin == p {
			delete(c.leaving, name)
		}
		c.mu.Unlock()
		c.end(p, drainTimeout)
	})
}

// retireLocked drains and ends a plugin behind the caller's back; Stop waits for it.
func (c *Catalog) retireLocked(p *plugin, within time.Duration) {
	c.retiring[p] = struct{}{}
	c.retirees.Go(func() { c.end(p, within) })
}

// end lets a retired plugin finish what runs, and ends it.
func (c *Catalog) end(p *plugin, within time.Duration) {
	ctx, cancel := context.WithTimeout(c.ending, within)
	defer cancel()
	p.end(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.retiring, p)
}

var errStopped = errors.New("the plugins are being stopped")
