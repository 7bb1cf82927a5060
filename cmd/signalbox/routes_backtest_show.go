package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/signalbox/signalbox/router/daemon/routes"
)

// signs are what a delivery's line begins with, by what has become of it.
var signs = map[string]string{"gained": "+", "lost": "-", "changed": "~"}

// writeDifference shows one event that would have another fate.
func writeDifference(w io.Writer, d *routes.Difference) {
	head := fmt.Sprintf("%s  %s  %s of %s", d.ID, stamp(d.Received), d.Type, d.Source)
	if d.Flag != "" {
		head += ", " + d.Flag
	}
	fmt.Fprintf(w, "\n%s\n", clean(head, ""))
	if d.Ends != nil {
		fmt.Fprintf(w, "  ! %s\n", clean(endText(d.Ends), ""))
	}
	for i := range d.Deliveries {
		writeDeliveryDifference(w, &d.Deliveries[i])
	}
	if len(d.Reply) > 0 {
		fmt.Fprintln(w, "  ~ reply of a success")
		writeValueDifferences(w, d.Reply, false)
	}
}

func endText(d *routes.TextDifference) string {
	switch {
	case d.New == "":
		return "no more: " + d.Now
	case d.Now == "":
		return d.New
	}
	return d.New + " (now: " + d.Now + ")"
}

func writeDeliveryDifference(w io.Writer, d *routes.DeliveryDifference) {
	to := d.To
	if d.Was != "" {
		to = d.Was + ", then " + d.To
	}
	notes := []string{d.Change}
	if d.OnFailure {
		notes = append(notes, "on failure")
	}
	fmt.Fprintf(w, "  %s %s\n", signs[d.Change], clean(d.Name+" → "+to+inParentheses(notes), ""))
	for _, part := range []struct {
		name string
		d    *routes.TextDifference
	}{{"when", d.When}, {"standing", d.Standing}, {"error", d.Error}, {"code", d.Code}} {
		if part.d != nil {
			text := orNone(part.d.Now) + " → " + orNone(part.d.New)
			if part.d.Now == part.d.New {
				text = part.d.New
			}
			fmt.Fprintf(w, "      %s: %s\n", part.name, clean(text+differing(part.d), ""))
		}
	}
	writeValueDifferences(w, d.Input, d.Change == "gained")
}

// differing says what the names in an expression no longer stand for.
func differing(d *routes.TextDifference) string {
	switch {
	case d == nil || len(d.Names) == 0:
		return ""
	case len(d.Names) == 1:
		return " (" + d.Names[0] + " differs)"
	}
	return " (" + strings.Join(d.Names, ", ") + " differ)"
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// writeValueDifferences shows what values were and would be; of new ones only
// the latter.
func writeValueDifferences(w io.Writer, values []routes.ValueDifference, isNew bool) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for _, v := range values {
		text := sideText(string(v.New), v.Expression, v.Error, true)
		switch was := sideText(string(v.Now), v.Expression, v.Error, false); {
		case isNew:
		case was != text:
			text = was + " → " + text
		case v.Sensitive:
			text = "differs (sensitive)"
		}
		text += differing(v.Expression)
		if len(v.DependsOn) > 0 {
			text += " (depends on " + strings.Join(v.DependsOn, ", ") + ")"
		}
		row(t, "      "+v.Name, "= "+text)
	}
	t.Flush()
}

// sideText is a value on one of the sides.
func sideText(value string, expression, failure *routes.TextDifference, isNew bool) string {
	of := func(d *routes.TextDifference) string {
		switch {
		case d == nil:
			return ""
		case isNew:
			return d.New
		}
		return d.Now
	}
	switch {
	case of(failure) != "":
		return "! " + of(failure)
	case value != "":
		return value
	}
	return orNone(of(expression))
}
