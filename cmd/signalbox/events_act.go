package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

func newEventsReplayCommand(r *remote) *cobra.Command {
	var body operator.Replay
	cmd := &cobra.Command{
		Use:   "replay ID",
		Short: "Run deliveries of a held or settled event again",
		Long: `Replay runs again what did not succeed, or the deliveries named. A held event
gets its verdict from it. A settled one keeps the verdict that it has: its
effects may change, but the marketplace can't be told anew.

A delivery whose result is unknown is called again with the same idempotency key
and the same input, so that it takes effect once. --fresh-key gives it a new key:
it may have run, and can then take effect twice.

` + remoteExitCodes,
		Example: `  signalbox events replay 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11
  signalbox events replay 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11 --delivery order/company
  signalbox events replay 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11 --fresh-key`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*operator.Replayed, error) {
				return c.Replay(ctx, args[0], body)
			}, func(w io.Writer, done *operator.Replayed) {
				for _, warning := range done.Warnings {
					fmt.Fprintln(cmd.ErrOrStderr(), "Warning:", clean(warning, ""))
				}
				fmt.Fprintf(w, "Replayed. See what becomes of it: signalbox events show %s\n", clean(args[0], ""))
			})
		},
	}
	cmd.Flags().StringArrayVar(&body.Deliveries, "delivery", nil, "only this one, by its name `route/name`; may be repeated")
	cmd.Flags().BoolVar(&body.FreshKey, "fresh-key", false, "give new idempotency keys to deliveries that may have run")
	return cmd
}

func newEventsResolveCommand(r *remote) *cobra.Command {
	var success, failure bool
	var message string
	set := map[string]json.RawMessage{}
	cmd := &cobra.Command{
		Use:   "resolve ID (--success | --failure)",
		Short: "Give a held event its verdict",
		Long: `Resolve ends a held event with a verdict of yours; its caller is told. The verdict
can't be changed afterwards.

` + remoteExitCodes,
		Example: `  signalbox events resolve 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11 --success --set accountIdentifier=cus_81
  signalbox events resolve 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11 --failure --message "Please order again."`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := operator.Resolve{Verdict: "success", Message: message, Set: set}
			if failure {
				body.Verdict = "failure"
			}
			return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*operator.Resolved, error) {
				return c.Resolve(ctx, args[0], body)
			}, func(w io.Writer, done *operator.Resolved) {
				fmt.Fprintf(w, "Settled: %s. See what its caller is told: signalbox events show %s\n", clean(verdictCell(&done.Verdict), ""), clean(args[0], ""))
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&success, "success", false, "it is done")
	flags.BoolVar(&failure, "failure", false, "it will not be done")
	flags.StringVar(&message, "message", "", "a text that the marketplace's customer may read")
	flags.Func("set", "a reply attribute of a success, `name=value`; may be repeated", func(text string) error {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return fmt.Errorf("it is name=value, as in accountIdentifier=cus_81")
		}
		encoded, err := json.Marshal(value)
		set[name] = encoded
		return err
	})
	cmd.MarkFlagsMutuallyExclusive("success", "failure")
	cmd.MarkFlagsOneRequired("success", "failure")
	cmd.MarkFlagsMutuallyExclusive("failure", "set")
	return cmd
}
