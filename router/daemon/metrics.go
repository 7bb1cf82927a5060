package daemon

import (
	"context"
	"os"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/admin"
)

// observer is the metrics, and who embeds the daemon.
type observer struct {
	*admin.Metrics
	finished func(id string) // or nil
}

func (o observer) Finished(e *router.Event, s *router.State) {
	o.Metrics.Finished(e, s)
	if o.finished != nil {
		o.finished(e.ID)
	}
}

// gaugesTimeout bounds the count of held events, the only gauge that reads the
// journal.
const gaugesTimeout = 5 * time.Second

// gauges measures what is not counted.
func (d *Daemon) gauges() admin.Gauges {
	ctx, cancel := context.WithTimeout(context.Background(), gaugesTimeout)
	defer cancel()
	g := admin.Gauges{Overdue: d.router.Overdue(), Writable: d.router.Writable() == nil, Plugins: d.pluginStates()}
	g.InMemory, g.AtRest = d.router.InHand()
	held, err := d.journal.Find(ctx, router.Query{Phase: router.Held, Bare: true, Limit: countsAtMost})
	if err != nil {
		d.log.Warn().Err(err).Msg("held events can't be counted")
	}
	g.Held = len(held)
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(d.loaded().config.Journal.Path + suffix); err == nil {
			g.JournalBytes += info.Size()
		}
	}
	return g
}

// pluginStates is how the plugins are.
func (d *Daemon) pluginStates() []admin.Plugin {
	var out []admin.Plugin
	for _, p := range d.catalog.Status() {
		out = append(out, admin.Plugin{
			Name: p.Name, Version: p.Version, State: string(p.State), PID: p.Pid, Since: p.Since, Restarts: p.Restarts, LastError: p.LastError,
		})
	}
	return out
}
