package daemon

import (
	"context"
	"fmt"

	"github.com/signalbox/signalbox/router/internal/admin"
	"github.com/signalbox/signalbox/router/internal/config"
)

// dryRun says what Reload would do, and does nothing: the configuration is
// loaded and checked, plugins that have changed are started, configured and
// ended again. What would be refused is told in the run, not as an error.
func (d *Daemon) dryRun(ctx context.Context, force bool) (run admin.DryRun, diags *Diagnostics, err error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	next, diags, err := d.prepare(ctx)
	if err != nil && ctx.Err() != nil {
		return run, diags, err // nobody knows what would have become of it
	}
	if err != nil {
		run.Refused = err.Error()
		return run, diags, nil
	}
	defer next.discard()
	changes, err := config.Compare(d.loaded().config, next.config)
	if err != nil {
		return run, diags, fmt.Errorf("comparing the configurations: %w", err)
	}
	run.Changes = &admin.Changes{
		Settings: changesOf(changes.Settings), Sources: changesOf(changes.Sources), Plugins: changesOf(changes.Plugins),
		Variables: changesOf(changes.Variables), Routes: changesOf(changes.Routes),
	}
	for _, p := range next.config.Plugins {
		if next.stage.Keeps(p.Name) {
			run.Changes.Keeps = append(run.Changes.Keeps, p.Name)
		} else {
			run.Changes.Starts = append(run.Changes.Starts, p.Name)
		}
	}
	plan := planOf(next)
	run.Plan = &plan
	_, err = d.refusals(ctx, next, force, diags)
	if err == nil {
		err = d.mayListen(ctx, next)
	}
	if err != nil {
		if ctx.Err() != nil {
			return run, diags, err
		}
		run.Refused = err.Error()
	}
	return run, diags, nil
}

func changesOf(list []config.Change) []admin.Change {
	var out []admin.Change
	for _, c := range list {
		out = append(out, admin.Change{Name: c.Name, Change: string(c.Kind), What: c.What})
	}
	return out
}

// planOf is what a configuration routes by.
func planOf(l *loaded) admin.Plan {
	return admin.Plan{Digest: l.config.Plan.Digest, Snapshot: l.config.Snapshot, Sources: planSources(l.config)}
}

func planSources(c *config.Config) []admin.PlanSource {
	sources := []admin.PlanSource{}
	for _, s := range c.Sources {
		sources = append(sources, admin.PlanSource{Name: s.Name, AcceptUnrouted: s.Unrouted == config.UnroutedAccept})
	}
	return sources
}

func (b backend) DryRun(ctx context.Context, force bool) ([]byte, admin.DryRun, error) {
	run, diags, err := b.d.dryRun(ctx, force)
	if err != nil || diags == nil {
		return nil, run, err
	}
	list, text, err := told(diags)
	run.Text = text
	return list, run, err
}

func (b backend) Present() admin.Plan { return planOf(b.d.loaded()) }
