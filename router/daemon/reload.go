package daemon

import (
	"context"
	"fmt"
	"strings"

	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/internal/systemd"
)

// Reload loads the configuration again and puts it in force, whole or not at
// all. Events in flight keep the plan they began with. What was removed and
// still owes work is only let go with force.
func (d *Daemon) Reload(ctx context.Context, force bool) (*Diagnostics, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	d.notify(systemd.Reloading)
	defer d.notify(systemd.Ready)
	next, diags, err := d.prepare(ctx)
	if err != nil {
		return diags, err
	}
	defer next.discard()
	lacks, err := d.refusals(ctx, next, force, diags)
	if err != nil {
		return diags, err
	}
	if len(next.keys) == 0 {
		if next.keys, err = d.sealKeys(ctx, next.config); err != nil {
			return diags, err
		}
	}
	if err := d.keepPlan(ctx, next); err != nil {
		return diags, err
	}
	if err := d.listen(ctx, next); err != nil {
		return diags, err
	}
	moved := next.door != nil
	d.swap(next)
	if lacks != "" {
		d.log.Warn().Str("lacks", lacks).Msg("reloaded by force: " + lacking)
	}
	said := d.log.Info().Str("plan", next.config.Plan.Digest[:12]).Int("routes", len(next.config.Plan.Routes))
	if moved {
		said = said.Stringer("listen", d.public.listener().Addr())
	}
	said.Msg("reloaded")
	return diags, nil
}

// prepare loads the configuration and builds all that it asks for, beside what
// is in force and without touching it: plugins that have changed are started and
// configured. Nothing is written down and nothing is listened at. The caller
// holds d.reloading, asks for refusals, and ends with next.discard, which after a
// swap does nothing. A *ConfigError has diagnostics.
func (d *Daemon) prepare(ctx context.Context) (next *loaded, diags *Diagnostics, err error) {
	next, diags, err = d.load(ctx)
	if err != nil {
		return nil, diags, err
	}
	if next.config.StateDir == d.loaded().config.StateDir { // any other is refused, and nothing is made there
		next.keys, err = presentKeys(next.config)
	}
	if err != nil {
		next.discard()
		return nil, diags, err
	}
	return next, diags, nil
}

// refusals says why a reload would not put next in force, although it is without
// error: a setting that can't change, or work that would be left undone. If it is
// forced, that is a warning, and lacks says what the work needs. Nothing is changed.
func (d *Daemon) refusals(ctx context.Context, next *loaded, force bool, diags *Diagnostics) (lacks string, err error) {
	if err := d.fixed(next.config); err != nil {
		return "", err
	}
	lacks, err = d.owed(ctx, next)
	if err != nil || lacks == "" {
		return "", err
	}
	if !force {
		return "", fmt.Errorf("the new configuration lacks %s; nothing was reloaded. Keep it until the work is done, or reload with --force: the work then waits until it is back, or for an operator", lacks)
	}
	diags.Warn("Unfinished events need what the configuration lacks",
		fmt.Sprintf("It lacks %s. Their work waits until that is back, or for an operator: signalbox events list --unfinished shows it.", lacks))
	return lacks, nil
}

// fixed refuses what can't change while the daemon runs, by name and value.
func (d *Daemon) fixed(next *config.Config) error {
	now := d.loaded().config
	var changed []string
	fixed := func(name, is, would string) {
		if is != would {
			changed = append(changed, fmt.Sprintf("%s is %q and would become %q", name, is, would))
		}
	}
	fixed("state_dir", now.StateDir, next.StateDir)
	if !follows(now.StateDir, next.StateDir, now.Journal.Path, next.Journal.Path) {
		fixed("the journal's path", now.Journal.Path, next.Journal.Path)
	}
	is, would := AdminSocket(now.Admin.Socket, now.StateDir), AdminSocket(next.Admin.Socket, next.StateDir)
	if !follows(now.StateDir, next.StateDir, is, would) {
		fixed("the admin socket", is, would)
	}
	if len(changed) > 0 {
		return fmt.Errorf("%s: that needs a restart; nothing was reloaded", strings.Join(changed, "; "))
	}
	if d.handed && now.Listen != next.Listen {
		return fmt.Errorf("listen is %q and would become %q, but the socket that is served was handed over by the service manager: change it there and restart, or put listen back; nothing was reloaded",
			now.Listen, next.Listen)
	}
	return nil
}

// follows reports whether a path changes only because its directory does.
func follows(dir, nextDir, path, nextPath string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	nextRest, nextOK := strings.CutPrefix(nextPath, nextDir)
	return ok && nextOK && rest == nextRest
}
