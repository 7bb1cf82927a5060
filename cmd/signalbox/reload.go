package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

func newReloadCommand() *cobra.Command {
	var body operator.Reload
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Have the daemon load its configuration again",
		Long: `Reload has the daemon load its configuration, check it, start new plugins, and
only then put all of it in force. A configuration with errors changes nothing, and
reload says why. Events in flight keep the plan that they began with.

` + remoteExitCodes,
		Example: `  signalbox reload
  signalbox reload --force        let go of removed plugins that still owe work`,
		Args: cobra.NoArgs,
	}
	r := newRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*operator.Reloaded, error) {
			return c.Reload(ctx, body)
		}, func(w io.Writer, done *operator.Reloaded) {
			writeText(cmd.ErrOrStderr(), done.Text)
			fmt.Fprintln(w, "Reloaded.")
		})
	}
	cmd.Flags().BoolVar(&body.Force, "force", false, "also if sources or plugins that go still owe work: it will be held")
	return cmd
}
