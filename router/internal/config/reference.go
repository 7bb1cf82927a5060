package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// reference is an expression that only names something: part of the payload, of
// the attributes or of what the source adds to them, or an output. Most expressions of routes do. They are answered
// from the documents themselves: HCL wants an object made of every level on the
// way, which costs many times what is at its end.
type reference struct {
	// names begin with the variable, and are normalised as cty's are.
	names []string
	// key is the names in one.
	key string
	// last is the step that reads null where the event lacks the value, or nil.
	last *orNull
}

// referenceOf returns nil for an expression that is more than names.
func referenceOf(expr hcl.Expression) *reference {
	e, ok := expr.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return nil
	}
	ref := &reference{names: steps(e.Traversal)}
	ref.key = pathKey(ref.names)
	if len(ref.names) < len(e.Traversal) || strings.Count(ref.key, nameEnd) != len(ref.names)-1 {
		return nil
	}
	if last, ok := e.Traversal[len(e.Traversal)-1].(orNull); ok {
		ref.last = &last
	}
	return ref
}

// find gives what a route refers to. Where that is not simply there it gives
// nothing, and it is left to HCL to say why.
func (s *scope) find(route string, ref *reference) (cty.Value, bool) {
	if ref == nil || len(ref.names) < 3 || ref.names[0] != "event" && ref.names[0] != "deliver" {
		return cty.NilVal, false
	}
	if ref.names[0] == "deliver" {
		output, ok := s.outputs[route][ref.names[1]]
		if !ok || len(ref.names) > 3 || !output.Type().HasAttribute(ref.names[2]) {
			return cty.NilVal, false
		}
		return output.GetAttr(ref.names[2]), true
	}
	v, ok := s.found[ref.key]
	if !ok {
		switch ref.names[1] {
		case "payload":
			v, ok = s.payload.find(ref.names[2:])
		case "attributes":
			v, ok = s.attributes.find(ref.names[2:])
		default:
			v, ok = s.extra.find(ref.names[1:])
		}
		if ok {
			if s.found == nil {
				s.found = map[string]cty.Value{}
			}
			s.found[ref.key] = v
		}
	}
	switch {
	case !ok:
		return cty.NilVal, false
	case ref.last == nil:
		return v, v != absent
	case v == absent:
		return cty.NullVal(ref.last.ty), true
	}
	return ref.last.read(v), true
}

// attribute is a name in an object, and the expression of its value.
type attribute struct {
	name string
	expr hcl.Expression
	ref  *reference // or nil
	// hushed: no error may quote what the expression sees.
	hushed bool
}

// attributesOf takes an object apart whose names are known; ok is false for any
// other expression. No expression is no attributes.
func attributesOf(expr hcl.Expression) (attrs []attribute, ok bool) {
	if expr == nil {
		return nil, true
	}
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		return nil, false
	}
	for _, pair := range pairs {
		key, diags := pair.Key.Value(nil)
		if diags.HasErrors() || key.Type() != cty.String || !key.IsKnown() || key.IsNull() {
			return nil, false
		}
		attrs = append(attrs, attribute{name: key.AsString(), expr: pair.Value, ref: referenceOf(pair.Value)})
	}
	return attrs, true
}

// attributesNamed are expressions by name, in the order of their names.
func attributesNamed(exprs map[string]hcl.Expression) []attribute {
	var attrs []attribute
	for _, name := range keys(exprs) {
		attrs = append(attrs, attribute{name: name, expr: exprs[name], ref: referenceOf(exprs[name])})
	}
	return attrs
}
