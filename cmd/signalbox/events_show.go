package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

func newEventsShowCommand(r *remote) *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Tell one event's whole story",
		Long: `Show tells what the event is, how it was fetched, which routes took it and where
they stand, what each delivery and each attempt came to, what the caller was told,
and what can be done next. An attempt without a number is one that a restart has
perhaps cut off.

` + remoteExitCodes,
		Example: `  signalbox events show 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11
  signalbox events show --full 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, r, func(ctx context.Context, c *operator.Client) (*operator.Story, error) {
				return c.Story(ctx, args[0])
			}, func(w io.Writer, s *operator.Story) { writeStory(w, s, full) })
		},
	}
	cmd.Flags().BoolVar(&full, "full", false, "show the payload, and each delivery's input and output")
	return cmd
}

func writeStory(w io.Writer, s *operator.Story, full bool) {
	writeHead(w, s)
	if full {
		fmt.Fprintln(w)
		writeDocument(w, "payload", "", s.Payload)
		writeDocument(w, "attributes", "", s.Attributes)
		writeDocument(w, "extra", "", s.Extra)
	}
	if len(s.Fetches) > 0 {
		fmt.Fprint(w, "\nfetches behind a 202\n")
		writeAttempts(w, s.Fetches)
	}
	if len(s.Deliveries) == 0 {
		fmt.Fprint(w, "\nno deliveries\n")
	}
	for i := range s.Deliveries {
		writeDelivery(w, &s.Deliveries[i], full)
	}
	writeAnswer(w, s)
	if len(s.Caused) > 0 {
		fmt.Fprint(w, "\nfailure events\n")
		t := table(w)
		for _, c := range s.Caused {
			row(t, "  "+c.Type, c.ID)
		}
		t.Flush()
	}
	writeNext(w, s)
}

// pair writes a name and a value in a table, if there is a value.
func pair(w io.Writer, name, value string) {
	if value != "" {
		row(w, name, value)
	}
}

func writeHead(w io.Writer, s *operator.Story) {
	t := table(w)
	row(t, "event", s.ID)
	pair(t, "source", s.Source)
	row(t, "type", s.Type)
	pair(t, "flag", s.Flag)
	pair(t, "lane", s.Lane)
	row(t, "received", stamp(s.Received))
	pair(t, "marketplace", s.Marketplace)
	pair(t, "fetched from", s.Address)
	pair(t, "caused by", s.CausedBy)
	pair(t, "plan", s.Plan)
	pair(t, "routes", routesCell(s))
	phase := s.Phase
	if !s.Since.IsZero() {
		phase += " since " + stamp(s.Since)
	}
	row(t, "phase", phase)
	pair(t, "why", s.Why)
	pair(t, "ended", stamp(s.Ended))
	if s.Emptied {
		row(t, "payload", "past its retention, and deleted: nothing of it can run again")
	}
	if len(s.Missing) > 0 {
		row(t, "missing", "plugin "+strings.Join(s.Missing, ", plugin ")+": not in the configuration in force")
	}
	t.Flush()
}

// routesCell says which routes took the event, and where they stand.
func routesCell(s *operator.Story) string {
	var cells []string
	for _, r := range s.TakenBy {
		if r.At != "" {
			r.Name += " (" + r.At + ")"
		}
		cells = append(cells, r.Name)
	}
	return strings.Join(cells, ", ")
}

func writeDelivery(w io.Writer, d *operator.Delivery, full bool) {
	var notes []string
	note := func(is bool, text string) {
		if is {
			notes = append(notes, text)
		}
	}
	note(d.Optional, "optional")
	note(d.OnFailure, "on failure")
	note(!d.Due.IsZero(), "again at "+stamp(d.Due))
	note(d.MayHaveRun, "may have run")
	note(len(d.Needs) > 0, "needs "+strings.Join(d.Needs, ", "))
	note(d.Generation > 0, fmt.Sprintf("idempotency key %d", d.Generation+1))
	line := fmt.Sprintf("%s  %s.%s  %s", d.Name, d.Plugin, d.Action, d.Status)
	if len(notes) > 0 {
		line += "  (" + strings.Join(notes, "; ") + ")"
	}
	fmt.Fprintf(w, "\ndelivery %s\n", clean(line, ""))
	t := table(w)
	pair(t, "  code", d.Code)
	pair(t, "  detail", d.Detail)
	pair(t, "  told to the customer", d.PublicMessage)
	t.Flush()
	writeAttempts(w, d.Attempts)
	if full {
		writeDocument(w, "input", "  ", d.Input)
		writeDocument(w, "output", "  ", d.Output)
	}
}

func writeAttempts(w io.Writer, attempts []operator.Attempt) {
	t := table(w)
	for _, a := range attempts {
		cells := []string{fmt.Sprintf("  attempt %d", a.Number), stamp(a.Began), took(a.TookMS), a.Outcome}
		if a.Number == 0 { // a restart has perhaps cut it off
			cells = []string{"  attempt", "", "", a.Outcome}
		}
		switch {
		case a.Code != "" && a.Detail != "":
			cells = append(cells, a.Code+": "+a.Detail)
		case a.Code+a.Detail != "":
			cells = append(cells, a.Code+a.Detail)
		}
		row(t, cells...)
	}
	t.Flush()
}

// writeAnswer shows the verdict, and what the caller has heard of it.
func writeAnswer(w io.Writer, s *operator.Story) {
	fmt.Fprintln(w)
	t := table(w)
	if v := s.Verdict; v == nil && s.Ended.IsZero() {
		row(t, "verdict", "none yet")
	} else if v == nil {
		row(t, "verdict", "none")
	} else {
		row(t, "verdict", verdictCell(v))
		pair(t, "message", v.Message)
		pair(t, "reply", string(v.Reply))
	}
	row(t, "told", s.Told)
	if c := s.Callback; c != nil {
		status := c.Status
		if !c.Due.IsZero() {
			status += ", again at " + stamp(c.Due)
		}
		row(t, "callback", strings.TrimSuffix(status+": "+c.Detail, ": "))
	}
	t.Flush()
	if s.Callback != nil {
		writeAttempts(w, s.Callback.Attempts)
	}
}

// writeDocument shows a JSON document with its lines; one that can't be read
// as JSON is shown as it is.
func writeDocument(w io.Writer, name, indent string, doc json.RawMessage) {
	if len(doc) == 0 {
		return
	}
	var text bytes.Buffer
	if err := json.Indent(&text, doc, indent, "  "); err != nil {
		text.Reset()
		text.Write(doc)
	}
	fmt.Fprintf(w, "%s%s %s\n", indent, name, clean(text.String(), "\n"))
}

// writeNext shows the commands that can move the event.
func writeNext(w io.Writer, s *operator.Story) {
	id := clean(s.ID, "")
	failed, waits := false, s.Callback != nil && slices.Contains([]string{"parked", "refused", "exhausted"}, s.Callback.Status)
	for _, d := range s.Deliveries {
		failed = failed || d.Status == "rejected" || d.Status == "exhausted"
		waits = waits || d.Status == "parked"
	}
	if s.Phase == "held" {
		set := map[string]string{"SUBSCRIPTION_ORDER": " --set accountIdentifier=ID", "ADDON_ORDER": " --set id=ID"}[s.Type]
		fmt.Fprintf(w, `
next
  signalbox events replay %[1]s
  signalbox events resolve %[1]s --success%[2]s
  signalbox events resolve %[1]s --failure --message TEXT
  signalbox events discard %[1]s
`, id, set)
		return
	}
	var next []string
	if waits || s.Phase == "noticed" {
		next = append(next, "retry")
	}
	if s.Phase == "settled" && failed && !s.Emptied {
		next = append(next, "replay")
	}
	for i, verb := range next {
		if i == 0 {
			fmt.Fprint(w, "\nnext\n")
		}
		fmt.Fprintf(w, "  signalbox events %s %s\n", verb, id)
	}
}
