package config

import (
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// quotedReference is a text that reads like a reference, also as other languages
// write one in a text.
var quotedReference = regexp.MustCompile(`^(?:\$|\{\{ ?|\$?\{)?\.?((event|deliver|var|local|each|failure|request)\.([\pL_][\pL\pN_-]*)[^ {}]*)(?: ?\}?\})?$`)

// warnQuoted warns of texts that are a reference but for their quotes. Types of
// events have dots too ("event.held"), so that the name must be one that is there.
func (r *reader) warnQuoted(expr hcl.Expression, names func(root, name string) bool) {
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return
	}
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		switch text := n.(type) {
		case *hclsyntax.TemplateExpr:
			r.warnQuotedText(text, names, "A reference has no quotes")
		case *jsonText:
			r.warnQuotedText(text.TemplateExpr, names, `In JSON a reference stands in "${…}"`)
		}
		return nil
	})
}

func (r *reader) warnQuotedText(text *hclsyntax.TemplateExpr, names func(root, name string) bool, rule string) {
	if len(text.Parts) != 1 {
		return
	}
	literal, ok := text.Parts[0].(*hclsyntax.LiteralValueExpr)
	if !ok || literal.Val.Type() != cty.String || literal.Val.IsNull() {
		return
	}
	found := quotedReference.FindStringSubmatch(literal.Val.AsString())
	if found == nil || !names(found[2], found[3]) {
		return
	}
	r.add(warningAt(text.Range(), "A reference in quotes", "This is a text, which is the same for every event. %s: %s.", rule, found[1]))
}

// names reports whether root.name is something that expressions can refer to.
func (r *routeReader) names(root, name string) bool {
	switch root {
	case "event":
		_, ok := r.envelope()[name]
		return ok
	case "deliver":
		return slices.ContainsFunc(r.draft.deliveries, func(d *deliveryDraft) bool { return d.name == name })
	case "failure":
		_, ok := failureAttributes()[name]
		return ok
	}
	return r.isNamed(root, name)
}

// isNamed is names for what is known at load.
func (r *reader) isNamed(root, name string) bool {
	named := r.constants.Variables[root]
	return named != cty.NilVal && named.Type().IsObjectType() && named.Type().HasAttribute(name)
}
