package daemon

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/plugins"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/sdk"
)

// Validate checks a configuration as a start would, up to where something
// would happen: plugins are started and asked, but not configured. The variables
// are those of the command line.
func Validate(ctx context.Context, path string, variables map[string]string, log zerolog.Logger) (*Diagnostics, error) {
	_, diags, err := examine(ctx, path, variables, log, nil)
	return diags, err
}

// Formatted is a configuration file in the one form that all are written in.
type Formatted = config.Formatted

// Format lays out the text of a configuration file, and changes nothing else.
// One that does not parse gives diagnostics with an error; they are never nil.
func Format(name string, src []byte) (Formatted, *Diagnostics) { return config.Format(name, src) }

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
