package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

func newEventsReplayCommand(r *remote) *cobra.Command {
	var body operator.Replay
	many := bulk{verb: "replay", done: "replayed"}
	cmd := &cobra.Command{
		Use:   "replay (ID | --phase PHASE … [--yes])",
		Short: "Run deliveries of held or settled events again",
		Long: `Replay runs again what did not succeed, or the deliveries named. A held event
gets its verdict from it. A settled one keeps the verdict that it has: its
effects may change, but the marketplace can't be told anew.

A delivery whose result is unknown is called again with the same idempotency key
and the same input, so that it takes effect once. --fresh-key gives it a new key:
it may have run, and can then take effect twice.

With an ID it begins at once. ` + bulkHelp("replayed") + `

` + remoteExitCodes + bulkExitCodes,
		Example: `  signalbox events replay 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11
  signalbox events replay 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11 --delivery order/company
  signalbox events replay 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11 --fresh-key
  signalbox events replay --phase held --since 2h              # what would be done?
  signalbox events replay --phase held --since 2h --yes        # do it
  signalbox events replay --type SUBSCRIPTION_ORDER --since 7d --delivery order/company --yes`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.Flags().StringArrayVar(&body.Deliveries, "delivery", nil, "only this one, by its name `route/name`; may be repeated")
	cmd.Flags().BoolVar(&body.FreshKey, "fresh-key", false, "give new idempotency keys to deliveries that may have run")
	many.flags(cmd)
	many.try = func(ctx context.Context, c *operator.Client, e *operator.Event, preview bool) (deliveries, warnings []string, err error) {
		asked := body
		asked.Preview = preview
		answer, err := c.Replay(ctx, e.ID, asked)
		if err != nil {
			return nil, nil, err
		}
		return answer.Deliveries, answer.Warnings, nil
	}
	cmd.RunE = many.either(r, func(cmd *cobra.Command, id string) error {
		return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*operator.Replayed, error) {
			return c.Replay(ctx, id, body)
		}, func(w io.Writer, done *operator.Replayed) {
			warn(cmd.ErrOrStderr(), done.Warnings)
			fmt.Fprintf(w, "Replayed. See what becomes of it: signalbox events show %s\n", clean(id, ""))
		})
	})
	return cmd
}

// warn shows warnings.
func warn(w io.Writer, warnings []string) {
	for _, warning := range warnings {
		fmt.Fprintln(w, "Warning:", clean(warning, ""))
	}
}
