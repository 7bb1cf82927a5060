package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf16"
)

// clean makes event data safe to show: whatever a terminal does not just print
// (control characters, line breaks, marks that turn the direction of text) is
// written as a JSON string would have it, so that JSON stays the same JSON.
// Characters of keep stay as they are.
func clean(text, keep string) string {
	safe := func(r rune) bool { return unicode.IsPrint(r) || strings.ContainsRune(keep, r) }
	if strings.IndexFunc(text, func(r rune) bool { return !safe(r) || r == unicode.ReplacementChar }) < 0 {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == unicode.ReplacementChar: // or a byte that is no UTF-8
			out.WriteString(`\ufffd`)
		case safe(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// cell is one cell of a table, "-" where there is nothing to show.
func cell(text string) string {
	if text == "" {
		return "-"
	}
	return clean(text, "")
}

// table aligns what is written to it in columns; its owner flushes it.
func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// row writes one row of a table, which is clean whatever the cells hold.
func row(w io.Writer, cells ...string) {
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
}

// stamp is a time in the form that --since takes, or "".
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// took is a time span of so many milliseconds, with three digits or so.
func took(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(100 * time.Microsecond)
	default:
		d = d.Round(time.Microsecond)
	}
	return d.String()
}
