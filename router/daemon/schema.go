package daemon

import (
	"context"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
)

// Language is all that a configuration can say, told by what reads it.
type Language struct {
	config.Language
	Kinds []Kind `json:"kinds"`
	// Plugins are those of the configuration that was given, in file order.
	Plugins []ConfiguredPlugin `json:"plugins,omitempty"`
	// Sources are the names of that configuration's sources, as in
	// appdirect.acme.
	Sources []string `json:"sources,omitempty"`
}

// ConfiguredPlugin is a plugin block's program and what it says of itself.
type ConfiguredPlugin struct {
	// Block is the block's label: what routes call the plugin.
	Block string `json:"block"`
	PluginDescription
}

// DescribeLanguage describes the configuration language. With a path the plugins
// of that configuration are started, asked what they can do, and ended again; the
// variables are those of the command line. What could be described is, whatever
// errors the diagnostics tell of; without a path there are none, and they are nil.
func DescribeLanguage(ctx context.Context, path string, variables map[string]string, log zerolog.Logger) (*Language, *Diagnostics, error) {
	out := &Language{Language: config.DescribeLanguage(), Kinds: config.DescribeKinds(kinds())}
	if path == "" {
		return out, nil, nil
	}
	c, diags, err := examine(ctx, path, variables, log, func(p config.Plugin, info router.PluginInfo) {
		out.Plugins = append(out.Plugins, ConfiguredPlugin{Block: p.Name, PluginDescription: *descriptionOf(info)})
	})
	if c != nil {
		for _, s := range c.Sources {
			out.Sources = append(out.Sources, s.Name)
		}
	}
	return out, diags, err
}

// The parts of a Language.
type (
	Block    = config.Block
	Setting  = config.Setting
	Kind     = config.Kind
	Function = config.Function
	Arg      = config.Arg
	Name     = config.Name
	Shape    = config.Shape
)

// How a Setting is written, and who describes what a Block or a Setting holds.
const (
	FormDuration = config.FormDuration
	FormSize     = config.FormSize
	FormSource   = config.FormSource
	FormAction   = config.FormAction
	FormType     = config.FormType
	FormEvent    = config.FormEvent
	FormCode     = config.FormCode

	ByKind   = config.ByKind
	ByPlugin = config.ByPlugin
	ByAction = config.ByAction
	ByReply  = config.ByReply
)

// BlockOf is what a block of that schema takes.
func BlockOf(s router.Schema) Block { return config.BlockOf(s) }
