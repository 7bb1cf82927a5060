package main

import (
	"context"
	"errors"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/sandbox"
)

func newSandboxCommand() *cobra.Command {
	var keep, verbose bool
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "See the whole thing work on this machine, without an account anywhere",
		Long: `Sandbox runs the daemon, its plugins as processes of their own, a simulated
marketplace, and stand-ins for Stripe, HubSpot and a mail server; then it plays
a customer's life, and prints what was sent, which routes matched, what each
delivery came to, and what the caller was told. At last it has things go wrong: a
delivery that holds up its account's other events, a plugin that is killed, and a
failure that an operator is mailed about and repairs as the mail says.

Exit codes: 0 every event ended as it should; 1 one did not.`,
		Example: `  signalbox sandbox
  signalbox sandbox --keep     leave it serving, and say what to try next`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := zerolog.Nop()
			if verbose {
				log = newLog(cmd.ErrOrStderr())
			}
			err := sandbox.Play(cmd.Context(), sandbox.Options{Out: cmd.OutOrStdout(), Log: log, Version: version(), Keep: keep})
			switch {
			case errors.Is(err, context.Canceled):
				return nil
			case errors.Is(err, sandbox.ErrShow):
				return &exit{code: exitNo}
			case err != nil:
				return &exit{exitNo, err}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "leave everything serving after the show")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show the daemon's log")
	return cmd
}
