package daemon

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/plugins"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/internal/plug"
	"github.com/signalbox/signalbox/sdk"
)

// Validate checks a configuration as a start would, up to where something
// would happen: plugins are started and asked, but not configured.
func Validate(ctx context.Context, path string, log zerolog.Logger) (*Diagnostics, error) {
	sockets, err := socketDir()
	if err != nil {
		return nil, err
	}
	d := &Daemon{sockets: sockets, catalog: plug.New(plug.Options{Log: log, SocketDir: sockets})}
	defer d.Stop(ctx)
	stage := d.catalog.Stage()
	defer stage.Discard()
	_, diags := config.Load(ctx, path, environment(stage))
	return diags, nil
}

// ServePlugin serves a bundled plugin on this process's standard streams. It
// returns only if there is no such plugin.
func ServePlugin(name string) error {
	p, ok := plugins.New(name)
	if !ok {
		return fmt.Errorf("there is no bundled plugin %q", name)
	}
	sdk.Serve(p)
	return nil
}
