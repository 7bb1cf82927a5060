package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// operand is what conditions compare: part of an event, or a function of it.
// All conditions of a plan that write the same share one.
type operand struct {
	expr hcl.Expression
	ref  *reference // what it names, or nil
	// draft is the first route that compares it.
	draft *routeDraft
}

// operand is nil for an expression that is of more than the event and what is
// the same for all routes, or that has no key.
func (d *dissector) operand(expr hcl.Expression) *operand {
	for _, traversal := range expr.Variables() {
		if root := traversal.RootName(); root != "event" && root != "var" && root != "local" {
			return nil
		}
	}
	key, ok := keyOf(expr)
	if !ok {
		return nil
	}
	known := d.plan.operands
	if known[key] == nil {
		known[key] = &operand{expr: expr, ref: referenceOf(expr), draft: d.draft}
	}
	return known[key]
}

// value evaluates an operand, once for an event; it is cty.NilVal where it has
// none, or an error.
func (s *scope) value(o *operand) cty.Value {
	if o == nil {
		return cty.NilVal
	}
	v, asked := s.operands[o]
	if asked {
		return v
	}
	v, ok := s.find("", o.ref)
	if !ok {
		if variables, err := s.conditionVariables(); err == nil {
			if v, err = evaluate(o.expr, s.context(o.draft, variables)); err != nil {
				v = cty.NilVal
			}
		}
	}
	if s.operands == nil {
		s.operands = map[*operand]cty.Value{}
	}
	s.operands[o] = v
	return v
}

// constant evaluates an expression that names nothing of an event.
func (d *dissector) constant(expr hcl.Expression) (cty.Value, bool) {
	for _, traversal := range expr.Variables() {
		if root := traversal.RootName(); root == "event" || root == "deliver" || root == "failure" {
			return cty.NilVal, false
		}
	}
	v, diags := expr.Value(d.draft.constants)
	return v, !diags.HasErrors()
}

// keyOf gives two expressions one key if they are written with the same words,
// spaces and parentheses aside: each node before what it is made of, and of how
// much. Where ok is false the expression has something that is seldom compared.
func keyOf(expr hcl.Expression) (key string, ok bool) {
	root, ok := expr.(hclsyntax.Node)
	if !ok {
		return "", false
	}
	var b strings.Builder
	hclsyntax.VisitAll(root, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.ParenthesesExpr:
		case *hclsyntax.ScopeTraversalExpr:
			ok = writeSteps(&b, n.Traversal) && ok
		case *hclsyntax.RelativeTraversalExpr:
			b.WriteString(" below")
			ok = writeSteps(&b, n.Traversal) && ok
		case *hclsyntax.IndexExpr:
			b.WriteString(" index")
		case *hclsyntax.FunctionCallExpr:
			fmt.Fprintf(&b, " call %s %d %t", n.Name, len(n.Args), n.ExpandFinal)
		case *hclsyntax.LiteralValueExpr:
			fmt.Fprintf(&b, " %#v", n.Val)
		case *hclsyntax.TemplateExpr:
			fmt.Fprintf(&b, " template %d", len(n.Parts))
		case *hclsyntax.TupleConsExpr:
			fmt.Fprintf(&b, " list %d", len(n.Exprs))
		case *hclsyntax.BinaryOpExpr:
			fmt.Fprintf(&b, " two %p", n.Op)
		case *hclsyntax.UnaryOpExpr:
			fmt.Fprintf(&b, " one %p", n.Op)
		case *choice:
			b.WriteString(" if")
		default:
			ok = false
		}
		return nil
	})
	return b.String(), ok
}

// writeSteps reports whether all steps are names and constant indexes.
func writeSteps(b *strings.Builder, traversal hcl.Traversal) bool {
	for _, step := range traversal {
		if tolerant, ok := step.(orNull); ok {
			fmt.Fprintf(b, " or null %#v", tolerant.ty)
			step = tolerant.Traverser
		}
		switch step := step.(type) {
		case hcl.TraverseRoot:
			fmt.Fprintf(b, " %q", step.Name)
		case hcl.TraverseAttr:
			fmt.Fprintf(b, ".%q", step.Name)
		case hcl.TraverseIndex:
			fmt.Fprintf(b, "[%#v]", step.Key)
		default:
			return false
		}
	}
	return true
}
