package main

import (
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon"
)

func newValidateCommand() *cobra.Command {
	var asJSON, strict bool
	variables := variables{}
	cmd := &cobra.Command{
		Use:   "validate [CONFIG]",
		Short: "Check a configuration as a start would",
		Long: `Validate loads a configuration as run would: it starts the plugins to learn
what they can do, has them check their own blocks, and ends them again. Nothing
is configured, opened or changed.

Exit codes: 0 no error; 1 warnings, with --strict; 2 errors.`,
		Example: `  signalbox validate config.hcl
  signalbox validate --json /etc/signalbox/conf.d`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := configPath(args)
			log := zerolog.New(zerolog.ConsoleWriter{Out: cmd.ErrOrStderr()}).Level(zerolog.WarnLevel)
			diags, err := daemon.Validate(cmd.Context(), path, variables, log)
			if err != nil {
				return &exit{exitUsage, err}
			}
			out := cmd.OutOrStdout()
			if asJSON {
				fmt.Fprintf(out, "%s\n", diags.JSON())
			} else {
				showDiagnostics(cmd)(diags)
			}
			switch {
			case diags.HasErrors():
				return &exit{code: exitUsage}
			case diags.Len() > 0 && strict:
				return &exit{code: exitNo}
			}
			if !asJSON {
				fmt.Fprintf(out, "%s is valid.\n", path)
			}
			return nil
		},
	}
	variables.flag(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the diagnostics as a JSON array")
	cmd.Flags().BoolVar(&strict, "strict", false, "exit 1 if there are warnings")
	return cmd
}

// showDiagnostics writes them to standard error, as wide as the terminal is.
func showDiagnostics(cmd *cobra.Command) func(*daemon.Diagnostics) {
	return func(d *daemon.Diagnostics) {
		w := cmd.ErrOrStderr()
		width, color := terminal(w)
		if err := d.Write(w, color, width); err != nil {
			fmt.Fprintln(w, "signalbox:", err)
		}
	}
}
