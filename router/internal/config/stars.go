package config

import (
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router"
)

// star notes the places of an expression's literals, which may be secret. It does
// not learn what they are: "true" and "webhook" may stand in any message.
func (s *secrets) star(expr hcl.Expression) {
	var found secrets
	found.learnLiterals(expr)
	s.places = append(s.places, found.places...)
}

// starUnknown stars what stands under names that the schema does not have, and
// also does not: a secret, misspelt.
func (s *secrets) starUnknown(schema router.Schema, body hcl.Body, also []string) {
	switch body := body.(type) {
	case *hclsyntax.Body:
		for name, attr := range body.Attributes {
			if !shows(schema, also, name) {
				s.star(attr.Expr)
			}
		}
		for _, written := range body.Blocks {
			var nested router.Schema
			if i := slices.IndexFunc(schema.Blocks, func(b router.Block) bool { return b.Name == written.Type }); i >= 0 {
				nested = schema.Blocks[i].Schema
			}
			if !slices.Contains(also, written.Type) {
				s.starUnknown(nested, written.Body, nil)
			}
		}
	case jsonBody:
		for name, expr := range body.members() {
			block := slices.ContainsFunc(schema.Blocks, func(b router.Block) bool { return b.Name == name })
			if !block && !shows(schema, also, name) {
				s.star(expr)
			}
		}
	}
}

// shows reports whether what stands under the name may be shown: the block can
// have it (what is sensitive is starred for that), or the name that was meant is
// clear and not that of a secret.
func shows(schema router.Schema, also []string, name string) bool {
	known := slices.Clone(also)
	for _, attr := range schema.Attrs {
		known = append(known, attr.Name)
	}
	if slices.Contains(known, name) {
		return true
	}
	meant := nearest(name, known)
	attr := schema.Attr(meant)
	return meant != "" && (attr == nil || !attr.Sensitive)
}

// likely is a text under a name that is like a secret's, in HCL or in JSON. It
// may lack its end.
var likely = regexp.MustCompile(`(?i)[\w-]*(?:secret|pass|token|key|credential)[\w-]*"?[ \t]*[=:][ \t]*("(?:[^"\\\n]|\\.)*"?)`)

// starLikely stars what looks like a secret in files that can't be read, of which
// nothing better is known.
func (s *secrets) starLikely(files map[string]*hcl.File) {
	for name, file := range files {
		for _, m := range likely.FindAllSubmatchIndex(file.Bytes, -1) {
			s.places = append(s.places, hcl.Range{Filename: name, Start: hcl.Pos{Byte: m[2]}, End: hcl.Pos{Byte: m[3]}})
		}
	}
}
