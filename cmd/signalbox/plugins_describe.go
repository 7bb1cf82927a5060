package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
)

func newPluginsDescribeCommand(r *remote) *cobra.Command {
	var mtls bool
	cmd := &cobra.Command{
		Use:   "describe [NAME|PATH]",
		Short: "Say what a plugin's config takes, and what its actions do",
		Long: `Describe starts a plugin, asks it what it is, and ends it again: what its config
block takes, and each action with its inputs, its outputs and how long it
remembers an idempotency key. NAME is a bundled plugin; PATH is a program of
your own, with a slash in it: ./acme. Without either, the bundled ones are
listed. No daemon is needed, and nothing is configured.

Exit codes: 0 it worked; 1 the program does not describe itself; 2 there is no
such plugin.`,
		Example: `  signalbox plugins describe
  signalbox plugins describe email
  signalbox plugins describe ./acme -o json | jq -r '.actions[].name'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return writePage(cmd, r, daemon.BundledPlugins(), writeBundled)
			}
			log := zerolog.New(zerolog.ConsoleWriter{Out: cmd.ErrOrStderr()}).Level(zerolog.WarnLevel)
			p, err := daemon.DescribePlugin(cmd.Context(), args[0], mtls, log)
			switch {
			case errors.Is(err, daemon.ErrNotDescribed):
				return &exit{exitNo, errors.New(clean(err.Error(), "\n"))}
			case err != nil:
				return &exit{exitUsage, err}
			}
			return writePage(cmd, r, p, writeDescription)
		},
	}
	cmd.Flags().BoolVar(&mtls, "mtls", true, "encrypt the connection to a program; false for one that can't, as in its plugin block")
	return cmd
}

// writePage shows a document in the form that was asked for, and all at once.
func writePage[D any](cmd *cobra.Command, r *remote, doc D, text func(io.Writer, D)) error {
	if r.form == "json" {
		return writeJSON(cmd.OutOrStdout(), doc)
	}
	var page bytes.Buffer
	text(&page, doc)
	_, err := page.WriteTo(cmd.OutOrStdout())
	return err
}

func writeBundled(w io.Writer, list []daemon.BundledPlugin) {
	t := table(w)
	for _, p := range list {
		row(t, p.Name, oneLine(p.Doc))
	}
	t.Flush()
}

func writeDescription(w io.Writer, p *daemon.PluginDescription) {
	fmt.Fprintln(w, clean(strings.TrimSpace(p.Name+" "+p.Version), ""))
	if p.Doc != "" {
		fmt.Fprintln(w, clean(oneLine(p.Doc), ""))
	}
	writeSchema(w, "\nconfig", "  ", "required", p.Config)
	for _, a := range p.Actions {
		fmt.Fprintf(w, "\naction %s\n", clean(a.Name, ""))
		if a.Doc != "" {
			fmt.Fprintf(w, "  %s\n", clean(oneLine(a.Doc), ""))
		}
		lifetime := "for ever"
		if a.KeyLifetime != "" {
			lifetime = "for " + a.KeyLifetime
		}
		fmt.Fprintf(w, "  An idempotency key is remembered %s (key_lifetime).\n", lifetime)
		writeSchema(w, "  inputs", "    ", "required", a.Inputs)
		writeSchema(w, "  outputs", "    ", "always given", a.Outputs)
	}
}

// writeSchema writes what a schema has; must is the word for what it requires.
func writeSchema(w io.Writer, title, indent, must string, s router.Schema) {
	if len(s.Attrs)+len(s.Blocks) == 0 {
		fmt.Fprintf(w, "%s: none\n", title)
		return
	}
	fmt.Fprintln(w, title)
	t := table(w)
	writeAttributes(t, indent, must, s)
	t.Flush()
}

// writeAttributes writes a row for each name that a schema has, those in a block
// below the block's.
func writeAttributes(t io.Writer, indent, must string, s router.Schema) {
	for _, a := range s.Attrs {
		notes := []string{typeInWords(a.Type)}
		if a.Required && len(a.Default) == 0 {
			notes = append(notes, must)
		}
		if len(a.Default) > 0 && string(a.Default) != "null" {
			notes = append(notes, "default "+defaultOf(a))
		}
		if a.Sensitive {
			notes = append(notes, "sensitive")
		}
		describedRow(t, indent+a.Name, notes, a.Doc)
	}
	for _, b := range s.Blocks {
		notes := []string{"block"}
		if b.Required {
			notes = append(notes, must)
		}
		if b.Repeats {
			notes = append(notes, "may repeat")
		}
		describedRow(t, indent+b.Name+" { }", notes, b.Doc)
		writeAttributes(t, indent+"  ", must, b.Schema)
	}
}

func describedRow(t io.Writer, name string, notes []string, doc string) {
	cells := []string{name, strings.Join(notes, ", ")}
	if doc != "" {
		cells = append(cells, oneLine(doc))
	}
	row(t, cells...)
}

// defaultOf is a default as it could be written in the configuration.
func defaultOf(a router.Attr) string {
	if a.Sensitive {
		return string(router.Covered())
	}
	return string(a.Default)
}

// oneLine puts what a plugin's author has broken into lines into one.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// typeInWords says a type of router.Attr as an operator would; one that it
// can't read as it is.
func typeInWords(t json.RawMessage) string {
	var name string
	if json.Unmarshal(t, &name) == nil {
		switch name {
		case "string":
			return "text"
		case "bool":
			return "true or false"
		case "dynamic":
			return "anything"
		}
		return name
	}
	var parts []json.RawMessage
	if json.Unmarshal(t, &parts) != nil || len(parts) < 2 || json.Unmarshal(parts[0], &name) != nil {
		return string(t)
	}
	switch name {
	case "list", "set", "map":
		return name + " of " + typeInWords(parts[1])
	case "tuple":
		var elements []json.RawMessage
		if json.Unmarshal(parts[1], &elements) != nil {
			return string(t)
		}
		var words []string
		for _, e := range elements {
			words = append(words, typeInWords(e))
		}
		return "list [" + strings.Join(words, ", ") + "]"
	case "object":
		return objectInWords(t, parts)
	}
	return string(t)
}

func objectInWords(t json.RawMessage, parts []json.RawMessage) string {
	var attrs map[string]json.RawMessage
	var optional []string
	if json.Unmarshal(parts[1], &attrs) != nil || len(parts) > 2 && json.Unmarshal(parts[2], &optional) != nil {
		return string(t)
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		mark := ""
		if slices.Contains(optional, name) {
			mark = "?"
		}
		words = append(words, name+mark+": "+typeInWords(attrs[name]))
	}
	return "object { " + strings.Join(words, ", ") + " }"
}
