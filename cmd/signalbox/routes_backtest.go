package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/daemon/routes"
)

// What a back-test looks at unless it is told otherwise.
const (
	backtestSince = 7 * 24 * time.Hour
	backtestLimit = 10_000
	backtestShow  = 100
)

// backtest is a comparison of the routes in force with others.
type backtest struct {
	remote    *remote
	config    string // the configuration to compare with; "" is the daemon's
	filter    operator.Filter
	limit     int
	show      int
	variables variables
}

func newRoutesBacktestCommand() *cobra.Command {
	b := &backtest{filter: operator.Filter{Since: time.Now().Add(-backtestSince)}, variables: variables{}}
	cmd := &cobra.Command{
		Use:   "backtest NEW",
		Short: "Say what another configuration would make of the events of the past",
		Long: `Backtest asks the routes of a new configuration, and those that the daemon has in
force, what they make of the events in its journal: how many each route takes,
and then, for each event that would have another fate, the deliveries that are
gained or lost, the inputs and the reply attributes that differ, and whether it
would newly fail or be taken by no route. Values that are sensitive are only said
to differ. Nothing is called and nothing is written.

Both are evaluated in the same way. Where a delivery has succeeded, those that
depend on it see the output that it gave; where it has not, what depends on it is
compared by its expression, with the values of the locals, variables and files
that it names. Of a rejection, the code that the caller is told is compared.
Throttles, timeouts and retries are not.

The events come from a running daemon, as all that reads the journal does.

Exit codes: 0 no event would have another fate; 1 some would; 2 it can't be said:
no event matches, a configuration has an error, or no daemon answers.`,
		Example: `  signalbox routes backtest new.hcl
  signalbox routes backtest new.hcl --since 36h --type SUBSCRIPTION_ORDER
  signalbox routes backtest new.hcl --config old.hcl    compare these two, on the daemon's events
  signalbox routes backtest new.hcl -o json | jq -r '.events[].id'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return b.run(cmd, args[0]) },
	}
	b.remote = newRemote(cmd)
	b.variables.flag(cmd)
	f := cmd.Flags()
	f.StringVarP(&b.config, "config", "c", "", "the configuration to compare with (default: what the daemon has in force)")
	f.Func("source", "only this `source`: appdirect.acme, or signalbox for failures", func(name string) error {
		b.filter.Source = routes.SourceName(name)
		return nil
	})
	f.StringVar(&b.filter.Type, "type", "", "only this type: SUBSCRIPTION_ORDER")
	f.Func("since", "only events received since then: a time, a day, or how long ago (default 7d)", sets(&b.filter.Since))
	f.Func("until", "only events received before then", sets(&b.filter.Until))
	f.IntVar(&b.limit, "limit", backtestLimit, "at most so many events, the newest; 0 is all")
	f.IntVar(&b.show, "show", backtestShow, "show at most so many of the events that change")
	return cmd
}

func (b *backtest) run(cmd *cobra.Command, path string) error {
	if b.limit < 0 || b.show < 0 {
		return errors.New("--limit and --show can't be negative")
	}
	ctx, client := cmd.Context(), operator.Dial(b.remote.socket)
	fresh, err := openRoutes(ctx, cmd, path, b.variables)
	if err != nil {
		return err
	}
	now, err := b.present(ctx, cmd, client)
	if err != nil {
		return err
	}
	next := fresh.Plan()
	if differ := now.DifferingVariables(next); len(differ) > 0 && b.config == "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "The daemon has another value of %s. If it is given it by --var or by its environment, say it here too: --var NAME=VALUE.\n", clean(strings.Join(differ, ", "), ""))
	}
	report := routes.NewBacktest(now, next, b.show)
	if err := report.Run(ctx, client, b.filter, b.limit); err != nil {
		return &exit{exitUsage, err}
	}
	if report.Seen() == 0 && !report.Knows(b.filter.Source) {
		return &exit{exitUsage, fmt.Errorf("--source: neither a configuration nor the journal has a source %q", b.filter.Source)}
	}
	if b.remote.form == "json" {
		err = writeJSON(cmd.OutOrStdout(), report)
	} else {
		var page bytes.Buffer
		writeBacktest(&page, report, b.filter.Since, "There are older ones; --limit says how many are compared.")
		if more := report.Changed - len(report.Events); more > 0 {
			fmt.Fprintf(&page, "\n… and %s that would change: --show %d shows them all.\n", number(more, "more event"), report.Changed)
		}
		_, err = page.WriteTo(cmd.OutOrStdout())
	}
	switch {
	case err != nil:
	case report.Compared == 0:
		err = &exit{code: exitUsage} // the page says why
	case report.Changed > 0:
		err = &exit{code: exitNo}
	}
	return err
}

// present is what the new configuration is compared with.
func (b *backtest) present(ctx context.Context, cmd *cobra.Command, client *operator.Client) (*routes.Plan, error) {
	if b.config != "" {
		old, err := openRoutes(ctx, cmd, b.config, b.variables)
		if err != nil {
			return nil, err
		}
		return old.Plan(), nil
	}
	told, err := client.Plan(ctx)
	if err != nil {
		return nil, &exit{exitUsage, err}
	}
	return routes.PlanOf(told)
}

// writeBacktest shows how many events each route takes, and then what changes. It
// says older where not all events since then are compared.
func writeBacktest(w io.Writer, b *routes.Backtest, since time.Time, older string) {
	if b.Compared == 0 {
		fmt.Fprintf(w, "No event since %s matches: nothing can be said.\n", stamp(since))
	} else {
		fmt.Fprintf(w, "%s since %s compared: %s would change.\n", number(b.Compared, "event"), stamp(since), countOf(b.Changed, "none"))
	}
	if b.Limited {
		fmt.Fprintln(w, older)
	}
	for _, s := range []struct {
		n    int
		text string
	}{
		{b.Skipped.Emptied, "skipped: the payload is past its retention, and deleted"},
		{b.Skipped.Unfetched, "skipped: not fetched yet"},
		{b.Failing, "would newly fail or be held"},
		{b.Unrouted, "would newly be taken by no route"},
	} {
		if s.n > 0 {
			fmt.Fprintf(w, "%s %s.\n", number(s.n, "event"), s.text)
		}
	}
	writeRouteCounts(w, b.Routes)
	for i := range b.Events {
		writeDifference(w, &b.Events[i])
	}
}

func countOf(n int, none string) string {
	if n == 0 {
		return none
	}
	return fmt.Sprint(n)
}

// fewRoutes are as many as a screen shows at a glance.
const fewRoutes = 20

// writeRouteCounts shows how many events each route takes; of many routes, only
// of those that would take others.
func writeRouteCounts(w io.Writer, all []routes.RouteCount) {
	shown := slices.Clone(all)
	if len(all) > fewRoutes {
		shown = slices.DeleteFunc(shown, func(c routes.RouteCount) bool { return c.Change == "" && c.Gained+c.Lost == 0 })
	}
	if len(shown) > 0 {
		fmt.Fprintln(w)
		t := table(w)
		row(t, "ROUTE", "NOW", "NEW", "GAINED", "LOST", "CHANGE")
		for _, c := range shown {
			row(t, c.Name, fmt.Sprint(c.Now), fmt.Sprint(c.New), countOf(c.Gained, ""), countOf(c.Lost, ""), c.Change)
		}
		t.Flush()
	}
	if same := len(all) - len(shown); same > 0 {
		fmt.Fprintf(w, "\n%s: the same events as now.\n", number(same, "other route"))
	}
}
