package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

func newEventsDiscardCommand(r *remote) *cobra.Command {
	var body operator.Discard
	many := bulk{verb: "discard", done: "discarded"}
	cmd := &cobra.Command{
		Use:   "discard (ID | --phase PHASE …) [--yes]",
		Short: "End what is left of events for good, without an answer",
		Long: `Discard ends what is left of an event: deliveries that wait or are to be tried
again are skipped, and its caller is told nothing more. An event that has no
verdict yet never gets one: it is "discarded", its lane goes on, it can't be
replayed, and a repeat of it runs nothing. A settled event stays settled; only what
was left of it ends, its callback included. An attempt that is under way can't be
called off: its outcome is recorded, and nothing follows from it.

To have the caller told that it failed, use "events resolve ID --failure" instead.

Without --yes it only shows what it would do. ` + bulkHelp("discarded") + `

` + remoteExitCodes + bulkExitCodes,
		Example: `  signalbox events discard 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11      # what would be done?
  signalbox events discard 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11 --yes --reason "a test order"
  signalbox events discard --source appdirect.staging --unfinished --yes`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.Flags().StringVar(&body.Reason, "reason", "", "a text for who looks at the event later")
	many.flags(cmd)
	many.try = func(ctx context.Context, c *operator.Client, e *operator.Event, preview bool) (deliveries, warnings []string, err error) {
		asked := body
		asked.Preview = preview
		answer, err := c.Discard(ctx, e.ID, asked)
		if err != nil {
			return nil, nil, err
		}
		return answer.Deliveries, answer.Warnings, nil
	}
	cmd.RunE = many.either(r, func(cmd *cobra.Command, id string) error {
		body.Preview = !many.yes
		return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*operator.Discarded, error) {
			return c.Discard(ctx, id, body)
		}, func(w io.Writer, done *operator.Discarded) {
			warn(cmd.ErrOrStderr(), done.Warnings)
			ended := strings.Join(done.Deliveries, ", ")
			if ended == "" {
				ended = "no delivery"
			}
			if body.Preview {
				fmt.Fprintf(w, "It would end: %s.\n%s\n", clean(ended, ""), nothingDone)
				return
			}
			fmt.Fprintf(w, "Discarded; ended: %s. See it: signalbox events show %s\n", clean(ended, ""), clean(id, ""))
		})
	})
	return cmd
}
