package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// content reads a body by its schema. It reports what the schema does not take
// with what it does.
func (r *reader) content(body hcl.Body, schema *hcl.BodySchema) *hcl.BodyContent {
	content, diags := contentOf(body, schema, nil)
	r.add(diags...)
	return content
}

// tellingBody is a body whose content, that of its blocks included, is read as
// contentOf does. It is for hcldec, which goes through the blocks by itself.
type tellingBody struct {
	hcl.Body
	// also can be given here beside the schema: what was read already.
	also []string
}

func (b tellingBody) Content(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Diagnostics) {
	content, diags := contentOf(b.Body, schema, b.also)
	for _, block := range content.Blocks {
		block.Body = tellingBody{Body: block.Body}
	}
	return content, diags
}

// contentOf is body.Content, with a way out in the diagnostics of what is not
// expected: the name that was likely meant, else those that there are.
func contentOf(body hcl.Body, schema *hcl.BodySchema, also []string) (*hcl.BodyContent, hcl.Diagnostics) {
	content, diags := body.Content(schema)
	attrs, blocks := slices.Clone(also), []string(nil)
	for _, attr := range schema.Attributes {
		if !slices.Contains(attrs, attr.Name) { // hcldec names one with a default twice
			attrs = append(attrs, attr.Name)
		}
	}
	for _, block := range schema.Blocks {
		blocks = append(blocks, block.Type)
	}
	for _, diag := range diags {
		name, detail := unexpected(diag)
		if name == "" || slices.Contains(attrs, name) || slices.Contains(blocks, name) {
			continue // HCL says already that a block was written as an argument, or the reverse
		}
		if meant := nearest(name, slices.Concat(attrs, blocks)); meant != "" {
			diag.Detail = detail + " Did you mean " + quote(meant) + "?"
		} else {
			diag.Detail = detail + takes(attrs, blocks)
		}
	}
	return content, diags
}

// unexpected gives the name that a diagnostic calls out of place, and its words
// without a suggestion; else "". HCL tells the name nowhere but in the words.
func unexpected(diag *hcl.Diagnostic) (name, detail string) {
	for _, format := range []string{"An argument named %q is not expected here.", "Blocks of type %q are not expected here.", "No argument or block type is named %q."} {
		if n, _ := fmt.Sscanf(diag.Detail, format, &name); n == 1 {
			return name, fmt.Sprintf(format, name)
		}
	}
	return "", ""
}

// maxTaken names can be looked through; of more, none is shown.
const maxTaken = 40

// takes names what can stand in a block.
func takes(attrs, blocks []string) string {
	switch n := len(attrs) + len(blocks); {
	case n > maxTaken:
		return ""
	case n == 0:
		return " It takes nothing."
	}
	var parts []string
	if len(attrs) > 0 {
		parts = append(parts, list(attrs))
	}
	switch len(blocks) {
	case 0:
	case 1:
		parts = append(parts, "the block "+list(blocks))
	default:
		parts = append(parts, "the blocks "+list(blocks))
	}
	return " It takes: " + strings.Join(parts, ", and ") + "."
}
