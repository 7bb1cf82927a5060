package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/daemon/routes"
)

// What a dry run looks back at: enough to see what a change does, and a second's
// work.
const (
	rehearsalLimit = 1000
	rehearsalDays  = 7
)

// rehearsal is what -o json shows of a dry run.
type rehearsal struct {
	operator.DryRun
	// Backtest has no events, only their number.
	Backtest *routes.Backtest `json:"backtest,omitempty"`

	rewritten bool // the routes are not written as they are in force
}

// rehearse says what a reload would do.
func rehearse(cmd *cobra.Command, r *remote, body operator.Reload) error {
	ctx, client := cmd.Context(), operator.Dial(r.socket)
	run, err := client.DryRun(ctx, body)
	if err != nil {
		return &exit{exitUsage, errors.New(clean(err.Error(), ""))}
	}
	report := &rehearsal{DryRun: *run}
	since := time.Now().AddDate(0, 0, -rehearsalDays)
	if run.Plan != nil {
		if err = report.lookBack(ctx, client, run.Plan, since); err != nil {
			return &exit{exitUsage, err}
		}
		report.Plan = nil // whoever wants the routes has the file
	}
	if r.form == "json" {
		err = writeJSON(cmd.OutOrStdout(), report)
	} else {
		writeText(cmd.ErrOrStderr(), run.Text)
		var page bytes.Buffer
		writeRehearsal(&page, report, since)
		_, err = page.WriteTo(cmd.OutOrStdout())
	}
	switch {
	case err != nil:
		return err
	case run.Refused != "":
		return &exit{exitUsage, errors.New("a reload would be refused: " + clean(run.Refused, ""))}
	case !run.Changes.Empty() || report.Backtest.Changed > 0:
		return &exit{code: exitNo}
	}
	return nil
}

// lookBack compares what is in force with what would be.
func (r *rehearsal) lookBack(ctx context.Context, client *operator.Client, next *operator.Plan, since time.Time) error {
	told, err := client.Plan(ctx)
	if err != nil {
		return err
	}
	now, err := routes.PlanOf(told)
	if err != nil {
		return err
	}
	then, err := routes.PlanOf(next)
	if err != nil {
		return err
	}
	r.rewritten = told.Digest != next.Digest
	r.Backtest = routes.NewBacktest(now, then, 0)
	return r.Backtest.Run(ctx, client, operator.Filter{Since: since}, rehearsalLimit)
}

func writeRehearsal(w io.Writer, r *rehearsal, since time.Time) {
	if r.Changes == nil {
		return // why is said where the refusal is
	}
	switch {
	case r.Changes.Empty() && r.rewritten:
		fmt.Fprintln(w, "A reload would change nothing but comments, layout, and where routes stand.")
	case r.Changes.Empty():
		fmt.Fprintln(w, "A reload would change nothing.")
	default:
		if r.Refused == "" {
			fmt.Fprintln(w, "A reload would go through. It would change")
		} else {
			fmt.Fprintln(w, "It would change")
		}
		writeChanges(w, r.Changes)
	}
	fmt.Fprintln(w)
	writeBacktest(w, r.Backtest, since, "There are older ones; signalbox routes backtest CONFIG --limit 0 compares them all.")
	if r.Backtest.Changed > 0 {
		fmt.Fprintln(w, "What would change for them: signalbox routes backtest CONFIG")
	}
}

func writeChanges(w io.Writer, c *operator.Changes) {
	t := table(w)
	for _, part := range []struct {
		kind string
		list []operator.Change
	}{{"setting", c.Settings}, {"source", c.Sources}, {"plugin", c.Plugins}, {"value", c.Variables}, {"route", c.Routes}} {
		for _, change := range part.list {
			row(t, "  "+part.kind, change.Name, change.Change+inParentheses(change.What))
		}
	}
	t.Flush()
	if len(c.Starts) > 0 {
		fmt.Fprintf(w, "Plugins that would get a new process: %s.\n", clean(strings.Join(c.Starts, ", "), ""))
	}
	if len(c.Keeps) > 0 {
		fmt.Fprintf(w, "Plugins that would keep theirs: %s.\n", clean(strings.Join(c.Keeps, ", "), ""))
	}
}
