package config

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Reason is a part of a condition that is no more made of && and ||, and that
// made the condition what it is.
type Reason struct {
	// Text is the part as the operator wrote it, and Is what it came to.
	Text string `json:"text"`
	Is   bool   `json:"is"`
	At   string `json:"at"`
	// Seen are what it is about, and what the event has there.
	Seen []Seen `json:"seen,omitempty"`
}

// Seen is a part of a Reason, and its value: null where it reads as null, and
// absent where it can't be read.
type Seen struct {
	Text  string          `json:"text"`
	Value json.RawMessage `json:"value,omitempty"`
}

// whyNot finds the parts for which a condition is false.
func (x *Explainer) whyNot(s *scope, draft *routeDraft) []Reason {
	variables, err := s.conditionVariables()
	if err != nil {
		return nil
	}
	w := &why{ctx: s.context(draft, variables), text: x.text}
	w.blame(draft.when, false)
	return w.reasons
}

// why collects the reasons of one condition.
type why struct {
	ctx     *hcl.EvalContext
	text    text
	reasons []Reason
}

// blame goes down to the parts that made an expression what it is. Where both
// sides of an && are false, or of an || that is false, both are to blame.
func (w *why) blame(expr hcl.Expression, is bool) {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		w.blame(e.Expression, is)
	case *hclsyntax.UnaryOpExpr:
		if e.Op == hclsyntax.OpLogicalNot {
			w.blame(e.Val, !is)
			return
		}
		w.leaf(expr, is)
	case *hclsyntax.BinaryOpExpr:
		if e.Op != hclsyntax.OpLogicalAnd && e.Op != hclsyntax.OpLogicalOr {
			w.leaf(expr, is)
			return
		}
		for _, side := range []hcl.Expression{e.LHS, e.RHS} {
			if v, ok := w.truth(side); ok && v == is {
				w.blame(side, is)
			}
		}
	case *choice:
		chosen, ok := w.truth(e.Condition)
		if !ok {
			w.leaf(expr, is)
			return
		}
		taken := e.FalseResult
		if chosen {
			taken = e.TrueResult
		}
		w.blame(e.Condition, chosen)
		w.blame(taken, is)
	default:
		w.leaf(expr, is)
	}
}

// truth is what a condition comes to, if it comes to anything.
func (w *why) truth(expr hcl.Expression) (is, ok bool) {
	v, diags := expr.Value(w.ctx)
	if diags.HasErrors() {
		return false, false
	}
	v, err := convert.Convert(v, cty.Bool)
	if err != nil || !v.IsKnown() || v.IsNull() {
		return false, false
	}
	return v.True(), true
}

// leaf notes a part with the values it is about. A literal says all itself.
func (w *why) leaf(expr hcl.Expression, is bool) {
	if _, literal := expr.(*hclsyntax.LiteralValueExpr); literal {
		return
	}
	r := Reason{Text: w.text.of(expr.Range()), Is: is, At: at(expr.Range())}
	for _, part := range operands(expr) {
		if s, ok := w.see(part); ok {
			r.Seen = append(r.Seen, s)
		}
	}
	for _, traversal := range expr.Variables() {
		s := Seen{Text: w.text.of(traversal.SourceRange())}
		if v, diags := traversal.TraverseAbs(w.ctx); !diags.HasErrors() {
			if s.Value = shown(v); v.IsNull() {
				s.Value = json.RawMessage("null")
			}
		}
		if s.Text != r.Text && !slices.ContainsFunc(r.Seen, func(seen Seen) bool { return seen.Text == s.Text }) {
			r.Seen = append(r.Seen, s)
		}
	}
	w.reasons = append(w.reasons, r)
}

// operands are the parts of a comparison, or the arguments of a function, whose
// values don't stand in the text: calls and what is computed.
func operands(expr hcl.Expression) []hcl.Expression {
	switch e := expr.(type) {
	case *hclsyntax.BinaryOpExpr:
		return []hcl.Expression{e.LHS, e.RHS}
	case *hclsyntax.FunctionCallExpr:
		var out []hcl.Expression
		for _, arg := range e.Args {
			out = append(out, arg)
		}
		return out
	}
	return nil
}

// see evaluates a part that is more than a name, which Variables gives, and
// more than a literal. Nothing is seen of one that can't be evaluated.
func (w *why) see(part hcl.Expression) (Seen, bool) {
	if _, name := part.(*hclsyntax.ScopeTraversalExpr); name || len(part.Variables()) == 0 {
		return Seen{}, false
	}
	v, diags := part.Value(w.ctx)
	if diags.HasErrors() {
		return Seen{}, false
	}
	return Seen{Text: w.text.of(part.Range()), Value: shown(v)}, true
}

// maxShown bounds the value of a part, which may be the whole event.
const maxShown = 200

// shown writes a value for a person; nil stands for absent, which null is too.
func shown(v cty.Value) json.RawMessage {
	if !v.IsWhollyKnown() || v.IsNull() {
		return nil
	}
	text, err := appendJSON(nil, v)
	if err != nil {
		return nil
	}
	if len(text) > maxShown {
		cut := strings.ToValidUTF8(string(text[:maxShown]), "")
		return appendText(nil, cut+"…")
	}
	return text
}
