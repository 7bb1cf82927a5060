package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/signalbox/signalbox/router/daemon/routes"
)

func writeAnswerTo(w io.Writer, a *routes.Answer) {
	head := fmt.Sprintf("%s: %s of %s", a.Of, a.Type, a.Source)
	if a.Flag != "" {
		head += ", " + a.Flag
	}
	fmt.Fprintln(w, clean(head, ""))
	if a.Note != "" {
		fmt.Fprintln(w, clean(a.Note, ""))
	}
	if a.Error != "" {
		fmt.Fprintf(w, "! it fails before anything runs: %s\n", clean(a.Error, ""))
	}
	for i := range a.Routes {
		writeRouteAnswer(w, &a.Routes[i])
	}
	if len(a.Outcomes) == 0 {
		return
	}
	fmt.Fprint(w, "\nthe caller is told\n")
	t := table(w)
	for _, o := range a.Outcomes {
		told := o.Why
		if o.Status != 0 {
			told = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", o.Status, o.Body))
		}
		row(t, "  "+o.If, o.Verdict, told)
	}
	t.Flush()
}

func writeRouteAnswer(w io.Writer, r *routes.RouteAnswer) {
	place := fmt.Sprintf("%s (%s)", r.Name, r.At)
	switch {
	case r.Error != "":
		fmt.Fprintf(w, "\n! %s\n", clean(place+" can't be asked: "+r.Error, ""))
	case !r.Matches:
		fmt.Fprintf(w, "\n- %s\n", clean(place+" does not take it: "+r.Why, ""))
		for _, reason := range r.Reasons {
			fmt.Fprintf(w, "    %s\n", clean(reasonText(reason), ""))
		}
	default:
		fmt.Fprintf(w, "\n+ %s\n", clean(place+" takes it", ""))
		for _, d := range r.Deliveries {
			fmt.Fprintf(w, "    %s\n", clean("deliver "+d.Name+" → "+d.To+inParentheses(deliveryNotes(d.DeliveryText)), ""))
			if d.Skipped {
				fmt.Fprintln(w, "      skipped: its condition says no")
			}
			if d.Error != "" {
				fmt.Fprintf(w, "      ! %s\n", clean(d.Error, ""))
			}
			writeValues(w, d.Input)
		}
		if len(r.Reply) > 0 {
			fmt.Fprintln(w, "    reply")
			writeValues(w, r.Reply)
		}
	}
}

func writeValues(w io.Writer, values []routes.Value) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for _, v := range values {
		text := string(v.Value)
		switch {
		case v.Error != "":
			text = "! " + v.Error
		case v.Value == nil:
			text = v.Expression
			if len(v.After) > 0 {
				text = strings.TrimSpace("(after " + strings.Join(v.After, ", ") + ") " + text)
			}
		}
		if v.OutdoneBy != "" {
			text += " (not used: " + v.OutdoneBy + " replies first)"
		}
		row(t, "      "+v.Name, "= "+text)
	}
	t.Flush()
}

// reasonText is a part of a condition and what it is about: `x != "FREE" is
// false: x is "FREE"`.
func reasonText(r routes.Reason) string {
	var seen []string
	for _, s := range r.Seen {
		value := string(s.Value)
		if s.Value == nil {
			value = "absent"
		}
		seen = append(seen, shortName(s.Text, r.Seen)+" is "+value)
	}
	text := fmt.Sprintf("%s is %v", r.Text, r.Is)
	if len(seen) > 0 {
		text += ": " + strings.Join(seen, ", ")
	}
	return text
}

// shortName is the last name of a path, where no other has the same.
func shortName(path string, all []routes.Seen) string {
	last := lastName(path)
	for _, s := range all {
		if s.Text != path && lastName(s.Text) == last {
			return path
		}
	}
	return last
}

func lastName(path string) string {
	if strings.ContainsAny(path, `[("`) {
		return path
	}
	return path[strings.LastIndexByte(path, '.')+1:]
}
