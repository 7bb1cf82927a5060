package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// What a condition does with events that lack a field that it names. Nothing is
// guessed from its form: the smallest parts of it are evaluated for an event that
// lacks the field and has all the others, with values that nobody knows. So
// `x != "FREE"` is true of it, `x > 3` fails, and of `x == "PRO"` nothing is said,
// since it is as false as it looks.

// lack is a field that a reference names, and that an event may lack.
type lack struct {
	// names lead to it, from "event" on; text is what the operator wrote.
	names []string
	text  string
	// ty is the primitive type that it has where it is there, or cty's dynamic one.
	ty cty.Type
	// missing are the parts on the way, the field included, that may be absent.
	missing []string
}

// lackOf returns nil for a reference to what is always there, or of which nothing
// is known. An element is named as it is written: "[0]".
func (is eventShape) lackOf(traversal hcl.Traversal) *lack {
	s, rest := is.of(traversal)
	if s == nil {
		return nil
	}
	l := &lack{}
	names, behindIndex := steps(traversal[:2]), false
	for i, s := range s.follow(rest) {
		name, ok := nameOf(rest[i])
		if !ok {
			name, behindIndex = writtenSteps(rest[i:i+1]), true
		}
		names = append(names, name)
		if !s.always {
			l.missing = append(l.missing, pathKey(names))
		}
		if !s.always || !behindIndex { // else what lacks is the list
			l.names, l.text, l.ty = slices.Clone(names), writtenSteps(traversal[:len(names)]), s.ty
		}
	}
	if len(l.missing) == 0 {
		return nil
	}
	return l
}

// nameEnd stands between the names of a key. A name can have it in it, so that
// whoever needs to tell keys apart for sure counts.
const nameEnd = "\x00"

func pathKey(names []string) string { return strings.Join(names, nameEnd) }

// lacks are those of an expression, but for what stands in calls of these
// functions.
func (is eventShape) lacks(expr hcl.Expression, except ...string) []*lack {
	var out []*lack
	guarded := rangesIn(expr, except...)
	for _, traversal := range expr.Variables() {
		if !slices.Contains(guarded, traversal.SourceRange()) {
			if l := is.lackOf(traversal); l != nil {
				out = append(out, l)
			}
		}
	}
	return out
}

// truth is what a part of a condition comes to.
type truth int

const (
	unsettled truth = iota // it hangs on values that are not known
	isTrue
	isFalse
	fails
)

func comesTo(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// without is what an expression comes to for an event that lacks these parts.
func (r *routeReader) without(expr hcl.Expression, missing ...string) truth {
	key := asked{expr, strings.Join(missing, "\x00\x00")}
	if t, ok := r.truths[key]; ok {
		return t
	}
	t := unsettled
	v, diags := r.valueWithout(expr, missing...)
	if b, err := convert.Convert(v, cty.Bool); diags.HasErrors() || err != nil || b.IsKnown() && b.IsNull() {
		t = fails
	} else if b.IsKnown() {
		t = comesTo(b.True())
	}
	if r.truths == nil {
		r.truths = map[asked]truth{}
	}
	r.truths[key] = t
	return t
}

// valueWithout evaluates an expression for an event that lacks these parts.
func (r *routeReader) valueWithout(expr hcl.Expression, missing ...string) (cty.Value, hcl.Diagnostics) {
	named := &paths{}
	named.note("event", expr)
	event := map[string]cty.Value{}
	for name, v := range r.envelope() {
		below := named.below[name]
		switch {
		case below == nil && !named.whole:
			continue
		case below != nil && name == "payload":
			v = r.shape.payload.valueWithout(below, pathKey([]string{"event", name}), missing)
		case below != nil && name == "attributes":
			v = r.shape.attributes.valueWithout(below, pathKey([]string{"event", name}), missing)
		}
		event[name] = v
	}
	ctx := r.expressions.NewChild()
	ctx.Variables = map[string]cty.Value{"event": cty.ObjectVal(event)}
	return expr.Value(ctx)
}

// asked is an expression, asked for an event without something.
type asked struct {
	expr    hcl.Expression
	missing string
}

// valueWithout has what is named of the shape but for what is missing, all of it
// there and not known.
func (s *shape) valueWithout(named *paths, at string, missing []string) cty.Value {
	if named.whole || len(named.below) == 0 {
		for _, path := range missing {
			if below, ok := strings.CutPrefix(path, at+nameEnd); ok {
				return cty.UnknownVal(s.typeWithout(strings.Split(below, nameEnd))).RefineNotNull()
			}
		}
		if holdsList(s.valueType()) {
			return cty.DynamicVal // which may be equal to what is written in brackets
		}
		return s.unknown()
	}
	members := map[string]cty.Value{}
	for name, below := range named.below {
		at := at + nameEnd + name
		if slices.Contains(missing, at) {
			continue
		}
		member := s.members[name]
		if member == nil {
			member = anything
		}
		members[name] = member.valueWithout(below, at, missing)
	}
	return cty.ObjectVal(members)
}

// typeWithout is valueType but for the part that these names lead to.
func (s *shape) typeWithout(names []string) cty.Type {
	switch {
	case s.each != nil && len(names) > 1:
		return cty.List(s.each.typeWithout(names[1:]))
	case s.members != nil:
		members := map[string]cty.Type{}
		for name, member := range s.members {
			switch {
			case name != names[0]:
				members[name] = member.valueType()
			case len(names) > 1:
				members[name] = member.typeWithout(names[1:])
			}
		}
		return cty.Object(members)
	}
	return s.valueType()
}

// there are parts of the event, by their pathKey, that an event is known to have
// at a place in an expression. One that has nowhere stands for a place that is
// never come to.
type there map[string]bool

const nowhere = ""

func (t there) has(path string) bool { return t[path] || t[nowhere] }

func (t there) and(other there) there {
	out := there{}
	for _, given := range []there{t, other} {
		for path := range given {
			out[path] = true
		}
	}
	return out
}

func (t there) or(other there) there {
	out := there{}
	for path := range t {
		out[path] = other.has(path)
	}
	for path := range other {
		out[path] = t.has(path)
	}
	for path, in := range out {
		if !in {
			delete(out, path)
		}
	}
	return out
}

// proves gives what an event has for which the expression is true, or false.
func (r *routeReader) proves(expr hcl.Expression, is bool) there {
	if expr == nil || !r.shape.known() {
		return nil
	}
	key := asked{expr, "true"}
	if !is {
		key.missing = "false"
	}
	if known, ok := r.proofs[key]; ok {
		return known
	}
	out := r.provesAnew(expr, is)
	if r.proofs == nil {
		r.proofs = map[asked]there{}
	}
	r.proofs[key] = out
	return out
}

func (r *routeReader) provesAnew(expr hcl.Expression, is bool) there {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return r.proves(e.Expression, is)
	case *hclsyntax.UnaryOpExpr:
		if e.Op == hclsyntax.OpLogicalNot {
			return r.proves(e.Val, !is)
		}
	case *hclsyntax.BinaryOpExpr:
		if e.Op == hclsyntax.OpLogicalAnd || e.Op == hclsyntax.OpLogicalOr {
			left, right := r.proves(e.LHS, is), r.proves(e.RHS, is)
			if is == (e.Op == hclsyntax.OpLogicalAnd) {
				return left.and(right)
			}
			return left.or(right)
		}
	case *choice:
		first := r.proves(e.Condition, true).and(r.proves(e.TrueResult, is))
		return first.or(r.proves(e.Condition, false).and(r.proves(e.FalseResult, is)))
	}
	lacks := r.shape.lacks(expr)
	if len(lacks) == 0 && r.without(expr) == comesTo(!is) {
		return there{nowhere: true}
	}
	out := there{}
	for _, l := range lacks {
		for _, path := range l.missing {
			if r.without(expr, path) == comesTo(!is) {
				out[path] = true
			}
		}
	}
	return out
}

// known reports whether anything is known of the event.
func (is eventShape) known() bool {
	return is.payload != nil && (!is.payload.isAnything() || !is.attributes.isAnything())
}
