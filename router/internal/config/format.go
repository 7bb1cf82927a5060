package config

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Formatted is a configuration file in the one form that all are written in.
type Formatted struct {
	Text []byte
	// HadBOM and HadCRLF say what was taken out: a byte order mark, and the
	// carriage returns of line ends, which a text over several lines would hold.
	HadBOM, HadCRLF bool
}

var carriageReturns = regexp.MustCompile(`\r+\n`)

// Format lays out the text of a file: indents, spaces and what stands below one
// another. Nothing else changes. A text that does not parse gives diagnostics
// with an error; they are never nil.
func Format(name string, src []byte) (Formatted, *Diagnostics) {
	var out Formatted
	if len(src) > maxFileBytes {
		diags := hcl.Diagnostics{unreadable(name, fmt.Errorf("it is larger than %d bytes", maxFileBytes))}
		return out, &Diagnostics{list: diags}
	}
	if isJSON(name) {
		return out, &Diagnostics{list: hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "Nothing to lay out", Detail: fmt.Sprintf("%s is JSON, which other programs lay out.", name),
		}}}
	}
	text, hadBOM := bytes.CutPrefix(src, []byte("\xef\xbb\xbf"))
	out.HadBOM = hadBOM
	out.HadCRLF = bytes.Contains(text, []byte("\r\n"))
	text = carriageReturns.ReplaceAll(text, []byte("\n"))
	file, list := parse(text, name, hcl.InitialPos)
	diags := (&Diagnostics{list: list, files: map[string]*hcl.File{name: file}}).sorted()
	if diags.HasErrors() {
		return out, diags
	}
	out.Text = hclwrite.Format(text)
	return out, diags
}
