package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Diagnostics are the errors and warnings of one Load, in the order of the
// files. What they show never holds a secret.
type Diagnostics struct {
	list    hcl.Diagnostics
	files   map[string]*hcl.File
	secrets secrets
}

// HasErrors reports whether there is an error; warnings are none.
func (d *Diagnostics) HasErrors() bool { return d.list.HasErrors() }

// Warn adds a warning of whoever has the configuration loaded. It has no place
// in the files, and stands behind all others.
func (d *Diagnostics) Warn(summary, detail string) {
	d.list = append(d.list, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: detail})
}

// Len is the number of errors and warnings.
func (d *Diagnostics) Len() int { return len(d.list) }

// Write writes every diagnostic with the lines it is about. A width of zero
// wraps nothing.
func (d *Diagnostics) Write(w io.Writer, color bool, width int) error {
	files := d.secrets.maskFiles(d.files)
	for _, diag := range d.list {
		shown, files := shortened(d.clean(diag), files)
		text := renderText(shown, files, color, max(width, 0))
		if _, err := w.Write(text); err != nil {
			return fmt.Errorf("writing diagnostics: %w", err)
		}
	}
	return nil
}

// renderText falls back to one line where HCL's writer can't draw the snippet.
func renderText(diag *hcl.Diagnostic, files map[string]*hcl.File, color bool, width int) (text []byte) {
	var buf bytes.Buffer
	defer func() {
		if recover() != nil {
			text = fmt.Appendf(nil, "%s: %s; %s\n\n", severity(diag), diag.Summary, diag.Detail)
		}
	}()
	// A bytes.Buffer gives no write error.
	_ = hcl.NewDiagnosticTextWriter(&buf, files, uint(width), color).WriteDiagnostic(diag)
	return buf.Bytes()
}

// JSON returns an array of objects with severity ("error" or "warning"),
// summary, detail and, where the diagnostic has a place, range: file, start and
// end, each with line and column counted from 1.
func (d *Diagnostics) JSON() []byte {
	type position struct {
		Line   int `json:"line"`
		Column int `json:"column"`
	}
	type place struct {
		File  string   `json:"file"`
		Start position `json:"start"`
		End   position `json:"end"`
	}
	type diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail,omitempty"`
		Range    *place `json:"range,omitempty"`
	}
	out := make([]diagnostic, 0, len(d.list))
	for _, diag := range d.list {
		diag = d.clean(diag)
		entry := diagnostic{Severity: severity(diag), Summary: diag.Summary, Detail: diag.Detail}
		if rng := diag.Subject; rng != nil {
			entry.Range = &place{
				File:  rng.Filename,
				Start: position{rng.Start.Line, rng.Start.Column},
				End:   position{rng.End.Line, rng.End.Column},
			}
		}
		out = append(out, entry)
	}
	text, err := json.Marshal(out)
	if err != nil {
		return []byte("[]") // strings and numbers always marshal
	}
	return text
}

func severity(diag *hcl.Diagnostic) string {
	if diag.Severity == hcl.DiagWarning {
		return "warning"
	}
	return "error"
}

// clean takes away what HCL's writer would print values from, and masks what
// the words themselves may quote.
func (d *Diagnostics) clean(diag *hcl.Diagnostic) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: diag.Severity,
		Summary:  d.secrets.mask(diag.Summary),
		Detail:   d.secrets.mask(diag.Detail),
		Subject:  diag.Subject,
		Context:  diag.Context,
	}
}

// sorted puts the diagnostics in our words, and in the order of their places;
// those without one come first. What is said of a place several times, as for each element of a
// for_each, stays once.
func (d *Diagnostics) sorted() *Diagnostics {
	for _, diag := range d.list {
		reword(diag, d.files)
	}
	slices.SortStableFunc(d.list, func(a, b *hcl.Diagnostic) int {
		ra, rb := rangeOf(a), rangeOf(b)
		if c := strings.Compare(ra.Filename, rb.Filename); c != 0 {
			return c
		}
		if c := ra.Start.Byte - rb.Start.Byte; c != 0 {
			return c
		}
		return strings.Compare(a.Summary+a.Detail, b.Summary+b.Detail)
	})
	d.list = slices.CompactFunc(d.list, func(a, b *hcl.Diagnostic) bool {
		return a.Severity == b.Severity && rangeOf(a) == rangeOf(b) && a.Summary == b.Summary && a.Detail == b.Detail
	})
	return d
}

func rangeOf(diag *hcl.Diagnostic) hcl.Range {
	if diag.Subject == nil {
		return hcl.Range{}
	}
	return *diag.Subject
}

func errorAt(rng hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: &rng}
}

func warningAt(rng hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	diag := errorAt(rng, summary, detail, args...)
	diag.Severity = hcl.DiagWarning
	return diag
}
