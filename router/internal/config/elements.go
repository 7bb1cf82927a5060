package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// element is a reference to an element of one of the event's lists, or to what is
// below it: by the variable of a `for`, or behind [*].
type element struct {
	of *shape
	// below are the steps from the element, in the expression itself, and written
	// is how it names the element.
	below   hcl.Traversal
	written string
	// whole is what the operator wrote.
	whole hcl.Traversal
	// by are the places of the references that lead to it, its own included.
	by []hcl.Range
}

// within reports whether one of the references that lead to it stands at one of
// these places.
func (e element) within(places []hcl.Range) bool {
	return slices.ContainsFunc(e.by, func(rng hcl.Range) bool { return slices.Contains(places, rng) })
}

// elements are those of an expression.
func (is eventShape) elements(expr hcl.Expression) []element {
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return nil
	}
	w := &elementWalker{is: is}
	_ = hclsyntax.Walk(node, w)
	return w.found
}

// eventList is one of the event's, with elements of a shape that is known.
type eventList struct {
	each  *shape
	whole hcl.Traversal
	by    []hcl.Range
}

// loopVariable is one of a `for`; its list is nil if nothing is known of it.
type loopVariable struct {
	name string
	list *eventList
}

// elementWalker knows which variables there are where it is.
type elementWalker struct {
	is    eventShape
	loops []*hclsyntax.ForExpr
	known []loopVariable
	found []element
}

func (w *elementWalker) Enter(n hclsyntax.Node) hcl.Diagnostics {
	switch n := n.(type) {
	case *hclsyntax.ForExpr:
		w.loops = append(w.loops, n)
	case hclsyntax.ChildScope: // of a `for`: nothing else has one
		loop := w.loops[len(w.loops)-1]
		w.known = append(w.known, loopVariable{loop.KeyVar, nil}, loopVariable{loop.ValVar, w.listOf(loop.CollExpr)})
	case *hclsyntax.ScopeTraversalExpr:
		if l := w.variable(n.Traversal.RootName()); l != nil {
			w.found = append(w.found, element{l.each, n.Traversal[1:], n.Traversal.RootName(), n.Traversal, append(slices.Clip(l.by), n.Traversal.SourceRange())})
		}
	case *hclsyntax.SplatExpr:
		each, ok := n.Each.(*hclsyntax.RelativeTraversalExpr)
		if l := w.listOf(n.Source); l != nil && ok && each.Source == hclsyntax.Expression(n.Item) {
			w.found = append(w.found, element{l.each, each.Traversal, writtenSteps(l.whole) + "[*]", slices.Concat(l.whole, each.Traversal), l.by})
		}
	}
	return nil
}

func (w *elementWalker) Exit(n hclsyntax.Node) hcl.Diagnostics {
	switch n.(type) {
	case *hclsyntax.ForExpr:
		w.loops = w.loops[:len(w.loops)-1]
	case hclsyntax.ChildScope:
		w.known = w.known[:len(w.known)-2]
	}
	return nil
}

// variable is the list that a variable goes through, or nil.
func (w *elementWalker) variable(name string) *eventList {
	for _, v := range slices.Backward(w.known) {
		if v.name == name {
			return v.list
		}
	}
	return nil
}

// listOf is the list that an expression names, or gives unless it is not there;
// nil for any other expression.
func (w *elementWalker) listOf(expr hclsyntax.Expression) *eventList {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return w.listOf(e.Expression)
	case *choice:
		if isNothing(e.TrueResult) {
			return w.listOf(e.FalseResult)
		} else if isNothing(e.FalseResult) {
			return w.listOf(e.TrueResult)
		}
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "coalesce" && len(e.Args) == 2 && isNothing(e.Args[1]) {
			return w.listOf(e.Args[0])
		}
	case *hclsyntax.ScopeTraversalExpr:
		s, rest := w.is.of(e.Traversal)
		var by []hcl.Range
		if outer := w.variable(e.Traversal.RootName()); outer != nil {
			s, rest, by = outer.each, e.Traversal[1:], outer.by
		}
		if s == nil {
			return nil
		}
		if way := s.follow(rest); len(way) == len(rest) && len(way) > 0 && way[len(way)-1].each != nil {
			return &eventList{way[len(way)-1].each, e.Traversal, append(slices.Clip(by), e.Traversal.SourceRange())}
		}
	}
	return nil
}

// isNothing reports an expression that always comes to null, false, or what is
// empty.
func isNothing(expr hcl.Expression) bool {
	if len(expr.Variables()) > 0 {
		return false
	}
	v, diags := expr.Value(nil)
	if diags.HasErrors() || !v.IsKnown() || v.IsMarked() {
		return false
	}
	return v.IsNull() || same(v, cty.False) == yes || same(v, cty.StringVal("")) == yes || v.CanIterateElements() && v.LengthInt() == 0
}
