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
	var dry bool
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Have the daemon load its configuration again",
		Long: fmt.Sprintf(`Reload has the daemon load its configuration, check it, start new plugins, and
only then put all of it in force. A configuration with errors changes nothing, and
reload says why. Events in flight keep the plan that they began with.

With --dry-run nothing is put in force: the daemon loads and checks all as it
would, plugins that have changed are started, configured and ended again (where
email is to put mails into a Maildir, that is made if it is not there), and it is
told whether a reload would go through, what it would change, which plugins would
be started anew, and what the new routes would have made of the last %d events
of the past %d days (routes backtest says it event by event).

%s With --dry-run: 0 it would go through and change nothing; 1 it would go
through and change something; 2 it would be refused, or no daemon answers.`,
			rehearsalLimit, rehearsalDays, remoteExitCodes),
		Example: `  signalbox reload
  signalbox reload --dry-run      say what would change, and change nothing
  signalbox reload --force        let go of removed plugins that still owe work`,
		Args: cobra.NoArgs,
	}
	r := newRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if dry {
			return rehearse(cmd, r, body)
		}
		return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*operator.Reloaded, error) {
			return c.Reload(ctx, body)
		}, func(w io.Writer, done *operator.Reloaded) {
			writeText(cmd.ErrOrStderr(), done.Text)
			if done.Unchanged {
				fmt.Fprintln(w, "Reloaded: the configuration is as it was.")
				return
			}
			fmt.Fprintln(w, "Reloaded.")
		})
	}
	cmd.Flags().BoolVar(&body.Force, "force", false, "also if sources or plugins that go still owe work: it then waits")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would change")
	return cmd
}
