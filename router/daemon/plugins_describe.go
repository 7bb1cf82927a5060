package daemon

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/plugins"
	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/internal/plug"
)

// PluginDescription is what a plugin says of itself.
type PluginDescription struct {
	Name    string              `json:"name"`
	Version string              `json:"version,omitempty"`
	Doc     string              `json:"doc,omitempty"`
	Config  router.Schema       `json:"config"`
	Actions []ActionDescription `json:"actions"`
}

// ActionDescription is what a plugin says of one action.
type ActionDescription struct {
	Name    string        `json:"name"`
	Doc     string        `json:"doc,omitempty"`
	Inputs  router.Schema `json:"inputs"`
	Outputs router.Schema `json:"outputs"`
	// KeyLifetime is for how long an idempotency key is remembered, as in
	// "23h"; "" is for ever.
	KeyLifetime string `json:"key_lifetime,omitempty"`
}

// BundledPlugin is a plugin that comes with signalbox.
type BundledPlugin struct {
	Name    string   `json:"name"`
	Doc     string   `json:"doc,omitempty"`
	Actions []string `json:"actions"`
}

// BundledPlugins are the plugins that come with signalbox, by name.
func BundledPlugins() []BundledPlugin {
	var out []BundledPlugin
	for _, name := range plugins.Names() {
		p, _ := plugins.New(name)
		b := BundledPlugin{Name: name, Doc: p.Doc, Actions: []string{}}
		for i := range p.Actions {
			b.Actions = append(b.Actions, p.Actions[i].Name)
		}
		out = append(out, b)
	}
	return out
}

// ErrNotDescribed: the program was started, and did not describe itself.
var ErrNotDescribed = errors.New("the plugin can't be described")

// DescribePlugin starts a plugin, asks it what it is, and ends it again. It is
// a bundled plugin, or a program that is named by a path with a separator in it:
// a bundled name with a typing error starts nothing. Without mtls the connection
// to a program is not encrypted, as hand-written ones may want it.
func DescribePlugin(ctx context.Context, nameOrPath string, mtls bool, log zerolog.Logger) (*PluginDescription, error) {
	p := config.Plugin{Name: nameOrPath, Use: nameOrPath, MTLS: true}
	if strings.ContainsRune(nameOrPath, filepath.Separator) {
		p = config.Plugin{Name: filepath.Base(nameOrPath), Exec: nameOrPath, MTLS: mtls}
	}
	started, err := program(p)
	if err != nil {
		return nil, err
	}
	sockets, err := socketDir()
	if err != nil {
		return nil, err
	}
	d := &Daemon{sockets: sockets, catalog: plug.New(plug.Options{Log: log, SocketDir: sockets})}
	defer d.Stop(ctx)
	stage := d.catalog.Stage()
	defer stage.Discard()
	info, err := stage.Describe(ctx, started)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotDescribed, err)
	}
	return descriptionOf(info), nil
}

func descriptionOf(info router.PluginInfo) *PluginDescription {
	out := &PluginDescription{Name: info.Name, Version: info.Version, Doc: info.Doc, Config: info.Config, Actions: []ActionDescription{}}
	for _, a := range info.Actions {
		described := ActionDescription{Name: a.Name, Doc: a.Doc, Inputs: a.Input, Outputs: a.Output}
		if a.KeyLifetime > 0 {
			described.KeyLifetime = config.WriteDuration(a.KeyLifetime)
		}
		out.Actions = append(out.Actions, described)
	}
	return out
}
