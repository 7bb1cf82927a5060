package daemon

import (
	"context"
	"fmt"
	"os"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router/internal/systemd"
)

// Run is the daemon's whole life as a service: start, tell the service
// manager, reload at every hangup, drain when ctx is done. It shows the
// configuration's diagnostics with show; where that is nil, they go to the log.
func Run(ctx context.Context, opt Options, hangup <-chan os.Signal, show func(*Diagnostics)) error {
	d, diags, err := New(ctx, opt)
	show = shown(show, opt.Log)
	show(diags)
	if err != nil {
		return err
	}
	defer d.shutdown()
	if err := d.Start(ctx); err != nil {
		return err
	}
	watchdog, err := systemd.StartWatchdog(d.alive, d.log)
	if err != nil {
		return err
	}
	defer watchdog.Stop()
	d.notify(systemd.Ready)
	for {
		select {
		case <-hangup:
			diags, err := d.Reload(ctx, false)
			show(diags)
			if err != nil {
				d.log.Error().Err(err).Msg("the configuration was not reloaded; the old one serves on")
			}
		case err := <-d.public.failed:
			return err
		case err := <-d.admin.failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// shown has diagnostics, where there are any, shown or logged.
func shown(show func(*Diagnostics), log zerolog.Logger) func(*Diagnostics) {
	return func(diags *Diagnostics) {
		switch {
		case diags == nil || diags.Len() == 0:
		case show != nil:
			show(diags)
		case diags.HasErrors():
			log.Error().RawJSON("diagnostics", diags.JSON()).Msg("the configuration has errors")
		default:
			log.Warn().RawJSON("diagnostics", diags.JSON()).Msg("the configuration draws warnings")
		}
	}
}

// shutdown drains within the configured limit.
func (d *Daemon) shutdown() {
	d.notify(systemd.Stopping)
	limit := d.ShutdownTimeout()
	d.log.Info().Dur("at_most", limit).Msg("stopping: what runs may finish")
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	d.Stop(ctx)
	d.log.Info().Msg("stopped")
}

func (d *Daemon) notify(send func(status string) error) {
	c := d.loaded().config
	status := fmt.Sprintf("%d sources, %d plugins, %d routes; plan %.12s", len(c.Sources), len(c.Plugins), len(c.Plan.Routes), c.Plan.Digest)
	if err := send(status); err != nil {
		d.log.Warn().Err(err).Msg("telling the service manager")
	}
}

// alive asks whether the daemon still does its work: the journal answers.
func (d *Daemon) alive(ctx context.Context) error {
	_, err := d.journal.Due(ctx, 0, 1)
	return err
}
