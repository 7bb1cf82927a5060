package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// condition is a `when`. Most conditions compare something of the event with a
// text, and an event is asked many: those are answered without HCL's operators,
// which cost several times the comparison.
type condition struct {
	expr hcl.Expression
	// operand is compared with text, and is nil where the condition is more
	// than that.
	operand hcl.Expression
	ref     *reference // what the operand names, or nil
	text    string
	equal   bool
}

func newCondition(expr hcl.Expression) *condition {
	c := &condition{expr: expr}
	op, ok := expr.(*hclsyntax.BinaryOpExpr)
	if !ok || op.Op != hclsyntax.OpEqual && op.Op != hclsyntax.OpNotEqual {
		return c
	}
	literal, ok := op.RHS.(*hclsyntax.TemplateExpr)
	if !ok || !literal.IsStringLiteral() {
		return c
	}
	text, diags := literal.Value(nil)
	if diags.HasErrors() {
		return c
	}
	c.operand, c.ref = op.LHS, referenceOf(op.LHS)
	c.text, c.equal = text.AsString(), op.Op == hclsyntax.OpEqual
	return c
}

// compare gives the result for an operand that is simply a text. Whatever is
// not is left to HCL, errors included.
func (c *condition) compare(v cty.Value) (holds, ok bool) {
	if v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return false, false
	}
	return (v.AsString() == c.text) == c.equal, true
}

func (c *condition) holds(ctx *hcl.EvalContext) (bool, error) {
	if c.operand != nil {
		if v, diags := c.operand.Value(ctx); len(diags) == 0 {
			if holds, ok := c.compare(v); ok {
				return holds, nil
			}
		}
	}
	v, err := evaluate(c.expr, ctx)
	if err != nil {
		return false, err
	}
	if v.Type() != cty.Bool {
		if v, err = convert.Convert(v, cty.Bool); err != nil {
			return false, fmt.Errorf("%s: the condition is neither true nor false: %w", at(c.expr.Range()), err)
		}
	}
	if !v.IsKnown() || v.IsNull() {
		return false, fmt.Errorf("%s: the condition is null", at(c.expr.Range()))
	}
	return v.True(), nil
}
