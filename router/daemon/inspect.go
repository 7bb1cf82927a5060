package daemon

import (
	"context"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/internal/plug"
)

// Inspection is a configuration that is looked at and never put in force:
// nothing listens, no plugin is configured or called, nothing is written.
type Inspection struct {
	Config *config.Config
	// Sources are built as a start would build them, by name. They are for what
	// is pure: reading a document, wording an answer.
	Sources map[string]*router.Endpoint
	// Kinds are the protocols that source blocks may name.
	Kinds map[string]router.SourceKind
}

// Kinds are the protocols that source blocks may name.
func Kinds() map[string]router.SourceKind { return kinds() }

// Inspect loads a configuration as a start would, up to where something would
// happen: plugins are started and asked what they can do, and ended again. The
// variables are those of the command line. The Inspection is nil if there is an error among the diagnostics.
func Inspect(ctx context.Context, path string, variables map[string]string, log zerolog.Logger) (*Inspection, *Diagnostics, error) {
	c, diags, err := examine(ctx, path, variables, log, nil)
	if c == nil {
		return nil, diags, err
	}
	out := &Inspection{Config: c, Sources: map[string]*router.Endpoint{}, Kinds: kinds()}
	mounts, err := sources(c, zerolog.Nop())
	if err != nil {
		return nil, diags, err
	}
	for _, m := range mounts {
		out.Sources[m.endpoint.Name] = m.endpoint
	}
	return out, diags, nil
}

// examine loads a configuration and ends its plugins again; described, if not
// nil, is told what each that can be asked says of itself.
func examine(ctx context.Context, path string, variables map[string]string, log zerolog.Logger,
	described func(config.Plugin, router.PluginInfo),
) (*config.Config, *Diagnostics, error) {
	sockets, err := socketDir()
	if err != nil {
		return nil, nil, err
	}
	d := &Daemon{sockets: sockets, catalog: plug.New(plug.Options{Log: log, SocketDir: sockets})}
	defer d.Stop(ctx)
	stage := d.catalog.Stage()
	defer stage.Discard()
	env := environment(stage, variables)
	if ask := env.Describe; described != nil {
		env.Describe = func(ctx context.Context, p config.Plugin) (router.PluginInfo, error) {
			info, err := ask(ctx, p)
			if err == nil {
				described(p, info)
			}
			return info, err
		}
	}
	c, diags := config.Load(ctx, path, env)
	return c, diags, nil
}
