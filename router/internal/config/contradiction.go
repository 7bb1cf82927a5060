package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// claim is a comparison of an operand with a constant, for equality.
type claim struct {
	operand  *operand
	constant cty.Value
	equal    bool
	rng      hcl.Range
}

// reportContradictions reports comparisons of one condition that leave no event,
// or leave out none: x == "A" && x == "B", and x != "A" || x != "B". Only Load
// asks: a plan that the journal keeps has to compile whatever it says.
func reportContradictions(r *reader, drafts []*routeDraft) {
	for _, draft := range drafts {
		if draft.again {
			continue
		}
		whens := []hcl.Expression{draft.when}
		for _, d := range draft.deliveries {
			whens = append(whens, d.when)
		}
		for _, when := range whens {
			if node, ok := when.(hclsyntax.Node); ok && !refersTo(when, eachVariable) {
				d := &dissector{plan: &plan{operands: map[string]*operand{}}, draft: draft}
				c := &contradictions{r: r, d: d, whole: bare(when), decides: sides(when, hclsyntax.OpLogicalAnd)}
				c.walk(node)
			}
		}
	}
}

// contradictions looks for those of one condition.
type contradictions struct {
	r     *reader
	d     *dissector
	whole hcl.Expression
	// decides are the expressions that make the whole false if they are.
	decides []hcl.Expression
	done    bool // one is enough
}

func (c *contradictions) walk(node hclsyntax.Node) {
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		e, ok := n.(*hclsyntax.BinaryOpExpr)
		if !ok || c.done {
			return nil
		}
		switch e.Op {
		case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
			c.chain(e)
		case hclsyntax.OpEqual:
			c.kind(e)
		}
		return nil
	})
}

// chain looks at all that one && or || joins, two by two.
func (c *contradictions) chain(e *hclsyntax.BinaryOpExpr) {
	var claims []claim
	for _, side := range sides(e, e.Op) {
		if made, ok := c.claim(side); ok {
			claims = append(claims, made)
		}
	}
	for i, second := range claims {
		for _, first := range claims[:i] {
			if first.operand == second.operand && !c.done {
				c.pair(e, first, second)
			}
		}
	}
}

func (c *contradictions) pair(e *hclsyntax.BinaryOpExpr, first, second claim) {
	and := e.Op == hclsyntax.OpLogicalAnd
	alike := same(first.constant, second.constant)
	a, b, what := written(first.constant), written(second.constant), writtenOperand(first.operand)
	switch {
	case first.equal != second.equal && alike == yes && and:
		c.report(e, false, second.rng, "%s can't be %s and not be %s at once. Take one of the two out.", what, a, b)
	case first.equal != second.equal && alike == yes:
		c.report(e, true, second.rng, "%s always is %s or is not. Take one of the two out.", what, a)
	case first.equal && second.equal && alike == no && and:
		c.report(e, false, second.rng, "%s can't be %s and %s at once. Write || between the two for either of them.", what, a, b)
	case !first.equal && !second.equal && alike == no && !and:
		c.report(e, true, second.rng, "%s can't be %s and %s at once, so it always differs from one of them. Write && between the two for neither of them.", what, a, b)
	}
}

// kind reports an event's type or source that the route does not take anyway.
func (c *contradictions) kind(e *hclsyntax.BinaryOpExpr) {
	made, ok := c.claim(e)
	if !ok || made.operand.ref == nil || made.constant.Type() != cty.String || made.constant.IsNull() {
		return
	}
	value := made.constant.AsString()
	switch on, from := textsOf(c.d.draft.on), textsOf(c.d.draft.from); made.operand.ref.key {
	case pathKey([]string{"event", "type"}):
		if len(on) > 0 && !slices.Contains(on, value) {
			c.report(e, false, e.Range(), "This route takes events of type %s only, by its \"on\", and none of type %s.%s", list(on), quote(value), suggestMeant(value, on))
		}
	case pathKey([]string{"event", "source"}):
		if len(from) > 0 && !slices.Contains(from, value) {
			c.report(e, false, e.Range(), "This route takes events from %s only, by its \"from\", and none from %s.%s", list(from), quote(value), suggestMeant(value, from))
		}
	}
}

// suggestMeant is suggest without the list of what there is.
func suggestMeant(given string, known []string) string {
	if meant := nearest(given, known); meant != "" {
		return " Did you mean " + quote(meant) + "?"
	}
	return ""
}

// report is an error for what decides the whole condition, and a warning for a
// part that may only be written in too many words.
func (c *contradictions) report(e *hclsyntax.BinaryOpExpr, is bool, rng hcl.Range, detail string, args ...any) {
	c.done = true
	truth := "false"
	if is {
		truth = "true"
	}
	if c.whole == hcl.Expression(e) || !is && slices.Contains(c.decides, hcl.Expression(e)) {
		c.r.add(errorAt(rng, "A condition that is always "+truth, detail, args...))
		return
	}
	c.r.add(warningAt(rng, "A part of a condition that is always "+truth, detail, args...))
}

// claim reads a comparison for equality with a constant.
func (c *contradictions) claim(expr hcl.Expression) (claim, bool) {
	e, ok := expr.(*hclsyntax.BinaryOpExpr)
	if !ok || e.Op != hclsyntax.OpEqual && e.Op != hclsyntax.OpNotEqual {
		return claim{}, false
	}
	for _, sides := range [][2]hcl.Expression{{e.LHS, e.RHS}, {e.RHS, e.LHS}} {
		constant, ok := c.d.constant(sides[1])
		if !ok {
			continue
		}
		if o := c.d.operand(bare(sides[0])); o != nil {
			return claim{o, constant, e.Op == hclsyntax.OpEqual, e.SrcRange}, true
		}
	}
	return claim{}, false
}

// sides are what a chain of one operator joins; of anything else, itself.
func sides(expr hcl.Expression, op *hclsyntax.Operation) []hcl.Expression {
	expr = bare(expr)
	e, ok := expr.(*hclsyntax.BinaryOpExpr)
	if !ok || e.Op != op {
		return []hcl.Expression{expr}
	}
	return append(sides(e.LHS, op), sides(e.RHS, op)...)
}

// bare takes the parentheses off.
func bare(expr hcl.Expression) hcl.Expression {
	for {
		e, ok := expr.(*hclsyntax.ParenthesesExpr)
		if !ok {
			return expr
		}
		expr = e.Expression
	}
}

// written is a constant as an operator writes it.
func written(v cty.Value) string {
	text, err := appendJSON(nil, v)
	if err != nil {
		return "…"
	}
	return string(text)
}

// writtenOperand names what is compared, if it has a short name.
func writtenOperand(o *operand) string {
	if e, ok := o.expr.(*hclsyntax.ScopeTraversalExpr); ok {
		return writtenSteps(e.Traversal)
	}
	return "What is compared here"
}
