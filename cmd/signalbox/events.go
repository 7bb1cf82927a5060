package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/daemon/routes"
)

func newEventsCommand() *cobra.Command {
	cmd := newGroup("events", "See what came in, what became of it, and act on it", `Events shows the events in the journal of a running daemon, and has work on them
done again or ended.

`+remoteExitCodes)
	r := newRemote(cmd)
	cmd.AddCommand(newEventsListCommand(r), newEventsShowCommand(r), newEventsTailCommand(r), newEventsReplayCommand(r), newEventsResolveCommand(r), newEventsRetryCommand(r), newEventsDiscardCommand(r))
	return cmd
}

func newEventsListCommand(r *remote) *cobra.Command {
	var filter operator.Filter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List events, newest first",
		Long: `List shows one line for each event: what it is, how far it has come (phase), what
all its deliveries came to (verdict), and what its caller was told. A success with
"(no route)" is an event that no route took, of a source that accepts such.

` + remoteExitCodes,
		Example: `  signalbox events list
  signalbox events list --phase held
  signalbox events list --source appdirect.acme --type SUBSCRIPTION_ORDER --since 24h
  signalbox events list --unfinished -o json | jq -r '.events[].id'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*operator.Events, error) {
				return c.Events(ctx, filter)
			}, func(w io.Writer, page *operator.Events) {
				writeEvents(w, page.Events)
				if len(page.Events) == 0 {
					hintEvents(cmd, r, filter)
				}
				if page.Next != "" {
					fmt.Fprintf(cmd.ErrOrStderr(), "There are older ones: --before %s\n", clean(page.Next, ""))
				}
			})
		},
	}
	selecting(cmd, &filter)
	standing(cmd, &filter)
	flags := cmd.Flags()
	flags.StringVar(&filter.Before, "before", "", "only those older than the event of this `id`")
	flags.IntVar(&filter.Limit, "limit", 0, fmt.Sprintf("at most so many, up to %d (default 100)", operator.MaxLimit))
	return cmd
}

// selecting adds the flags that say which events are meant.
func selecting(cmd *cobra.Command, filter *operator.Filter) {
	flags := cmd.Flags()
	flags.Func("source", "only this `source`: appdirect.acme", func(name string) error {
		filter.Source = routes.SourceName(name)
		return nil
	})
	flags.StringVar(&filter.Type, "type", "", "only this type: SUBSCRIPTION_ORDER")
	flags.StringVar(&filter.Lane, "lane", "", "only this lane")
}

// standing adds the flags that say how far the events meant have come, and since
// when.
func standing(cmd *cobra.Command, filter *operator.Filter) {
	flags := cmd.Flags()
	flags.StringVar(&filter.Phase, "phase", "", "only this phase: "+strings.Join(operator.Phases(), ", "))
	flags.BoolVar(&filter.Unfinished, "unfinished", false, "only those with something left to do")
	flags.Func("since", "only those received since then: a time, or how long ago (30m, 24h, 7d)", sets(&filter.Since))
	flags.Func("until", "only those received before then", sets(&filter.Until))
}

func sets(t *time.Time) func(string) error {
	return func(text string) (err error) {
		*t, err = moment(text, time.Now())
		return err
	}
}

// moment reads a time, the beginning of a day where the reader is, or how long
// ago it was.
func moment(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return t, nil
	}
	if days, found := strings.CutSuffix(text, "d"); found {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return time.Time{}, errors.New("it is a time like 2026-03-01T12:00:00Z, a day like 2026-03-01, or how long ago: 30m, 24h, 7d")
	}
	return now.Add(-ago), nil
}

func writeEvents(w io.Writer, events []operator.Event) {
	if len(events) == 0 {
		fmt.Fprintln(w, "No events.")
		return
	}
	t := table(w)
	row(t, "ID", "RECEIVED", "SOURCE", "TYPE", "FLAG", "LANE", "PHASE", "VERDICT", "TOLD")
	for i := range events {
		e := &events[i]
		row(t, e.ID, stamp(e.Received), e.Source, e.Type, e.Flag, e.Lane, e.Phase, verdictOf(e), toldCell(e))
	}
	t.Flush()
}

// hintEvents says what there is of, where a source or a type has no events. What
// can't be had is not said: the answer stands without.
func hintEvents(cmd *cobra.Command, r *remote, filter operator.Filter) {
	if filter.Source == "" && filter.Type == "" {
		return
	}
	client := operator.Dial(r.socket)
	if status, err := client.Status(cmd.Context()); err == nil && filter.Source != "" {
		names := []string{router.SourceSelf}
		for _, s := range status.Sources {
			names = append(names, s.Name)
		}
		if !slices.Contains(names, filter.Source) {
			slices.Sort(names)
			fmt.Fprintf(cmd.ErrOrStderr(), "The daemon has no source %s; it has %s.\n", clean(filter.Source, ""), clean(strings.Join(names, ", "), ""))
			return
		}
	}
	newest, err := client.Events(cmd.Context(), operator.Filter{Source: filter.Source})
	if err != nil || filter.Type == "" {
		return
	}
	var types []string
	for i := range newest.Events {
		if t := newest.Events[i].Type; t != "" && !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	if len(types) > 0 && !slices.Contains(types, filter.Type) {
		slices.Sort(types)
		fmt.Fprintf(cmd.ErrOrStderr(), "The newest events are of the types %s.\n", clean(strings.Join(types, ", "), ""))
	}
}

// verdictOf marks the success of an event that no route took, and that is a
// success only since its source accepts such events.
func verdictOf(e *operator.Event) string {
	cell := verdictCell(e.Verdict)
	if e.Verdict != nil && e.Verdict.Kind == "success" && len(e.Routes) == 0 && e.Flag != "STATELESS" {
		cell += " (no route)"
	}
	return cell
}

func verdictCell(v *operator.Verdict) string {
	switch {
	case v == nil:
		return ""
	case v.Code != "":
		return v.Kind + " (" + v.Code + ")"
	}
	return v.Kind
}

// toldCell says what the caller has heard: in the response, and by callback.
func toldCell(e *operator.Event) string {
	if e.Callback != nil {
		return e.Told + ", callback " + e.Callback.Status
	}
	return e.Told
}
