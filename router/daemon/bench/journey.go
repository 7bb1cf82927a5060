package bench

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"text/template"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/internal/appdirect"
)

//go:embed config.hcl
var configTemplate string

// journey measures the whole way through a daemon that has just been started,
// with an empty journal.
func (b *bench) journey(ctx context.Context, concurrency int) (j Journey, err error) {
	dir := filepath.Join(b.dir, "journey-"+strconv.Itoa(concurrency))
	config, err := b.writeConfig(dir)
	if err != nil {
		return j, err
	}
	args := []string{"daemon", config}
	if b.opt.Profiles != "" {
		profile, err := filepath.Abs(filepath.Join(b.opt.Profiles, fmt.Sprintf("daemon-%d.pprof", concurrency)))
		if err != nil {
			return j, fmt.Errorf("naming the profile: %w", err)
		}
		args = append(args, profile)
	}
	served, err := b.start(ctx, args...)
	if err != nil {
		return j, err
	}
	defer func() { err = errors.Join(err, served.stop()) }()
	if len(served.Plugins) != 1 {
		return j, fmt.Errorf("the daemon has %d plugins, not 1", len(served.Plugins))
	}
	processes := []int{served.pid(), served.Plugins[0]}
	m, err := b.notifyAll(ctx, served.URL, concurrency, append(slices.Clone(processes), os.Getpid())...)
	if err != nil {
		return j, err
	}
	j.Daemon.CPU, j.Plugin.CPU, j.Load, j.Late = m.each(0), m.each(1), m.each(2), m.late
	m.cpu = m.cpu[:len(processes)]
	j.Figures = m.figures()
	if j.Daemon.Peak, err = peakOf(processes[0]); err != nil {
		return j, err
	}
	j.Plugin.Peak, err = peakOf(processes[1])
	return j, err
}

// notifyAll measures notifications to a server, from so many callers.
func (b *bench) notifyAll(ctx context.Context, base string, concurrency int, pids ...int) (measured, error) {
	callers, err := openCallers(base, concurrency)
	if err != nil {
		return measured{}, err
	}
	defer closeCallers(callers)
	var workers []operation
	for _, c := range callers {
		workers = append(workers, func(n int64) error { return c.notify(b.market.address(n)) })
	}
	return measure(ctx, workers, b.opt.For, &b.last, pids...)
}

// other is a route that looks at events and takes none.
type other struct{ Name, Type string }

// writeConfig writes the daemon's configuration into a new directory. The
// routes are spread over all types that the source knows.
func (b *bench) writeConfig(dir string) (path string, err error) {
	t, err := template.New("config").Parse(configTemplate)
	if err != nil {
		return "", fmt.Errorf("reading the configuration: %w", err)
	}
	types := appdirect.Kind().Types
	var others []other
	for i := range b.opt.Routes - 1 {
		others = append(others, other{strconv.Itoa(i), types[i%len(types)]})
	}
	var text bytes.Buffer
	err = t.Execute(&text, map[string]any{
		"Public": publicURL, "StateDir": filepath.Join(dir, "state"), "Path": sourcePath, "Marketplace": b.market.url,
		"ConsumerKey": consumerKey, "ConsumerSecret": consumerSecret, "Self": b.self, "Plugin": PluginName,
		"Type": eventType, "Others": others,
	})
	if err != nil {
		return "", fmt.Errorf("writing the configuration: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("making a directory for the daemon: %w", err)
	}
	path = filepath.Join(dir, "config.hcl")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return "", fmt.Errorf("writing the configuration: %w", err)
	}
	return path, nil
}

// ServeDaemon is the process whose journey is measured: the daemon as
// `signalbox run` has it, on a port of its own, until in ends. Its log is
// written, and read by nobody. profile, if not "", gets a CPU profile.
func ServeDaemon(ctx context.Context, config, profile string, in io.Reader, out io.Writer) (err error) {
	daemon.TuneGC()
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer log.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer listener.Close()
	d, diags, err := daemon.New(ctx, daemon.Options{
		ConfigPath: config, Log: zerolog.New(log).With().Timestamp().Logger(), Listener: listener,
	})
	if err != nil {
		return errors.Join(err, explain(diags))
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		d.Stop(ctx)
	}()
	if err := d.Start(ctx); err != nil {
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return fmt.Errorf("writing the profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("writing the profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	r := ready{URL: d.URL()}
	for _, p := range d.Plugins() {
		r.Plugins = append(r.Plugins, p.Pid)
	}
	return serveUntilEOF(r, in, out)
}

// explain is what diagnostics say, as an error.
func explain(diags *daemon.Diagnostics) error {
	if diags == nil {
		return nil
	}
	var text bytes.Buffer
	if err := diags.Write(&text, false, 0); err != nil {
		return err
	}
	return errors.New(text.String())
}
