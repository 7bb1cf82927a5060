package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Exit codes, the same for every command.
const (
	exitOK    = 0
	exitNo    = 1 // it was tried, and the answer is no
	exitUsage = 2 // it could not be tried: wrong arguments, a bad configuration, no daemon
)

// exit is an error with an exit code. A nil err means that all has been said.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return "failed"
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// exitCode shows what is left to show, and gives the code that says it.
func exitCode(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	var e *exit
	if errors.As(err, &e) {
		if e.err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), "signalbox:", e.err)
		}
		return e.code
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "signalbox:", err)
	return exitUsage
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "signalbox",
		Short: "Route marketplace and billing events to plugins, and lose none",
		Long: `signalbox takes in events of marketplaces (AppDirect) and billing systems
(SubscriptionBridge), writes them down before it acts, routes them by rules to
plugins, retries what fails, and gives each caller the one answer that its
protocol wants.

Exit codes: 0 it worked; 1 it was tried and the answer is no; 2 it could not be
tried (wrong arguments, a bad configuration, no daemon).`,
		Example: `  signalbox sandbox                    see the whole thing work, no account needed
  signalbox validate config.hcl        check a configuration
  signalbox run config.hcl             serve
  signalbox events list                what came in, and what became of it`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		newRunCommand(), newValidateCommand(), newSandboxCommand(), newSimulateCommand(),
		newEventsCommand(), newPluginsCommand(), newStatusCommand(), newReloadCommand(),
		newFmtCommand(), newSchemaCommand(), newRoutesCommand(), newTestCommand(), newBenchCommand(), newVersionCommand(), newPluginServeCommand(),
	)
	return root
}

// newLog writes for people on a terminal, and JSON for everybody else.
func newLog(w io.Writer) zerolog.Logger {
	if isTerminal(w) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(w).With().Timestamp().Logger()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminal gives the width of w, and whether it takes colours.
func terminal(w io.Writer) (width int, color bool) {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(w) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 80
	}
	return width, os.Getenv("NO_COLOR") == ""
}
