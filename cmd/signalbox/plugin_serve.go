package main

import (
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon"
)

// newPluginServeCommand is how the daemon starts a bundled plugin: this binary
// again, as a process of its own.
func newPluginServeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "plugin-serve NAME",
		Short:  "Serve a bundled plugin; the daemon calls this",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(_ *cobra.Command, args []string) error { return daemon.ServePlugin(args[0]) },
	}
}
