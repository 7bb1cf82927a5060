package config

import (
	"encoding/json"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// What the shape of an event has and the event lacks reads as null, also below
// an object that is lacking itself. That is done in the steps of the references,
// and not in the event: nothing is made for the fields that nobody names, the
// object that one of them is in stays as it came, and inside try() and can() the
// field is missing, so that they can tell.

// orNull is a step to a member that the shape of the event has.
type orNull struct {
	hcl.Traverser
	name string
	// ty is the primitive type that the value should have, or cty's dynamic one.
	ty cty.Type
}

// TraversalStep implements hcl.Traverser.
func (step orNull) TraversalStep(v cty.Value) (cty.Value, hcl.Diagnostics) {
	if v.IsNull() || v.Type().IsObjectType() && !v.Type().HasAttribute(step.name) {
		return cty.NullVal(step.ty), nil
	}
	v, diags := step.Traverser.TraversalStep(v)
	return step.read(v), diags
}

// read converts a value to the type it should have where nothing is lost by
// that: a number that came as text, written as numbers are in JSON. Any other
// stays as it came.
func (step orNull) read(v cty.Value) cty.Value {
	t := v.Type()
	if t == step.ty || !step.ty.IsPrimitiveType() || !t.IsPrimitiveType() || !v.IsKnown() || v.IsNull() {
		return v
	}
	if t == cty.String && step.ty == cty.Number {
		text := v.AsString()
		if n, err := toNumber(json.Number(text)); err == nil && json.Valid([]byte(text)) {
			return n
		}
		return v
	}
	converted, err := convert.Convert(v, step.ty)
	if err != nil {
		return v
	}
	if back, err := convert.Convert(converted, t); err != nil || !back.RawEquals(v) {
		return v
	}
	return converted
}

// tolerate lets the references of an expression read null where an event of the
// shape lacks what they name. Calling it again changes nothing.
func (is eventShape) tolerate(expr hcl.Expression) {
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return
	}
	guarded := guardedRanges(expr)
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		e, ok := n.(*hclsyntax.ScopeTraversalExpr)
		if !ok || slices.Contains(guarded, e.Traversal.SourceRange()) {
			return nil
		}
		if s, rest := is.of(e.Traversal); s != nil {
			s.tolerateSteps(rest)
		}
		return nil
	})
	for _, e := range is.elements(expr) {
		if !e.within(guarded) {
			e.of.tolerateSteps(e.below)
		}
	}
}

func (s *shape) tolerateSteps(rest hcl.Traversal) {
	for i, s := range s.follow(rest) {
		if name, ok := nameOf(rest[i]); ok {
			if _, already := rest[i].(orNull); !already {
				rest[i] = orNull{rest[i], name, s.ty}
			}
		}
	}
}
