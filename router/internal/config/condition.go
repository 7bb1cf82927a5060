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
	c.operand, c.text, c.equal = op.LHS, text.AsString(), op.Op == hclsyntax.OpEqual
	return c
}

func (c *condition) holds(ctx *hcl.EvalContext) (bool, error) {
	if c.operand != nil {
		// Whatever is not simply a text is left to HCL, errors included.
		v, diags := c.operand.Value(ctx)
		if len(diags) == 0 && v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
			return (v.AsString() == c.text) == c.equal, nil
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
