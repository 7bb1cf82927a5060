package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// choice is a ? b : c. HCL gives the value of either side the type that both can
// have: `l == null ? [] : l` makes a list's numbers texts where one of its objects
// has a member more, and takes a minute to find that out for an event's 4,000
// objects. Here the value is what the chosen side gives, as it is, and the other
// side is not asked. While the condition is not known, at load, the choice is HCL's.
type choice struct{ *hclsyntax.ConditionalExpr }

// Value implements hcl.Expression.
func (c *choice) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	condition, diags := c.Condition.Value(ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	rest := *c.ConditionalExpr
	rest.Condition = &evaluated{c.Condition, condition, diags}
	if !condition.IsKnown() || condition.IsMarked() {
		return rest.Value(ctx)
	}
	is, err := convert.Convert(condition, cty.Bool)
	switch {
	case err != nil || is.IsNull():
		nothing := &hclsyntax.LiteralValueExpr{Val: cty.NullVal(cty.DynamicPseudoType), SrcRange: c.SrcRange}
		rest.TrueResult, rest.FalseResult = nothing, nothing
		return rest.Value(ctx) // HCL has the words for it
	case is.True():
		return c.TrueResult.Value(ctx)
	}
	return c.FalseResult.Value(ctx)
}

// evaluated is an expression that is not evaluated a second time.
type evaluated struct {
	hclsyntax.Expression
	v     cty.Value
	diags hcl.Diagnostics
}

// Value implements hcl.Expression.
func (e *evaluated) Value(*hcl.EvalContext) (cty.Value, hcl.Diagnostics) { return e.v, e.diags }

// ownOperators has a tree that was just parsed evaluate what this package does
// better than HCL: arithmetic and choices. The tree's root must be no choice.
func ownOperators(root hclsyntax.Node) {
	boundArithmetic(root)
	_ = hclsyntax.VisitAll(root, func(n hclsyntax.Node) hcl.Diagnostics {
		for _, part := range partsOf(n) {
			if e, ok := (*part).(*hclsyntax.ConditionalExpr); ok {
				*part = &choice{e}
			}
		}
		return nil
	})
}

// partsOf are the expressions that a node is made of.
func partsOf(n hclsyntax.Node) (out []*hclsyntax.Expression) {
	switch n := n.(type) {
	case *hclsyntax.Attribute:
		return []*hclsyntax.Expression{&n.Expr}
	case *hclsyntax.ParenthesesExpr:
		return []*hclsyntax.Expression{&n.Expression}
	case *hclsyntax.BinaryOpExpr:
		return []*hclsyntax.Expression{&n.LHS, &n.RHS}
	case *hclsyntax.UnaryOpExpr:
		return []*hclsyntax.Expression{&n.Val}
	case *choice:
		return []*hclsyntax.Expression{&n.Condition, &n.TrueResult, &n.FalseResult}
	case *hclsyntax.IndexExpr:
		return []*hclsyntax.Expression{&n.Collection, &n.Key}
	case *hclsyntax.RelativeTraversalExpr:
		return []*hclsyntax.Expression{&n.Source}
	case *hclsyntax.SplatExpr:
		return []*hclsyntax.Expression{&n.Source, &n.Each}
	case *hclsyntax.ForExpr:
		return []*hclsyntax.Expression{&n.CollExpr, &n.KeyExpr, &n.ValExpr, &n.CondExpr}
	case *hclsyntax.ObjectConsKeyExpr:
		return []*hclsyntax.Expression{&n.Wrapped}
	case *hclsyntax.TemplateWrapExpr:
		return []*hclsyntax.Expression{&n.Wrapped}
	case *hclsyntax.TemplateJoinExpr:
		return []*hclsyntax.Expression{&n.Tuple}
	case *hclsyntax.FunctionCallExpr:
		return pointers(n.Args)
	case *hclsyntax.TupleConsExpr:
		return pointers(n.Exprs)
	case *hclsyntax.TemplateExpr:
		return pointers(n.Parts)
	case *hclsyntax.ObjectConsExpr:
		for i := range n.Items {
			out = append(out, &n.Items[i].KeyExpr, &n.Items[i].ValueExpr)
		}
	}
	return out
}

func pointers(exprs []hclsyntax.Expression) []*hclsyntax.Expression {
	out := make([]*hclsyntax.Expression, len(exprs))
	for i := range exprs {
		out[i] = &exprs[i]
	}
	return out
}
