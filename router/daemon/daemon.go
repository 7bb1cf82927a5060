package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/admin"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/internal/journal/sqlite"
	"github.com/signalbox/signalbox/router/internal/plug"
	"github.com/signalbox/signalbox/router/internal/seal"
)

// Options are what a Daemon is made of.
type Options struct {
	// ConfigPath is a file, or a directory of *.hcl files.
	ConfigPath string
	// Variables of the configuration that the command line sets, by name.
	Variables map[string]string
	Log       zerolog.Logger
	Version   string
	// Listener, if not nil, is served in place of the configured address, which
	// a reload can't change then.
	Listener net.Listener
	// Observe, if not nil, is called with the id of each event that has
	// finished. It must not block.
	Observe func(id string)
}

// Diagnostics are what is wrong with a configuration, with file, line and a
// way out.
type Diagnostics = config.Diagnostics

// Daemon is one running signalbox. Make it with New, Start it, Stop it.
type Daemon struct {
	opt       Options
	log       zerolog.Logger
	threshold threshold // of log
	sockets   string    // the directory of plugin sockets
	catalog   *plug.Catalog
	journal   router.Journal
	vault     *seal.Vault
	router    *router.Router
	metrics   *admin.Metrics
	plans     planCache
	started   time.Time

	reloading sync.Mutex // one reload at a time
	current   atomic.Pointer[loaded]
	reports   chan report

	public, admin *server
	handed        bool // the public listener was, by systemd or in the Options
	stop          context.CancelFunc
	background    sync.WaitGroup
	stopOnce      sync.Once
}

// ConfigError is a configuration with errors; Diagnostics tell them.
type ConfigError struct{ Diagnostics *Diagnostics }

func (e *ConfigError) Error() string { return "the configuration has errors" }

// New loads the configuration, opens the journal and starts the plugins. A
// *ConfigError has the diagnostics. The Daemon must be stopped even if it is
// never started.
func New(ctx context.Context, opt Options) (d *Daemon, diags *Diagnostics, err error) {
	d = &Daemon{opt: opt, reports: make(chan report, maxReports), started: time.Now()}
	d.log = opt.Log.Hook(&d.threshold)
	defer func() {
		if err != nil {
			d.Stop(ctx)
			d = nil
		}
	}()
	if d.sockets, err = socketDir(); err != nil {
		return d, nil, err
	}
	d.catalog = plug.New(plug.Options{
		Log: d.log, SocketDir: d.sockets,
		OnDown: func(name string, err error) { d.report(router.TypePluginDown, name, err) },
		OnUp:   d.pluginUp,
	})
	next, diags, err := d.load(ctx)
	if err != nil {
		return d, diags, err
	}
	defer func() {
		if err != nil {
			next.stage.Discard()
		}
	}()
	c := next.config
	journal, err := sqlite.Open(ctx, sqlite.Options{Path: c.Journal.Path, Log: d.log})
	if err != nil {
		return d, diags, fmt.Errorf("opening the journal: %w", err)
	}
	d.journal = journal
	if next.keys, err = d.sealKeys(ctx, c); err != nil {
		return d, diags, err
	}
	d.vault = seal.NewVault(next.keys)
	d.metrics = admin.NewMetrics(opt.Version, d.gauges)
	d.router = router.New(router.Options{
		Journal: d.journal, Caller: d.catalog, Log: d.log, PlanOf: d.planOf, Vault: d.vault,
		Observer: observer{d.metrics, opt.Observe},
	})
	if err = d.keepPlan(ctx, next); err != nil {
		return d, diags, err
	}
	d.swap(next)
	return d, diags, nil
}

// Start takes up unfinished events, and then serves.
func (d *Daemon) Start(ctx context.Context) error {
	background, cancel := context.WithCancel(context.Background())
	d.stop = cancel
	d.background.Go(func() { d.sendReports(background) })
	if err := d.router.Start(ctx); err != nil {
		return fmt.Errorf("taking up unfinished events: %w", err)
	}
	now := d.loaded()
	c := now.config
	listener, handed, err := d.publicListener(c.Listen)
	if err != nil {
		return err
	}
	d.public, d.handed = newServer("sources", http.HandlerFunc(d.serve), d.log), handed
	d.public.open(newDoor(listener, now.tls))
	adminListener, err := listenUnix(AdminSocket(c.Admin.Socket, c.StateDir))
	if err != nil {
		return err
	}
	d.admin = newServer("admin", d.adminHandler(), d.log)
	d.admin.open(newDoor(adminListener, nil))
	d.background.Go(func() { d.newPruner().run(background) })
	d.background.Go(func() { d.tellOwed(background) })
	d.log.Info().Str("listen", listener.Addr().String()).Str("admin", adminListener.Addr().String()).
		Str("plan", c.Plan.Digest[:12]).Int("routes", len(c.Plan.Routes)).Msg("ready")
	return nil
}

// ShutdownTimeout is the configured limit of Stop.
func (d *Daemon) ShutdownTimeout() time.Duration { return d.loaded().config.ShutdownTimeout }

// loaded is the configuration in force.
func (d *Daemon) loaded() *loaded { return d.current.Load() }

// URL is where the sources are served, without a path.
func (d *Daemon) URL() string { return "http://" + d.public.listener().Addr().String() }

// Socket is the admin API's path.
func (d *Daemon) Socket() string { return d.admin.listener().Addr().String() }

// Stop takes nothing in any more, lets what runs end until ctx is done, and
// releases everything. It is idempotent.
func (d *Daemon) Stop(ctx context.Context) {
	d.stopOnce.Do(func() {
		if d.router != nil {
			d.router.Stop(ctx)
		}
		d.public.stop(ctx)
		d.admin.stop(ctx)
		if d.stop != nil {
			d.stop()
		}
		d.background.Wait()
		if d.catalog != nil {
			d.catalog.Stop(ctx)
		}
		if d.journal != nil {
			if err := d.journal.Close(); err != nil {
				d.log.Error().Err(err).Msg("closing the journal")
			}
		}
		if d.sockets != "" {
			os.RemoveAll(d.sockets)
		}
	})
}

// socketDir makes the directory of plugin sockets. Under systemd it is in the
// RuntimeDirectory, which goes with the service; elsewhere, what a killed daemon
// has left is swept. Paths of sockets are short, at most 107 bytes.
func socketDir() (string, error) {
	if dir := os.Getenv("RUNTIME_DIRECTORY"); dir != "" {
		return os.MkdirTemp(dir, "plugins-")
	}
	const prefix = "sbx" // short, for the sake of long temporary directories
	left, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return "", fmt.Errorf("looking for the sockets of killed daemons: %w", err)
	}
	for _, dir := range left {
		var pid int
		if n, _ := fmt.Sscanf(filepath.Base(dir), prefix+"%d-", &pid); n == 1 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid()))
	if err != nil {
		return "", fmt.Errorf("making a directory for plugin sockets: %w", err)
	}
	return dir, nil
}

// AdminSocket is where the admin API is served: as configured, else in
// systemd's RuntimeDirectory, else in the state directory.
func AdminSocket(configured, stateDir string) string {
	if configured != "" {
		return configured
	}
	if dir := os.Getenv("RUNTIME_DIRECTORY"); dir != "" {
		return filepath.Join(dir, "admin.sock")
	}
	return filepath.Join(stateDir, "admin.sock")
}

// Events finds events in the journal, newest first.
func (d *Daemon) Events(ctx context.Context, q router.Query) ([]router.Record, error) {
	return d.journal.Find(ctx, q)
}

// Story tells all that is known of one event.
func (d *Daemon) Story(ctx context.Context, id string) (*router.Story, error) {
	return d.journal.Story(ctx, id)
}

// Plugins tells how the plugins are.
func (d *Daemon) Plugins() []plug.PluginStatus { return d.catalog.Status() }
