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
