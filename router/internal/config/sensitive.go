package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A sensitive output is sealed in the journal. Expressions see it opened, and so
// it may stand only where what they give is sealed again: in inputs and reply
// attributes that are sensitive too. That is told from what an expression names,
// whatever it does with it, so that no function and no condition launders it.

// sensitiveOutput finds an output that the expression names and that is, or has
// among its values, a sensitive one.
func (d *routeDraft) sensitiveOutput(expr hcl.Expression) (name string, rng hcl.Range, found bool) {
	if expr == nil {
		return "", hcl.Range{}, false
	}
	for _, traversal := range expr.Variables() {
		if traversal.RootName() != "deliver" {
			continue
		}
		path := steps(traversal[:min(len(traversal), 3)])
		for _, delivery := range d.deliveries {
			if len(path) > 1 && delivery.name != path[1] || delivery.action == nil {
				continue
			}
			for _, f := range delivery.action.output {
				if f.sensitive && (len(path) < 3 || f.name == path[2]) {
					return strings.Join([]string{"deliver", delivery.name, f.name}, "."), traversal.SourceRange(), true
				}
			}
		}
	}
	return "", hcl.Range{}, false
}

// refuseSensitive reports a sensitive output in a place that is not. The place is
// in words; fit are the places beside it that would do. A snapshot's routes are
// not asked: they were taken when they were loaded, and an event that has begun
// under them goes on, though their plugin may call more sensitive since then.
func (r *routeReader) refuseSensitive(expr hcl.Expression, place string, fit []string) {
	if r.known.compiled {
		return
	}
	name, rng, found := r.draft.sensitiveOutput(expr)
	if !found {
		return
	}
	way := "Only inputs and reply attributes that are sensitive themselves can have it."
	if len(fit) > 0 {
		way += fmt.Sprintf(" Here that is %s.", list(fit))
	}
	r.add(errorAt(rng, "A sensitive value in a place where it could leak",
		"The output %s is sensitive: it is sealed in the journal, and shown nowhere. From %s it could be read. %s", name, place, way))
}

// sensitiveNames are those of the sensitive fields.
func (fs fields) sensitiveNames() []string {
	var out []string
	for _, f := range fs {
		if f.sensitive {
			out = append(out, f.name)
		}
	}
	return out
}

// refuseSensitiveWith is refuseSensitive for a `with` that is computed as a whole
// and has these inputs, as far as they are known: nobody can say which of them
// the value goes to.
func (r *routeReader) refuseSensitiveWith(d *deliveryDraft, inputs []string) {
	var fit []string
	if d.action != nil {
		fit = d.action.input.sensitiveNames()
	}
	if len(inputs) == 0 || slices.ContainsFunc(inputs, func(name string) bool { return !slices.Contains(fit, name) }) {
		r.refuseSensitive(d.with, `a "with" that is computed as a whole`, fit)
	}
}

// errHushed takes the place of an error that may quote a sensitive value.
var errHushed = errors.New("the reason is not shown, since it may quote a sensitive value")

// hush marks the attributes that read sensitive outputs.
func (d *routeDraft) hush(attrs []attribute) {
	for i := range attrs {
		_, _, attrs[i].hushed = d.sensitiveOutput(attrs[i].expr)
	}
}

func hushed(expr hcl.Expression) error {
	return fmt.Errorf("%s: it can't be evaluated: %w", at(expr.Range()), errHushed)
}

// warnLiteral reports a text or a number that is written for a sensitive input.
// What a route gives should come from the event or from an output: those are
// sealed, and the text of a route is not.
func (r *routeReader) warnLiteral(d *deliveryDraft, input string, expr hcl.Expression) {
	if rng, found := writtenOut(expr); found {
		r.add(warningAt(rng, "A literal for a sensitive value",
			"The input %s of %s is sensitive, but the text of a route is not: the journal keeps it with each plan. A secret belongs into the plugin's own config, as credential(%s); a route hands on what events and outputs bring.",
			quote(input), d.to, quote("NAME")))
	}
}

// writtenOut finds a value that stands as it is in an expression, alone or as a
// member. true and false are no secrets, and what functions are given may be
// names.
func writtenOut(expr hcl.Expression) (hcl.Range, bool) {
	var within []hclsyntax.Expression
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return e.SrcRange, !e.Val.IsNull() && e.Val.Type() != cty.Bool && !e.Val.RawEquals(cty.StringVal(""))
	case *hclsyntax.TemplateExpr:
		if !e.IsStringLiteral() {
			return hcl.Range{}, false
		}
		_, found := writtenOut(e.Parts[0])
		return e.SrcRange, found
	case *jsonText:
		return writtenOut(e.TemplateExpr)
	case *hclsyntax.ParenthesesExpr:
		within = []hclsyntax.Expression{e.Expression}
	case *hclsyntax.TupleConsExpr:
		within = e.Exprs
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			within = append(within, item.ValueExpr)
		}
	}
	for _, member := range within {
		if rng, found := writtenOut(member); found {
			return rng, true
		}
	}
	return hcl.Range{}, false
}

// learnInputs notes what is written for the sensitive inputs of routes.
func (s *secrets) learnInputs(drafts []*routeDraft) {
	for _, draft := range drafts {
		for _, d := range draft.deliveries {
			attrs, _ := attributesOf(d.with)
			for _, a := range attrs {
				if d.action == nil || draft.again {
					continue
				}
				if f := d.action.input.named(a.name); f != nil && f.sensitive {
					s.learnLiterals(a.expr)
				}
			}
		}
	}
}
