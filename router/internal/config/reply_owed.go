package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// What a reply owes its protocol: without it an event that went well is held.

// typeOwed is one of the route's types whose success must carry the reply
// attribute, or "".
func (r *routeReader) typeOwed(attr string) string {
	for _, facts := range r.sources() {
		for _, eventType := range keys(facts.required) {
			if facts.required[eventType] == attr && (len(r.draft.on) == 0 || slices.Contains(textsOf(r.draft.on), eventType)) {
				return eventType
			}
		}
	}
	return ""
}

// insteadOf is how a reply names an output that may not be there.
func (r *routeReader) insteadOf(traversal hcl.Traversal) string {
	if r.owedTo == "" {
		return "try(" + writtenSteps(traversal) + ", null)"
	}
	return "try(" + writtenSteps(traversal) + `, "free-${event.id}"): without a value each such event is held`
}

// warnOwed warns of a null where the protocol wants a value.
func (r *routeReader) warnOwed(name string, expr hcl.Expression) {
	if r.owedTo == "" || r.known.compiled {
		return
	}
	null := r.nullIn(expr)
	if null == nil {
		return
	}
	r.add(warningAt(null.Range(), "An answer that may be lacking",
		`A success of %s must reply with %s, and this may be null: such an event would be held. Name a value that is never null, as in coalesce(…, "free-${event.id}").`,
		r.owedTo, name))
}

// nullIn is the part of an expression that may come to null and be its value, or
// nil. What is not known may be anything, and nothing is said of it.
func (r *routeReader) nullIn(expr hcl.Expression) hcl.Expression {
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		if e.Val.IsNull() {
			return e
		}
	case *hclsyntax.ParenthesesExpr:
		return r.nullIn(e.Expression)
	case *choice:
		if null := r.nullIn(e.TrueResult); null != nil {
			return null
		}
		return r.nullIn(e.FalseResult)
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "try" && len(e.Args) > 0 && !e.ExpandFinal {
			return r.nullIn(e.Args[len(e.Args)-1])
		}
	case *hclsyntax.ScopeTraversalExpr:
		if r.mayBeNull(e.Traversal) {
			return e
		}
	}
	return nil
}

func (r *routeReader) mayBeNull(traversal hcl.Traversal) bool {
	if l := r.shape.lackOf(traversal); l != nil {
		have := r.haveIn(nil)
		return slices.ContainsFunc(l.missing, func(path string) bool { return !have.has(path) })
	}
	path := steps(traversal)
	if len(path) != 3 || path[0] != "deliver" {
		return false
	}
	for _, d := range r.draft.deliveries {
		if d.name == path[1] && d.action != nil {
			f := d.action.output.named(path[2])
			return f != nil && !f.required && f.ty != cty.DynamicPseudoType
		}
	}
	return false
}
