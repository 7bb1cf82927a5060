package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// comparable reports comparisons of something of the event with what it can never
// be equal to: a number with a text. HCL would only say that the result is always
// the same.
func (r *routeReader) comparable(expr hcl.Expression, ctx *hcl.EvalContext) bool {
	node, ok := expr.(hclsyntax.Node)
	if !ok || r.known.compiled || !r.shape.known() {
		return true
	}
	possible := true
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		e, ok := n.(*hclsyntax.BinaryOpExpr)
		if !ok || e.Op != hclsyntax.OpEqual && e.Op != hclsyntax.OpNotEqual || isNullTest(e) || !namesEvent(e) {
			return nil
		}
		r.knownFlag(e.LHS, e.RHS)
		r.knownFlag(e.RHS, e.LHS)
		left, diags := e.LHS.Value(ctx)
		right, more := e.RHS.Value(ctx)
		lt, rt := left.Type(), right.Type()
		if diags.HasErrors() || more.HasErrors() || !lt.IsPrimitiveType() || !rt.IsPrimitiveType() || lt == rt || left.IsNull() || right.IsNull() {
			return nil
		}
		possible = false
		r.add(errorAt(e.SrcRange, "Two types that are never equal", "One side is %s and the other %s. Write both as the same type: %s.",
			sideOf(lt), sideOf(rt), wayTo(lt, rt)))
		return nil
	})
	return possible
}

// knownFlag warns of a comparison of event.flag with a word that no protocol is
// known to use.
func (r *routeReader) knownFlag(side, other hcl.Expression) {
	reference, ok := side.(*hclsyntax.ScopeTraversalExpr)
	if !ok || strings.Join(steps(reference.Traversal), ".") != "event.flag" {
		return
	}
	v, diags := other.Value(r.constants)
	known := []string{string(router.FlagDevelopment), string(router.FlagStateless)}
	if diags.HasErrors() || !isPlain(v) || v.Type() != cty.String || v.AsString() == "" || slices.Contains(known, v.AsString()) {
		return
	}
	r.add(warningAt(other.Range(), "Unknown flag", `No event is known to have the flag %s; that of a customer's is "".%s`, quote(v.AsString()), suggest(v.AsString(), known)))
}

func namesEvent(expr hcl.Expression) bool {
	for _, traversal := range expr.Variables() {
		if traversal.RootName() == "event" {
			return true
		}
	}
	return false
}

// sideOf is a primitive type in words.
func sideOf(t cty.Type) string {
	switch t {
	case cty.String:
		return "a text"
	case cty.Number:
		return "a number"
	}
	return "true or false"
}

// wayTo is how values of two types are written as one.
func wayTo(a, b cty.Type) string {
	if a == cty.Bool || b == cty.Bool {
		return "true and false have no quotes"
	}
	return "a number has no quotes; tostring() makes a text of one"
}

// comparesLists reports a comparison with a list of the event. It is a tuple when
// it comes, and may be equal to another; its type, before it is there, is that of
// nothing that could be written.
func comparesLists(expr hcl.Expression, ctx *hcl.EvalContext) bool {
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return false
	}
	found := false
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		e, ok := n.(*hclsyntax.BinaryOpExpr)
		if !ok || found || e.Op != hclsyntax.OpEqual && e.Op != hclsyntax.OpNotEqual || isNullTest(e) || !namesEvent(e) {
			return nil
		}
		left, _ := e.LHS.Value(ctx) // what can't be computed has an error of its own
		right, _ := e.RHS.Value(ctx)
		found = holdsList(left.Type()) || holdsList(right.Type())
		return nil
	})
	return found
}

func holdsList(t cty.Type) bool {
	if !t.IsObjectType() {
		return t.IsListType()
	}
	for _, member := range t.AttributeTypes() {
		if holdsList(member) {
			return true
		}
	}
	return false
}
