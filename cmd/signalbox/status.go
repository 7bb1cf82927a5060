package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

func newStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how the daemon is",
		Long: `Status shows the daemon's version and configuration, its plugins and sources, and
how much work is unfinished.

Exit codes: 0 it is ready; 1 it is not; 2 wrong arguments, or no daemon answers.`,
		Example: `  signalbox status
  signalbox status -o json | jq .events.held`,
		Args: cobra.NoArgs,
	}
	r := newRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var status *operator.Status
		err := ask(cmd, r, func(ctx context.Context, c *operator.Client) (_ *operator.Status, err error) {
			status, err = c.Status(ctx)
			return status, err
		}, writeStatus)
		if err != nil {
			return err
		}
		if !status.Ready {
			return &exit{exitNo, errors.New("not ready: " + clean(status.NotReady, ""))}
		}
		return nil
	}
	return cmd
}

func writeStatus(w io.Writer, s *operator.Status) {
	state := "ready"
	if !s.Ready {
		state = "not ready: " + s.NotReady
	}
	t := table(w)
	row(t, "state", state)
	row(t, "version", s.Version)
	row(t, "configuration", s.Config)
	row(t, "plan", s.Plan)
	row(t, "started", stamp(s.Started))
	row(t, "events", fmt.Sprintf("%d unfinished, %d held", s.Events.Unfinished, s.Events.Held))
	t.Flush()
	fmt.Fprintln(w)
	t = table(w)
	row(t, "SOURCE", "PATH")
	for _, source := range s.Sources {
		row(t, source.Name, source.Path)
	}
	t.Flush()
	fmt.Fprintln(w)
	writePlugins(w, s.Plugins)
}

func writePlugins(w io.Writer, plugins []operator.Plugin) {
	t := table(w)
	row(t, "PLUGIN", "VERSION", "STATE", "SINCE", "PID", "RESTARTS", "LAST ERROR")
	for _, p := range plugins {
		pid := ""
		if p.PID != 0 {
			pid = strconv.Itoa(p.PID)
		}
		row(t, p.Name, p.Version, p.State, stamp(p.Since), pid, strconv.Itoa(p.Restarts), p.LastError)
	}
	t.Flush()
}
