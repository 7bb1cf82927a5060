package config

import (
	"bytes"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

const (
	// maxLine bytes of a line are shown whole: a file may be one line.
	maxLine = 400
	// around are the bytes of a longer line that are shown on either side.
	around = 60
)

// shortened cuts what a diagnostic is about out of its line, where that is too
// long to be looked at, or, in JSON, holds more than it: a program may write a
// whole configuration, with its secrets, into one line. It returns the files as
// they are then to be shown.
func shortened(diag *hcl.Diagnostic, files map[string]*hcl.File) (*hcl.Diagnostic, map[string]*hcl.File) {
	rng := rangeOf(diag)
	file := files[rng.Filename]
	if file == nil || !rng.CanSliceBytes(file.Bytes) {
		return diag, files
	}
	src := file.Bytes
	first := bytes.LastIndexByte(src[:rng.Start.Byte], '\n') + 1
	last := len(src)
	if i := bytes.IndexByte(src[rng.Start.Byte:], '\n'); i >= 0 {
		last = rng.Start.Byte + i
	}
	from, to := first, last
	if isJSON(rng.Filename) {
		from, to = memberAround(src[:last], first, rng)
	}
	end := min(rng.End.Byte, to)
	if to-from > maxLine {
		end = min(end, rng.Start.Byte+maxLine)
		from, to = max(from, rng.Start.Byte-around), min(to, end+around)
	}
	if from == first && to == last {
		return alone(diag, file)
	}
	for from > first && !utf8.RuneStart(src[from]) {
		from--
	}
	for to < last && !utf8.RuneStart(src[to]) {
		to++
	}
	text := linesBefore(rng.Start.Line)
	if from > first {
		text = append(text, "…"...)
	}
	moved := len(text) - from
	text = append(text, src[from:to]...)
	if to < last {
		text = append(text, "…"...)
	}
	rng.Start.Byte += moved
	rng.End.Byte = end + moved
	return &hcl.Diagnostic{Severity: diag.Severity, Summary: diag.Summary, Detail: diag.Detail, Subject: &rng},
		map[string]*hcl.File{rng.Filename: {Body: file.Body, Bytes: text, Nav: movedNav{file.Nav, moved}}}
}

// alone leaves the lines that a diagnostic is about, and no other: HCL's writer
// goes through all of them each time, which takes minutes for a thousand
// diagnostics of a large file.
func alone(diag *hcl.Diagnostic, file *hcl.File) (*hcl.Diagnostic, map[string]*hcl.File) {
	subject, all := *diag.Subject, *diag.Subject
	if diag.Context != nil && diag.Context.CanSliceBytes(file.Bytes) {
		all = hcl.RangeOver(all, *diag.Context)
	}
	first := bytes.LastIndexByte(file.Bytes[:all.Start.Byte], '\n') + 1
	last := len(file.Bytes)
	if i := bytes.IndexByte(file.Bytes[all.End.Byte:], '\n'); i >= 0 {
		last = all.End.Byte + i
	}
	text := linesBefore(all.Start.Line)
	moved := len(text) - first
	text = append(text, file.Bytes[first:last]...)
	for _, rng := range []*hcl.Range{&subject, &all} {
		rng.Start.Byte += moved
		rng.End.Byte += moved
	}
	return &hcl.Diagnostic{Severity: diag.Severity, Summary: diag.Summary, Detail: diag.Detail, Subject: &subject, Context: &all},
		map[string]*hcl.File{subject.Filename: {Body: file.Body, Bytes: text, Nav: movedNav{file.Nav, moved}}}
}

// linesBefore lets the line that follows keep its number. HCL's writer splits a
// text at line feeds, but counts each carriage return as a line too: so all that
// stands before is a single one, which it goes over quickly.
func linesBefore(line int) []byte {
	if line <= 1 {
		return nil
	}
	return append(bytes.Repeat([]byte{'\r'}, line-1), '\n')
}

// movedNav names the blocks around a place, as those of the whole file.
type movedNav struct {
	whole any
	moved int
}

// ContextString implements what HCL's writer asks a file's Nav for.
func (n movedNav) ContextString(offset int) string {
	if whole, ok := n.whole.(interface{ ContextString(int) string }); ok {
		return whole.ContextString(offset - n.moved)
	}
	return ""
}

// memberAround is the part of a line of JSON that begins at first and ends with
// src: the member or the element that the range lies in, up to the bracket that
// what lies deeper begins with. It is the whole line if only brackets and commas
// are beside it.
func memberAround(src []byte, first int, rng hcl.Range) (from, to int) {
	from, to = first, min(rng.End.Byte, len(src))
	for i := first; i < rng.Start.Byte; i++ {
		switch src[i] {
		case '"':
			if i = min(endOfText(src, i), len(src)); i >= rng.Start.Byte {
				to = max(to, min(i+1, len(src))) // the range lies in this text
			}
		case ',', '{', '[':
			from = i + 1
		}
	}
	for to < len(src) && src[to] != ',' && src[to] != '}' && src[to] != ']' {
		c := src[to]
		if c == '"' {
			to = min(endOfText(src, to), len(src)-1)
		}
		if to++; c == '{' || c == '[' {
			break
		}
	}
	const idle = " \t,{}[]"
	if len(bytes.Trim(src[first:from], idle)) == 0 && len(bytes.Trim(src[to:], idle)) == 0 {
		return first, len(src)
	}
	return from + len(src[from:to]) - len(bytes.TrimLeft(src[from:to], " \t")), to
}
