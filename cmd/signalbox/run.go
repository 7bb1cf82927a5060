package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon"
)

const defaultConfig = "/etc/signalbox/config.hcl"

func newRunCommand() *cobra.Command {
	variables := variables{}
	cmd := &cobra.Command{
		Use:   "run [CONFIG]",
		Short: "Serve, until told to stop",
		Long: `Run loads the configuration (a file, or a directory of *.hcl files; by default
` + defaultConfig + `), starts its plugins, takes up every unfinished event, and
serves. SIGHUP reloads; SIGTERM drains and exits 0 within shutdown_timeout.
The log goes to standard error: for people on a terminal, JSON otherwise.`,
		Example: `  signalbox run config.hcl
  signalbox run /etc/signalbox/conf.d`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			show := showDiagnostics(cmd)
			if !isTerminal(cmd.ErrOrStderr()) {
				show = nil // the log is JSON lines, and nothing else goes there
			}
			log := newLog(cmd.ErrOrStderr())
			daemon.TuneGC()
			err := daemon.Run(cmd.Context(), daemon.Options{ConfigPath: configPath(args), Variables: variables, Log: log, Version: version()}, hangup, show)
			var bad *daemon.ConfigError
			switch {
			case errors.As(err, &bad):
				return &exit{code: exitUsage}
			case err != nil && show == nil:
				log.Error().Err(err).Msg("the daemon can't go on")
				return &exit{code: exitNo}
			case err != nil:
				return &exit{exitNo, err}
			}
			return nil
		},
	}
	variables.flag(cmd)
	return cmd
}

func configPath(args []string) string {
	if len(args) == 0 {
		return defaultConfig
	}
	return args[0]
}
