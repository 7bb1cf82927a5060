package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

func newEventsRetryCommand(r *remote) *cobra.Command {
	many := bulk{verb: "retry", done: "retried"}
	cmd := &cobra.Command{
		Use:   "retry (ID | --unfinished … [--yes])",
		Short: "Do now what waits for its next try",
		Long: `Retry does now what an event would do by itself later: deliveries that wait for
their next attempt, the fetch of an event that could not be fetched, the callback
with its answer. A callback that was refused or given up is sent again, and its
time begins anew. It is what to do once the cause is mended, a secret at the
marketplace say.

What waits for its turn in its lane is tried as soon as that comes; what waits for
a plugin that is down still waits. To run again what has ended, see "events
replay".

With an ID it begins at once. ` + bulkHelp("retried") + `

` + remoteExitCodes + bulkExitCodes,
		Example: `  signalbox events retry 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11
  signalbox events retry --unfinished --source appdirect.acme        # what would be done?
  signalbox events retry --unfinished --source appdirect.acme --yes  # do it
  signalbox events retry --phase settled --since 3d --yes            # callbacks that were given up`,
		Args: cobra.MaximumNArgs(1),
	}
	many.flags(cmd)
	many.try = func(ctx context.Context, c *operator.Client, e *operator.Event, preview bool) (deliveries, warnings []string, err error) {
		answer, err := c.Retry(ctx, e.ID, operator.Retry{Preview: preview})
		if err != nil {
			return nil, nil, err
		}
		return retried(answer), answer.Warnings, nil
	}
	cmd.RunE = many.either(r, func(cmd *cobra.Command, id string) error {
		return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*operator.Retried, error) {
			return c.Retry(ctx, id, operator.Retry{})
		}, func(w io.Writer, done *operator.Retried) {
			warn(cmd.ErrOrStderr(), done.Warnings)
			fmt.Fprintf(w, "Tried now: %s. See what becomes of it: signalbox events show %s\n", clean(strings.Join(retried(done), ", "), ""), clean(id, ""))
		})
	})
	return cmd
}

// retried names what is tried.
func retried(r *operator.Retried) (names []string) {
	if r.Fetch {
		names = append(names, "the fetch")
	}
	names = append(names, r.Deliveries...)
	if r.Callback {
		names = append(names, "the callback")
	}
	return names
}
