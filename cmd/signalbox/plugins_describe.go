package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

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
				return writePage(cmd, r.form, daemon.BundledPlugins(), writeBundled)
			}
			log := zerolog.New(zerolog.ConsoleWriter{Out: cmd.ErrOrStderr()}).Level(zerolog.WarnLevel)
			p, err := daemon.DescribePlugin(cmd.Context(), args[0], mtls, log)
			switch {
			case errors.Is(err, daemon.ErrNotDescribed):
				return &exit{exitNo, errors.New(clean(err.Error(), "\n"))}
			case err != nil:
				return &exit{exitUsage, err}
			}
			return writePage(cmd, r.form, p, writeDescription)
		},
	}
	cmd.Flags().BoolVar(&mtls, "mtls", true, "encrypt the connection to a program; false for one that can't, as in its plugin block")
	return cmd
}

// writePage shows a document in the form that was asked for, and all at once.
func writePage[D any](cmd *cobra.Command, output form, doc D, text func(io.Writer, D)) error {
	if output == "json" {
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
	writeSchema(w, "\nconfig", "  ", "required", daemon.BlockOf(p.Config))
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
		writeSchema(w, "  inputs", "    ", "required", daemon.BlockOf(a.Inputs))
		writeSchema(w, "  outputs", "    ", "always given", daemon.BlockOf(a.Outputs))
	}
}
