package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// An event is asked the conditions of many routes, and most of them compare the
// same few parts of it with constants. So a route's condition is taken apart
// down to its operands, each of which is evaluated once for an event, whoever
// names it, and is compared here: HCL's operators cost many times as much.
// Whatever can't be told so is left to HCL, errors included.

// answer is what a part of a condition comes to.
type answer int8

const (
	unclear answer = iota // HCL has to say
	no
	yes
)

func answerOf(is bool) answer {
	if is {
		return yes
	}
	return no
}

// term is a condition, or one side of an && or ||.
type term struct {
	ask func(*scope) answer
	// boolean: it is true, false or an error, and never of another type.
	boolean bool
}

// decides reports whether the term, having come to a, lets the other side of
// an && or || decide alone. HCL passes over an error of one side if the other
// decides, but not over a value that is no boolean.
func (t term) decides(a answer) bool { return t.boolean || a != unclear }

// condition takes the `when` of a route apart.
func (p *plan) condition(draft *routeDraft) term {
	return (&dissector{plan: p, draft: draft}).term(draft.when)
}

// dissector takes apart the condition of one route.
type dissector struct {
	plan  *plan
	draft *routeDraft
}

func (d *dissector) term(expr hcl.Expression) term {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return d.term(e.Expression)
	case *hclsyntax.UnaryOpExpr:
		if e.Op == hclsyntax.OpLogicalNot {
			return negated(d.term(e.Val))
		}
	case *hclsyntax.BinaryOpExpr:
		switch e.Op {
		case hclsyntax.OpLogicalAnd:
			return junction(d.term(e.LHS), d.term(e.RHS), no)
		case hclsyntax.OpLogicalOr:
			return junction(d.term(e.LHS), d.term(e.RHS), yes)
		}
		return d.comparison(e)
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "contains" && len(e.Args) == 2 && !e.ExpandFinal {
			return d.membership(e)
		}
	}
	return d.alone(expr)
}

func negated(inner term) term {
	return term{boolean: true, ask: func(s *scope) answer {
		switch inner.ask(s) {
		case yes:
			return no
		case no:
			return yes
		}
		return unclear
	}}
}

// junction is an && or an ||: either side decides it by coming to deciding.
func junction(left, right term, deciding answer) term {
	return term{boolean: true, ask: func(s *scope) answer {
		l := left.ask(s)
		if l == deciding && right.boolean {
			return deciding
		}
		r := right.ask(s)
		switch {
		case l == deciding && right.decides(r), r == deciding && left.decides(l):
			return deciding
		case l == unclear || r == unclear:
			return unclear
		}
		return r // neither decides: both are the other
	}}
}

// comparison compares an operand with a constant.
func (d *dissector) comparison(e *hclsyntax.BinaryOpExpr) term {
	boolean := e.Op.Type == cty.Bool
	test := tests()[e.Op]
	if constant, ok := d.constant(e.RHS); ok && test != nil {
		if o := d.operand(e.LHS); o != nil {
			return term{boolean: boolean, ask: func(s *scope) answer { return test(s.value(o), constant) }}
		}
	}
	if constant, ok := d.constant(e.LHS); ok && test != nil {
		if o := d.operand(e.RHS); o != nil {
			return term{boolean: boolean, ask: func(s *scope) answer { return test(constant, s.value(o)) }}
		}
	}
	out := d.alone(e)
	out.boolean = boolean
	return out
}

// tests are the comparisons that are made here.
func tests() map[*hclsyntax.Operation]func(a, b cty.Value) answer {
	order := func(holds func(sign int) bool) func(a, b cty.Value) answer {
		return func(a, b cty.Value) answer {
			if !isPlain(a) || !isPlain(b) || a.Type() != cty.Number || b.Type() != cty.Number {
				return unclear
			}
			return answerOf(holds(a.AsBigFloat().Cmp(b.AsBigFloat())))
		}
	}
	return map[*hclsyntax.Operation]func(a, b cty.Value) answer{
		hclsyntax.OpEqual: same,
		hclsyntax.OpNotEqual: func(a, b cty.Value) answer {
			if is := same(a, b); is != unclear {
				return answerOf(is == no)
			}
			return unclear
		},
		hclsyntax.OpLessThan:           order(func(sign int) bool { return sign < 0 }),
		hclsyntax.OpLessThanOrEqual:    order(func(sign int) bool { return sign <= 0 }),
		hclsyntax.OpGreaterThan:        order(func(sign int) bool { return sign > 0 }),
		hclsyntax.OpGreaterThanOrEqual: order(func(sign int) bool { return sign >= 0 }),
	}
}

// same compares texts, numbers, booleans and nulls. A text and a number are
// never the same, whatever they look like.
func same(a, b cty.Value) answer {
	if a == cty.NilVal || b == cty.NilVal || !a.IsKnown() || !b.IsKnown() || a.IsMarked() || b.IsMarked() {
		return unclear
	}
	if a.IsNull() || b.IsNull() {
		return answerOf(a.IsNull() && b.IsNull())
	}
	t, u := a.Type(), b.Type()
	switch {
	case t == cty.String && u == cty.String: // most are
		return answerOf(a.AsString() == b.AsString())
	case t.IsPrimitiveType() && u.IsPrimitiveType():
		return answerOf(a.RawEquals(b))
	}
	return unclear
}

// isPlain reports a value that has no mark, is known and is not null.
func isPlain(v cty.Value) bool { return v != cty.NilVal && !v.IsMarked() && v.IsKnown() && !v.IsNull() }

// membership is contains(TEXTS, X): one of several texts.
func (d *dissector) membership(e *hclsyntax.FunctionCallExpr) term {
	out := d.alone(e)
	out.boolean = true
	list, ok := d.constant(e.Args[0])
	o := d.operand(e.Args[1])
	if !ok || o == nil || !isPlain(list) || !list.CanIterateElements() || list.Type().IsObjectType() || list.Type().IsMapType() {
		return out
	}
	texts := map[string]bool{}
	for _, element := range list.AsValueSlice() {
		if !isPlain(element) || element.Type() != cty.String {
			return out
		}
		texts[element.AsString()] = true
	}
	out.ask = func(s *scope) answer {
		v := s.value(o)
		if !isPlain(v) || v.Type() != cty.String {
			return unclear
		}
		return answerOf(texts[v.AsString()])
	}
	return out
}

// alone is an operand that is a condition by itself.
func (d *dissector) alone(expr hcl.Expression) term {
	o := d.operand(expr)
	return term{ask: func(s *scope) answer {
		if v := s.value(o); isPlain(v) && v.Type() == cty.Bool {
			return answerOf(v.True())
		}
		return unclear
	}}
}

// holds evaluates a condition by HCL.
func holds(expr hcl.Expression, ctx *hcl.EvalContext) (bool, error) {
	v, err := evaluate(expr, ctx)
	if err != nil {
		return false, err
	}
	if v.Type() != cty.Bool {
		if v, err = convert.Convert(v, cty.Bool); err != nil {
			return false, fmt.Errorf("%s: the condition is neither true nor false: %w", at(expr.Range()), err)
		}
	}
	if !v.IsKnown() || v.IsNull() {
		return false, fmt.Errorf("%s: the condition is null", at(expr.Range()))
	}
	return v.True(), nil
}
