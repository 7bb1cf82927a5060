package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

const (
	// tailEvery is how often the daemon is asked: about as fast as one reads.
	tailEvery = time.Second
	// tailWatched bounds the unfinished events that are asked after each time.
	tailWatched = 64
	// tailMargin is more than an event can take from its receipt, which it is
	// found by, to the journal, which has the events in order.
	tailMargin = 10 * time.Minute
)

func newEventsTailCommand(r *remote) *cobra.Command {
	var filter operator.Filter
	var last int
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show events as they come, until interrupted",
		Long: `Tail shows a line for each event that comes in, and another whenever it has moved
on. With -o json each line is a JSON object, as in "events list".

` + remoteExitCodes,
		Example: `  signalbox events tail
  signalbox events tail --source appdirect.acme --last 0
  signalbox events tail -o json | jq 'select(.phase == "held")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 0 || last > operator.MaxLimit {
				return fmt.Errorf("--last is a number from 0 to %d", operator.MaxLimit)
			}
			filter.Since = time.Now().Add(-tailMargin)
			f := &follower{client: operator.Dial(r.socket), filter: filter, form: r.form, out: cmd.OutOrStdout()}
			return noOr(f.follow(cmd.Context(), last))
		},
	}
	selecting(cmd, &filter)
	cmd.Flags().IntVarP(&last, "last", "n", 10, "begin with so many of the newest events")
	return cmd
}

// follower shows events as they come and as they move on.
type follower struct {
	client *operator.Client
	filter operator.Filter // of events that are new
	form   form
	out    io.Writer

	newest  string // the id of the newest event seen, or ""
	watched []operator.Event
}

// follow goes on until ctx is done, which is no error.
func (f *follower) follow(ctx context.Context, last int) error {
	ticker := time.NewTicker(tailEvery)
	defer ticker.Stop()
	err := f.begin(ctx, last)
	for err == nil && ctx.Err() == nil {
		select {
		case <-ticker.C:
			err = f.poll(ctx)
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// begin shows the last events, and notes where new ones start.
func (f *follower) begin(ctx context.Context, last int) error {
	first := f.filter
	first.Since, first.Limit = time.Time{}, max(last, 1)
	page, err := f.client.Events(ctx, first)
	if err != nil || len(page.Events) == 0 {
		return err
	}
	f.newest = page.Events[0].ID
	return f.take(page.Events[:min(last, len(page.Events))])
}

// poll shows what has changed since the last time: events watched, and those
// that are new.
func (f *follower) poll(ctx context.Context) error {
	for i := 0; i < len(f.watched); i++ {
		was := &f.watched[i]
		story, err := f.client.Story(ctx, was.ID)
		if err != nil {
			return err
		}
		is := story.Event
		if is.Callback != nil {
			is.Callback.Attempts = nil // as lists show it
		}
		if tailLine(was) != tailLine(&is) {
			if err := f.show(&is); err != nil {
				return err
			}
		}
		*was = is
	}
	f.watched = slices.DeleteFunc(f.watched, func(e operator.Event) bool { return !e.Ended.IsZero() })
	fresh, err := f.fresh(ctx)
	if err != nil {
		return err
	}
	return f.take(fresh)
}

// fresh gives the events that came after the newest seen, newest first.
func (f *follower) fresh(ctx context.Context) ([]operator.Event, error) {
	var fresh []operator.Event
	filter := f.filter
	for {
		page, err := f.client.Events(ctx, filter)
		if err != nil {
			return nil, err
		}
		known := slices.IndexFunc(page.Events, func(e operator.Event) bool { return e.ID == f.newest })
		if known >= 0 {
			fresh = append(fresh, page.Events[:known]...)
		} else {
			fresh = append(fresh, page.Events...)
		}
		if known >= 0 || page.Next == "" {
			break
		}
		filter.Before = page.Next
	}
	if len(fresh) > 0 {
		f.newest = fresh[0].ID
	}
	return fresh, nil
}

// take shows events, the oldest first, and watches those that have not ended.
func (f *follower) take(newestFirst []operator.Event) error {
	for i := len(newestFirst) - 1; i >= 0; i-- {
		e := newestFirst[i]
		if err := f.show(&e); err != nil {
			return err
		}
		if e.Ended.IsZero() {
			f.watched = append(f.watched, e)
		}
	}
	if over := len(f.watched) - tailWatched; over > 0 {
		f.watched = slices.Delete(f.watched, 0, over)
	}
	return nil
}

func (f *follower) show(e *operator.Event) error {
	line := tailLine(e)
	if f.form == "json" {
		text, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encoding an event: %w", err)
		}
		line = clean(string(text), "")
	}
	_, err := fmt.Fprintln(f.out, line)
	return err
}

func tailLine(e *operator.Event) string {
	cells := []string{stamp(e.Received), e.ID, e.Source, e.Type, e.Phase}
	for _, more := range []string{e.Flag, verdictCell(e.Verdict), toldCell(e), e.Why} {
		if more != "" {
			cells = append(cells, more)
		}
	}
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	return strings.Join(cells, "  ")
}
