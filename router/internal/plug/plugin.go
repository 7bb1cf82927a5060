package plug

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Restarts: the first comes nearly at once, since most crashes are of one bad
// call; a plugin that keeps crashing is tried twice a minute. One that has run
// for a minute is healthy again.
const (
	restartFirst = 250 * time.Millisecond
	restartMax   = 30 * time.Second
	healthyAfter = time.Minute
)

// backoff gives the waits before restarts.
type backoff struct{ next time.Duration }

// after returns the wait before the restart that follows a life of this length;
// a start that fails is a life of none.
func (b *backoff) after(life time.Duration) time.Duration {
	if b.next == 0 || life >= healthyAfter {
		b.next = restartFirst
	}
	wait := b.next
	b.next = min(2*b.next, restartMax)
	return wait
}

// plugin is one configured plugin: an instance, and another when that ends. It
// is safe for concurrent use.
type plugin struct {
	program Program
	prints  []print
	config  router.Secret
	options Options

	// ctx is done when no more lives may begin.
	ctx        context.Context
	retire     context.CancelFunc
	supervised chan struct{} // closed when supervise has returned

	mu       sync.Mutex
	live     *instance // nil while down
	known    *description
	state    State
	since    time.Time
	restarts int
	lastErr  error
	nextTry  time.Time
}

// State is where a plugin stands.
type State string

const (
	Running    State = "running"
	Restarting State = "restarting"
	Stopping   State = "stopping"
)

// newPlugin takes over a configured instance and supervises it until end.
func newPlugin(program Program, prints []print, config router.Secret, first *instance, o Options) *plugin {
	ctx, retire := context.WithCancel(context.Background())
	p := &plugin{
		program: program, prints: prints, config: config, options: o,
		ctx: ctx, retire: retire, supervised: make(chan struct{}),
		live: first, known: first.description, state: Running, since: time.Now(),
	}
	go p.supervise(first)
	return p
}

// supervise restarts the plugin whenever it ends, until it is retired.
func (p *plugin) supervise(i *instance) {
	defer close(p.supervised)
	var waits backoff
	for {
		began := time.Now()
		select {
		case <-p.ctx.Done():
			return
		case <-i.process.exited:
		}
		if p.ctx.Err() != nil {
			return
		}
		i.kill() // tidies up
		err := i.ended()
		p.options.Log.Error().Str("plugin", p.program.Name).Err(err).Msg("plugin is down")
		wait := waits.after(time.Since(began))
		p.goesDown(err, wait)
		p.options.OnDown(p.program.Name, err)
		if i = p.restart(&waits, wait); i == nil {
			return
		}
		p.options.Log.Info().Str("plugin", p.program.Name).Int("pid", i.process.pid()).Msg("plugin is up again")
		p.options.OnUp(p.program.Name)
	}
}

// restart tries until there is a new instance, or returns nil when the plugin
// is retired.
func (p *plugin) restart(waits *backoff, wait time.Duration) *instance {
	for {
		timer := time.NewTimer(wait)
		select {
		case <-p.ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		i, err := begin(p.ctx, p.program, p.config, p.options)
		if err == nil {
			if !p.comesUp(i) {
				i.kill()
				return nil
			}
			return i
		}
		if p.ctx.Err() != nil {
			return nil
		}
		wait = waits.after(0)
		p.options.Log.Error().Str("plugin", p.program.Name).Err(err).Dur("again_in", wait).Msg("plugin does not come up")
		p.goesDown(err, wait)
	}
}

// begin starts an instance and configures it.
func begin(ctx context.Context, program Program, config router.Secret, o Options) (*instance, error) {
	i, err := start(ctx, program, o)
	if err != nil {
		return nil, err
	}
	if err := i.configure(ctx, config); err != nil {
		i.kill()
		return nil, fmt.Errorf("configuring plugin %q: %w", program.Name, err)
	}
	return i, nil
}

func (p *plugin) goesDown(err error, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.live, p.lastErr, p.nextTry = nil, err, now.Add(wait)
	if p.state == Running {
		p.state, p.since = Restarting, now
	}
}

// comesUp reports false if the plugin was retired meanwhile.
func (p *plugin) comesUp(i *instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == Stopping {
		return false
	}
	p.live, p.known, p.state, p.since = i, i.description, Running, time.Now()
	p.restarts++
	return true
}

// acquire returns the live instance with a call counted on it, or why there is
// none and when to look again.
func (p *plugin) acquire() (i *instance, why string, again time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live != nil && p.live.begin() {
		return p.live, "", 0
	}
	why = "the plugin is being ended"
	if p.state == Restarting {
		why = fmt.Sprintf("the plugin is down: %v", p.lastErr)
	}
	// A restart takes a moment.
	return nil, cut(why, detailMax), max(time.Until(p.nextTry), 0) + restartFirst
}

// call makes one attempt.
func (p *plugin) call(ctx context.Context, c router.Call) router.Outcome {
	i, why, again := p.acquire()
	if i == nil {
		return down(why, again)
	}
	defer i.done()
	return i.handle(ctx, c)
}

func (p *plugin) description() *description {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known
}

// end lets the plugin finish what runs until ctx is done, and ends it.
func (p *plugin) end(ctx context.Context) {
	p.mu.Lock()
	if p.state != Stopping {
		p.state, p.since = Stopping, time.Now()
	}
	p.mu.Unlock()
	p.retire()
	<-p.supervised
	p.mu.Lock()
	i := p.live
	p.mu.Unlock()
	if i == nil {
		return
	}
	i.drain(ctx)
	if ctx.Err() != nil {
		i.kill()
		return
	}
	i.end()
}

// PluginStatus is a plugin as an operator sees it.
type PluginStatus struct {
	Name, Version string
	Pid           int // 0 while down
	State         State
	Since         time.Time // of the state
	Restarts      int
	LastError     string
}

func (p *plugin) status() PluginStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := PluginStatus{
		Name: p.program.Name, Version: p.known.info.Version, State: p.state, Since: p.since, Restarts: p.restarts,
	}
	if p.live != nil {
		s.Pid = p.live.process.pid()
	}
	if p.lastErr != nil {
		s.LastError = p.lastErr.Error()
	}
	return s
}
