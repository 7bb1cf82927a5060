package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

func newPluginsCommand() *cobra.Command {
	cmd := newGroup("plugins", "See the plugins, their processes, and what they take", `Plugins shows the plugins of a running daemon, and what a plugin takes and does.`)
	r := newRemote(cmd)
	cmd.AddCommand(newPluginsListCommand(r), newPluginsDescribeCommand(r))
	return cmd
}

func newPluginsListCommand(r *remote) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the plugins and how they are",
		Long: `List shows each plugin, whether its process is up, and what its last error was.

` + remoteExitCodes,
		Example: `  signalbox plugins list
  signalbox plugins list -o json | jq -r '.[] | select(.state != "running") | .name'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*[]operator.Plugin, error) {
				status, err := c.Status(ctx)
				if err != nil {
					return nil, err
				}
				return &status.Plugins, nil
			}, func(w io.Writer, plugins *[]operator.Plugin) { writePlugins(w, *plugins) })
		},
	}
}
