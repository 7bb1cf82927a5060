package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

// bulkAtMost bounds the events of one command: what a person can look through
// before saying yes, and one page of the daemon's.
const bulkAtMost = operator.MaxLimit

const nothingDone = "Nothing was done: add --yes to do it."

func bulkHelp(done string) string {
	return fmt.Sprintf(`With filters instead of an ID, all
events that match are meant, up to %d: without --yes they are shown with what
would be done; with it they are %s one after the other, the oldest first.`, bulkAtMost, done)
}

const bulkExitCodes = ` For many events: 1 if any of them could not be done; what
was only shown is 0.`

// bulk does one thing to all events that match a filter.
type bulk struct {
	verb, done string // "replay", "replayed"
	filter     operator.Filter
	yes        bool
	// try does it to one event, or asks what would be done.
	try func(ctx context.Context, c *operator.Client, e *operator.Event, preview bool) (deliveries, warnings []string, err error)
}

// bulkReport is what -o json shows.
type bulkReport struct {
	// Done is false if it is a preview.
	Done      bool        `json:"done"`
	Events    []bulkEvent `json:"events"`
	Succeeded int         `json:"succeeded"`
	Failed    int         `json:"failed"`
	LeftOut   int         `json:"left_out"`
}

// bulkEvent is one event that matches, and what becomes of it.
type bulkEvent struct {
	operator.Event
	Deliveries []string `json:"deliveries,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
	// LeftOut says why nothing is done to it, Error why it could not be done.
	LeftOut string `json:"left_out,omitempty"`
	Error   string `json:"error,omitempty"`
}

func (b *bulk) flags(cmd *cobra.Command) {
	selecting(cmd, &b.filter)
	standing(cmd, &b.filter)
	cmd.Flags().BoolVar(&b.yes, "yes", false, "do it, rather than show what would be done")
}

// one reports whether one event is meant, by its ID, rather than all that match.
func (b *bulk) one(cmd *cobra.Command, args []string) (bool, error) {
	filtered := slices.ContainsFunc([]string{"source", "type", "lane", "phase", "unfinished", "since", "until"}, cmd.Flags().Changed)
	switch {
	case len(args) == 1 && filtered:
		return false, errors.New("give an event's ID, or filters, not both")
	case len(args) == 0 && !filtered:
		return false, fmt.Errorf("give the ID of the event to %s, or say which events are meant: --phase held --since 2h", b.verb)
	}
	return len(args) == 1, nil
}

// either makes the command: one for the event whose ID is given, or run for all
// that match.
func (b *bulk) either(r *remote, one func(cmd *cobra.Command, id string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		switch isOne, err := b.one(cmd, args); {
		case err != nil:
			return err
		case isOne:
			return one(cmd, args[0])
		}
		return b.run(cmd, r)
	}
}

// run shows what would be done, or does it.
func (b *bulk) run(cmd *cobra.Command, r *remote) error {
	ctx, client := cmd.Context(), operator.Dial(r.socket)
	report, err := b.preview(ctx, client)
	if err != nil {
		return noOr(err)
	}
	out := io.Discard
	if r.form == "text" {
		out = cmd.OutOrStdout()
		b.show(out, cmd.ErrOrStderr(), report)
	}
	if b.yes {
		report.Done = true
		err = noOr(b.act(ctx, client, out, report))
	}
	if r.form == "json" {
		err = errors.Join(writeJSON(cmd.OutOrStdout(), report), err)
	}
	return err
}

// preview finds the events, and asks of each what would be done; oldest first.
func (b *bulk) preview(ctx context.Context, client *operator.Client) (*bulkReport, error) {
	filter := b.filter
	filter.Limit = bulkAtMost
	page, err := client.Events(ctx, filter)
	if err != nil {
		return nil, err
	}
	if page.Next != "" {
		return nil, &exit{exitUsage, fmt.Errorf("more than %d events match, and so many are too many at a time: narrow it down, with --since and --until for one", bulkAtMost)}
	}
	slices.Reverse(page.Events)
	report := &bulkReport{Events: []bulkEvent{}}
	for _, e := range page.Events {
		item := bulkEvent{Event: e}
		var no *operator.RefusedError
		item.Deliveries, item.Warnings, err = b.try(ctx, client, &e, true)
		switch {
		case errors.As(err, &no):
			item.LeftOut = no.Error()
		case err != nil:
			return nil, err
		}
		if item.LeftOut != "" {
			report.LeftOut++
		}
		report.Events = append(report.Events, item)
	}
	return report, nil
}

// show lists what is to be done, and counts what it warns of.
func (b *bulk) show(w, warnings io.Writer, report *bulkReport) {
	todo, deliveries := len(report.Events)-report.LeftOut, 0
	var said counts
	var out counts
	t := table(w)
	if todo > 0 && !b.yes {
		row(t, "ID", "RECEIVED", "TYPE", "PHASE", "DELIVERIES")
	}
	for i := range report.Events {
		e := &report.Events[i]
		if e.LeftOut != "" {
			out.add(e.LeftOut)
			continue
		}
		deliveries += len(e.Deliveries)
		for _, text := range e.Warnings {
			said.add(text)
		}
		if !b.yes {
			row(t, e.ID, stamp(e.Received), e.Type, e.Phase, strings.Join(e.Deliveries, ", "))
		}
	}
	t.Flush()
	for _, c := range said {
		fmt.Fprintf(warnings, "Warning: %s: %s\n", number(c.n, "event"), clean(c.text, ""))
	}
	for _, c := range out {
		fmt.Fprintf(w, "Left out: %s: %s\n", number(c.n, "event"), clean(c.text, ""))
	}
	switch {
	case todo == 0:
		fmt.Fprintf(w, "No events to %s.\n", b.verb)
	case !b.yes:
		fmt.Fprintf(w, "%s would be %s, with %s. %s\n", number(todo, "event"), b.done, number(deliveries, "delivery"), nothingDone)
	}
}

// act does it to one event after the other, and says how far it is. What can't be
// done to one stops no other; a daemon that is gone stops all.
func (b *bulk) act(ctx context.Context, client *operator.Client, w io.Writer, report *bulkReport) error {
	todo := len(report.Events) - report.LeftOut
	var gone error
	for i := range report.Events {
		e := &report.Events[i]
		if e.LeftOut != "" {
			continue
		}
		deliveries, warnings, err := b.try(ctx, client, &e.Event, false)
		at := fmt.Sprintf("%d/%d  %s  %s", report.Succeeded+report.Failed+1, todo, cell(e.ID), cell(e.Type))
		if err != nil {
			report.Failed++
			e.Error = err.Error()
			fmt.Fprintf(w, "%s  failed: %s\n", at, clean(e.Error, ""))
			if no := (*operator.RefusedError)(nil); !errors.As(err, &no) {
				gone = err
				break
			}
			continue
		}
		report.Succeeded++
		e.Deliveries, e.Warnings = deliveries, warnings
		fmt.Fprintf(w, "%s  %s  %s\n", at, b.done, cell(strings.Join(deliveries, ", ")))
	}
	if todo > 0 {
		fmt.Fprintf(w, "%d of %s %s, %d failed.\n", report.Succeeded, number(todo, "event"), b.done, report.Failed)
	}
	if gone == nil && report.Failed > 0 {
		gone = &exit{exitNo, fmt.Errorf("%s could not be %s", number(report.Failed, "event"), b.done)}
	}
	return gone
}

// noOr makes a daemon's no the end of a command; any other error stays.
func noOr(err error) error {
	if no := (*operator.RefusedError)(nil); errors.As(err, &no) {
		return &exit{exitNo, errors.New(clean(err.Error(), ""))}
	}
	return err
}

// counts are texts, each with how often it was said, in the order of the first.
type counts []struct {
	text string
	n    int
}

func (c *counts) add(text string) {
	for i := range *c {
		if (*c)[i].text == text {
			(*c)[i].n++
			return
		}
	}
	*c = append(*c, struct {
		text string
		n    int
	}{text, 1})
}

// number is a count with its noun: "1 delivery", "2 deliveries".
func number(n int, noun string) string {
	if n != 1 {
		if stem, y := strings.CutSuffix(noun, "y"); y {
			noun = stem + "ie"
		}
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
