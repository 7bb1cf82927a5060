package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/plugins"
	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/internal/plug"
	"github.com/signalbox/signalbox/router/internal/seal"
	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
	"github.com/signalbox/signalbox/router/internal/systemd"
	"github.com/signalbox/signalbox/router/internal/webhook"
)

// loaded is a configuration with everything built that it asks for; nothing of
// it is in force yet.
type loaded struct {
	config *config.Config
	table  *router.Table
	mounts mounts
	stage  *plug.Stage
	// actions are those of its plugins.
	actions map[router.ActionRef]bool
	former  []formerPlan
	tls     *tls.Config // nil for none
	door    *door       // nil where the listener stays as it is, and before all else is certain
	keys    seal.Keys   // none before the journal is open
}

// kinds are the protocols that a source block can name.
func kinds() map[string]router.SourceKind {
	byName := map[string]router.SourceKind{}
	for _, k := range []router.SourceKind{appdirect.Kind(), subscriptionbridge.Kind(), webhook.Kind(), webhook.CloudEvents()} {
		byName[k.Name] = k
	}
	return byName
}

// load reads the configuration and builds what it asks for: all that can fail.
func (d *Daemon) load(ctx context.Context) (next *loaded, diags *config.Diagnostics, err error) {
	stage := d.catalog.Stage()
	defer func() {
		if err != nil {
			stage.Discard()
		}
	}()
	env, actions := environment(stage, d.opt.Variables), map[router.ActionRef]bool{}
	describe := env.Describe
	env.Describe = func(ctx context.Context, p config.Plugin) (router.PluginInfo, error) {
		info, err := describe(ctx, p)
		for i := range info.Actions {
			actions[router.ActionRef{Plugin: p.Name, Action: info.Actions[i].Name}] = true
		}
		return info, err
	}
	c, diags := config.Load(ctx, d.opt.ConfigPath, env)
	if c == nil {
		return nil, diags, &ConfigError{diags}
	}
	for _, p := range c.Plugins {
		if err := stage.Configure(ctx, p.Name, p.Config); err != nil {
			return nil, diags, fmt.Errorf("%s: configuring plugin %q: %w", p.At, p.Name, err)
		}
	}
	next = &loaded{config: c, stage: stage, actions: actions, table: &router.Table{Plan: c.Plan, Sources: map[string]*router.Endpoint{}, Rules: c.Rules,
		Limits: map[string]router.PluginLimits{}, MaxInFlight: c.MaxInFlight,
	}}
	for _, p := range c.Plugins {
		next.table.Limits[p.Name] = p.Limits
	}
	if next.mounts, err = sources(c, d.log); err != nil {
		return nil, diags, err
	}
	if next.tls, err = certificate(c.TLS); err != nil {
		return nil, diags, err
	}
	for _, m := range next.mounts {
		next.table.Sources[m.endpoint.Name] = m.endpoint
	}
	return next, diags, nil
}

// sources builds what the source blocks ask for.
func sources(c *config.Config, log zerolog.Logger) (mounts, error) {
	byName := kinds()
	var out mounts
	for _, s := range c.Sources {
		kind := byName[s.Kind]
		source, err := kind.New(s.Name, s.Config, router.SourceDeps{
			PublicURL: c.PublicURL, Path: s.Path, Log: log.With().Str("source", s.Name).Logger(), Now: time.Now, Expressions: s.Expressions,
		})
		if err != nil {
			return nil, fmt.Errorf("%s: source %s: %w", s.At, s.Name, err)
		}
		out = append(out, mount{path: s.Path, endpoint: &router.Endpoint{
			Name: s.Name, Source: source, Reply: kind.Reply, AcceptUnrouted: s.Unrouted == config.UnroutedAccept,
		}})
	}
	return out, nil
}

// environment lends the configuration what it needs of the machine.
func environment(stage *plug.Stage, variables map[string]string) config.Env {
	return config.Env{
		Variables: variables,
		Sources:   kinds(),
		Describe: func(ctx context.Context, p config.Plugin) (router.PluginInfo, error) {
			program, err := program(p)
			if err != nil {
				return router.PluginInfo{}, err
			}
			return stage.Describe(ctx, program)
		},
		Validate: func(ctx context.Context, p config.Plugin) ([]config.PluginDiagnostic, error) {
			found, err := stage.Validate(ctx, p.Name, p.Config)
			var diags []config.PluginDiagnostic
			for _, f := range found {
				diags = append(diags, config.PluginDiagnostic{Warning: f.Warning, Summary: f.Summary, Detail: f.Detail, Path: f.Path})
			}
			return diags, err
		},
		Credential: systemd.Credential,
		Getenv:     os.LookupEnv,
		Environ:    os.Environ,
		ReadFile:   os.ReadFile,
		StateDir:   stateDir(),
		CheckSealKey: func(key router.Secret) error {
			_, err := seal.Parse(key)
			return err
		},
	}
}

// stateDir is the default of state_dir: systemd's, else beside the caller.
func stateDir() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" {
		return dir
	}
	dir, err := filepath.Abs("state")
	if err != nil {
		return "state"
	}
	return dir
}

// program says how a plugin is started. A bundled one is this binary again.
func program(p config.Plugin) (plug.Program, error) {
	out := plug.Program{Name: p.Name, Path: p.Exec, Args: p.Args, SHA256: p.SHA256, MTLS: p.MTLS}
	for _, name := range slices.Sorted(maps.Keys(p.Env)) {
		value := string(p.Env[name].Reveal())
		out.Env = append(out.Env, name+"="+value)
		if slices.Contains(p.EnvSecrets, name) {
			out.Secrets = append(out.Secrets, value)
		}
	}
	if p.Use == "" {
		path, err := exec.LookPath(p.Exec)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return out, fmt.Errorf("there is no program %s", p.Exec)
		case err != nil:
			return out, fmt.Errorf("%s can't be run: %w", p.Exec, err)
		}
		out.Path = path
		return out, nil
	}
	if _, ok := plugins.New(p.Use); !ok {
		return out, fmt.Errorf("there is no bundled plugin %q; there are: %s", p.Use, strings.Join(plugins.Names(), ", "))
	}
	self, err := os.Executable()
	if err != nil {
		return out, fmt.Errorf("finding this binary: %w", err)
	}
	out.Path, out.Args = self, []string{"plugin-serve", p.Use}
	return out, nil
}

// discard ends what was started for a load that is not put in force. After a
// swap it does nothing.
func (l *loaded) discard() { l.stage.Discard() }

// swap puts a load in force. Nothing in it can fail.
func (d *Daemon) swap(next *loaded) {
	if before := d.loaded(); before != nil {
		next.replaces(before, time.Now())
		d.plans.keep(before.config.Plan)
	}
	next.stage.Commit() // before the table that names its plugins
	d.vault.Use(next.keys)
	d.router.Swap(next.table)
	d.threshold.set(next.config.LogLevel)
	d.current.Store(next)
	switch {
	case d.public == nil: // it is not started yet
	case next.door != nil:
		d.public.open(next.door)
		next.door = nil
	default:
		d.public.secure(next.tls)
	}
}
