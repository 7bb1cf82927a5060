package main

import (
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/daemon/bench"
)

// newPluginServeCommand is how the daemon starts a bundled plugin: this binary
// again, as a process of its own. The plugin of bench is one that only bench
// asks for.
func newPluginServeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "plugin-serve NAME",
		Short:  "Serve a bundled plugin; the daemon calls this",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == bench.PluginName {
				bench.ServePlugin()
				return nil
			}
			return daemon.ServePlugin(args[0])
		},
	}
}
