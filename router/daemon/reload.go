package daemon

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
)

// Reload loads the configuration again and puts it in force, whole or not at
// all. Events in flight keep the plan they began with. What was removed and
// still owes work is only let go with force.
func (d *Daemon) Reload(ctx context.Context, force bool) (*Diagnostics, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	next, diags, err := d.load(ctx)
	if err != nil {
		return diags, err
	}
	err = d.fixed(next.config)
	if err == nil && !force {
		err = d.owed(ctx, next)
	}
	if err == nil {
		err = d.keepPlan(ctx, next)
	}
	if err != nil {
		next.stage.Discard()
		return diags, err
	}
	d.swap(next)
	d.log.Info().Str("plan", next.config.Plan.Digest[:12]).Int("routes", len(next.config.Plan.Routes)).Msg("reloaded")
	return diags, nil
}

// fixed refuses what can't change while the daemon runs, by name.
func (d *Daemon) fixed(next *config.Config) error {
	now := d.loaded().config
	var changed []string
	for name, same := range map[string]bool{
		"listen": now.Listen == next.Listen, "state_dir": now.StateDir == next.StateDir, "journal": now.Journal == next.Journal,
		"admin": now.Admin == next.Admin, "max_in_flight": now.MaxInFlight == next.MaxInFlight,
		"tls": (now.TLS == nil) == (next.TLS == nil) && (now.TLS == nil || *now.TLS == *next.TLS),
	} {
		if !same {
			changed = append(changed, name)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	sort.Strings(changed)
	return fmt.Errorf("changing %s needs a restart; nothing was reloaded", strings.Join(changed, ", "))
}

// owed says how much work sources and plugins owe that the next configuration
// does not have any more.
func (d *Daemon) owed(ctx context.Context, next *loaded) error {
	gone := d.removed(next)
	if len(gone) == 0 {
		return nil
	}
	counts := map[string]int{}
	q := router.Query{Unfinished: true, Limit: owedPage}
	for {
		page, err := d.journal.Find(ctx, q)
		if err != nil {
			return fmt.Errorf("asking the journal what is owed: %w", err)
		}
		for i := range page {
			q.Before = page[i].Event.ID
			counts["source "+page[i].Event.Source]++
			for _, name := range pluginsOwing(&page[i].State) {
				counts["plugin "+name]++
			}
		}
		if len(page) < owedPage {
			break
		}
	}
	var owing []string
	for _, name := range gone {
		if n := counts[name]; n > 0 {
			owing = append(owing, fmt.Sprintf("%s (%d unfinished events)", name, n))
		}
	}
	if len(owing) == 0 {
		return nil
	}
	return fmt.Errorf("the new configuration lacks %s; nothing was reloaded. Keep it until the work is done, or reload with --force: the events will be held", strings.Join(owing, ", "))
}

// owedPage is how many unfinished events are counted at a time.
const owedPage = 500

func (d *Daemon) removed(next *loaded) []string {
	var gone []string
	for name := range d.loaded().table.Sources {
		if next.table.Sources[name] == nil {
			gone = append(gone, "source "+name)
		}
	}
	for _, p := range d.loaded().config.Plugins {
		if !slices.ContainsFunc(next.config.Plugins, func(q config.Plugin) bool { return q.Name == p.Name }) {
			gone = append(gone, "plugin "+p.Name)
		}
	}
	sort.Strings(gone)
	return gone
}

func pluginsOwing(s *router.State) []string {
	var names []string
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; !d.Done() && !slices.Contains(names, d.To.Plugin) {
			names = append(names, d.To.Plugin)
		}
	}
	return names
}
