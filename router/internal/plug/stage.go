package plug

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/signalbox/signalbox/router"
)

// Stage builds the next set of plugins beside the one in use: each plugin is
// described, validated and configured, and then all are committed, or all
// discarded. Until Commit nothing changes for the plugins in use. A Stage ends
// with one of the two; there may be one at a time. Its methods may be called
// at once, for different plugins.
type Stage struct {
	catalog *Catalog

	mu      sync.Mutex
	entries map[string]*entry
	ended   bool
}

// entry is one plugin of a stage.
type entry struct {
	program    Program
	prints     []print
	kept       *plugin   // the one in use, if it is the same program
	fresh      *instance // a new one, where that is needed
	config     router.Secret
	configured bool
}

// Stage begins a load or reload.
func (c *Catalog) Stage() *Stage {
	return &Stage{catalog: c, entries: map[string]*entry{}}
}

// Describe starts the program, or finds it running, and returns what the plugin
// says of itself. The error of one that does not start quotes what it printed.
func (s *Stage) Describe(ctx context.Context, p Program) (router.PluginInfo, error) {
	e := &entry{program: p, prints: p.prints()}
	if old := s.catalog.plugin(p.Name); old != nil && old.program.equal(p) && slices.Equal(old.prints, e.prints) {
		e.kept = old
	} else if err := s.begin(ctx, e); err != nil {
		return router.PluginInfo{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, twice := s.entries[p.Name]; twice || s.ended {
		if e.fresh != nil {
			e.fresh.kill()
		}
		return router.PluginInfo{}, fmt.Errorf("starting plugin %q: it is described already", p.Name)
	}
	s.entries[p.Name] = e
	if e.kept != nil {
		return e.kept.description().info, nil
	}
	return e.fresh.info, nil
}

// begin gives the entry a new instance.
func (s *Stage) begin(ctx context.Context, e *entry) error {
	s.catalog.mu.RLock()
	stopped := s.catalog.stopped
	s.catalog.mu.RUnlock()
	if stopped {
		return fmt.Errorf("starting plugin %q: %w", e.program.Name, errStopped)
	}
	if err := s.catalog.sockets(); err != nil {
		return fmt.Errorf("starting plugin %q: %w", e.program.Name, err)
	}
	i, err := start(ctx, e.program, s.catalog.options)
	if err != nil {
		return err
	}
	e.fresh = i
	return nil
}

// Validate returns what the plugin complains about in a configuration, a JSON
// object by its schema. It has no side effects. The error is of asking.
func (s *Stage) Validate(ctx context.Context, name string, config router.Secret) ([]Diagnostic, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, fmt.Errorf("validating the configuration of plugin %q: %w", name, err)
	}
	i := e.fresh
	if i == nil {
		if used, _, _ := e.kept.acquire(); used != nil {
			defer used.done()
			i = used
		} else if sameConfig(e.kept.config, config) {
			return nil, nil // it was valid, and the plugin is down just now
		} else if err := s.begin(ctx, e); err != nil {
			return nil, err
		} else {
			i = e.fresh
		}
	}
	diags, err := i.validate(ctx, config)
	if err != nil && i != e.fresh && sameConfig(e.kept.config, config) {
		return nil, nil // it was valid, and the plugin went down just now
	}
	if err != nil {
		return nil, fmt.Errorf("validating the configuration of plugin %q: %w", name, err)
	}
	return diags, nil
}

// Configure gives the plugin its configuration. A running plugin whose program
// and configuration are as before stays as it is; any other gets a process of
// its own, since a process is configured once.
func (s *Stage) Configure(ctx context.Context, name string, config router.Secret) error {
	e, err := s.entry(name)
	if err != nil {
		return fmt.Errorf("configuring plugin %q: %w", name, err)
	}
	if e.configured {
		return fmt.Errorf("configuring plugin %q: it is configured already", name)
	}
	if e.kept == nil || !sameConfig(e.kept.config, config) {
		if e.fresh == nil {
			if err := s.begin(ctx, e); err != nil {
				return err
			}
		}
		e.kept = nil
		if err := e.fresh.configure(ctx, config); err != nil {
			return fmt.Errorf("configuring plugin %q: %w", name, err)
		}
	}
	e.config, e.configured = config, true
	return nil
}

// Keeps reports whether a plugin that is configured goes on with the process that
// it has.
func (s *Stage) Keeps(name string) bool {
	e, err := s.entry(name)
	return err == nil && e.configured && e.kept != nil
}

// sameConfig compares documents as they are written.
func sameConfig(a, b router.Secret) bool { return bytes.Equal(a.Reveal(), b.Reveal()) }

func (s *Stage) entry(name string) (*entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[name]; e != nil && !s.ended {
		return e, nil
	}
	return nil, errors.New("it is not described")
}

// Commit puts the configured plugins into use, at once for all. Those that they
// replace finish what runs, behind the caller's back; those that are no longer
// named are called for a while yet, and finish then. What was described but not
// configured ends.
func (s *Stage) Commit() {
	entries := s.finish()
	s.catalog.swap(entries)
	killAll(entries)
}

// swap moves what is configured out of the entries and into use.
func (c *Catalog) swap(entries map[string]*entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := map[string]*plugin{}
	for name, e := range entries {
		switch {
		case !e.configured || c.stopped:
			continue
		case e.kept != nil:
			next[name] = e.kept
		default:
			next[name] = newPlugin(e.program, e.prints, e.config, e.fresh, c.options)
			e.fresh = nil
		}
	}
	for name, old := range c.plugins {
		switch next[name] {
		case old:
		case nil:
			c.leaveLocked(name, old)
		default:
			c.retireLocked(old, drainTimeout)
		}
	}
	for name := range next {
		if l, ok := c.leaving[name]; ok {
			delete(c.leaving, name)
			l.end()
		}
	}
	c.plugins = next
}

// Discard ends what the stage has started. After Commit it does nothing.
func (s *Stage) Discard() { killAll(s.finish()) }

// finish ends the stage and returns what was in it.
func (s *Stage) finish() map[string]*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := s.entries
	s.entries, s.ended = nil, true
	return entries
}

func killAll(entries map[string]*entry) {
	var all sync.WaitGroup
	for _, e := range entries {
		if e.fresh != nil {
			all.Go(e.fresh.kill)
		}
	}
	all.Wait()
}
