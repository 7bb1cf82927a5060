package daemon

import (
	"context"

	"github.com/signalbox/signalbox/router"
)

// maxReports bounds the reports on their way to the journal: more plugins than
// this can't go down between two flushes.
const maxReports = 64

// report is a failure that no event has caused.
type report struct {
	eventType string
	failure   router.Failure
}

// report queues a plugin's change of state; it never blocks the supervisor.
func (d *Daemon) report(eventType, plugin string, err error) {
	f := router.Failure{Plugin: plugin, Command: "signalbox plugins list"}
	if err != nil {
		f.Message = err.Error()
	}
	select {
	case d.reports <- report{eventType, f}:
	default:
		d.log.Error().Str("plugin", plugin).Str("failure", eventType).Msg("too many reports at once; this one is only in the log")
	}
}

// pluginUp has what waits for the plugin go on.
func (d *Daemon) pluginUp(name string) {
	d.report(router.TypePluginUp, name, nil)
	if d.router != nil {
		d.router.PluginBack(name)
	}
}

func (d *Daemon) sendReports(ctx context.Context) {
	for {
		select {
		case r := <-d.reports:
			if err := d.router.Report(ctx, r.eventType, r.failure); err != nil {
				d.log.Error().Err(err).Str("failure", r.eventType).Msg("a report can't be journaled")
			}
		case <-ctx.Done():
			return
		}
	}
}
