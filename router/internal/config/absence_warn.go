package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// readsNull ends the reason of every warning of this file.
const readsNull = "since what is absent reads as null"

// absences warns of what an expression does with events that lack a field.
type absences struct {
	*routeReader
	where expressionPlace
	// told are the fields that the expression was warned of.
	told map[string]bool
}

// quiet: nothing is to be said of what events lack.
func (r *routeReader) quiet() bool { return r.known.compiled || r.misspelt || !r.shape.known() }

// warnAbsent warns of events that a `when` takes or fails because they lack a
// field, where nothing in it or before it says that they have it.
func (r *routeReader) warnAbsent(when hcl.Expression, where expressionPlace) {
	if r.quiet() {
		return
	}
	a := absences{r, where, map[string]bool{}}
	have := there{}
	if where != inWhen {
		have = r.proves(r.draft.when, true)
	}
	a.condition(when, true, have, "pass this condition")
}

// warnValue is the same for an input or a reply: for the choices (a ? b : c) in
// it, and for what can't be computed. d is the delivery whose input it is, or nil.
func (r *routeReader) warnValue(d *deliveryDraft, expr hcl.Expression, where expressionPlace) {
	node, ok := expr.(hclsyntax.Node)
	if !ok || r.quiet() {
		return
	}
	w := &valueWalker{absences: absences{r, where, map[string]bool{}}, delivery: d, below: map[hclsyntax.Node]there{}, have: []there{r.haveIn(d)}}
	_ = hclsyntax.Walk(node, w)
}

// haveIn is what an event has whose delivery runs.
func (r *routeReader) haveIn(d *deliveryDraft) there {
	have := r.proves(r.draft.when, true)
	if d != nil && d.when != nil {
		r.shape.tolerate(d.when)
		have = have.and(r.proves(d.when, true))
	}
	return have
}

// valueWalker goes through an expression, and knows what the choices above say.
type valueWalker struct {
	absences
	delivery *deliveryDraft // or nil
	below    map[hclsyntax.Node]there
	have     []there
}

func (w *valueWalker) Enter(n hclsyntax.Node) hcl.Diagnostics {
	have := w.have[len(w.have)-1]
	if expr, ok := n.(hclsyntax.Expression); ok { // other nodes, a scope among them, are no map's key
		have = have.and(w.below[expr])
		if _, chosen := w.below[expr]; chosen || len(w.have) == 1 {
			w.computed(expr, have)
		}
	}
	w.have = append(w.have, have)
	if e, ok := n.(*choice); ok {
		w.choice(e, have, !isNothing(e.FalseResult))
		w.below[e.TrueResult], w.below[e.FalseResult] = w.proves(e.Condition, true), w.proves(e.Condition, false)
	}
	return nil
}

func (w *valueWalker) Exit(hclsyntax.Node) hcl.Diagnostics {
	w.have = w.have[:len(w.have)-1]
	return nil
}

// condition goes down to the parts that are no more made of && and ||. want is
// what such a part must be for the effect, and have what is known to be there.
func (a *absences) condition(expr hcl.Expression, want bool, have there, effect string) {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		a.condition(e.Expression, want, have, effect)
		return
	case *hclsyntax.UnaryOpExpr:
		if e.Op == hclsyntax.OpLogicalNot {
			a.condition(e.Val, !want, have, effect)
			return
		}
	case *hclsyntax.BinaryOpExpr:
		if e.Op == hclsyntax.OpLogicalAnd || e.Op == hclsyntax.OpLogicalOr {
			// A side decides only where the other leaves it to it, whichever stands
			// first: HCL drops the error of the side that does not decide.
			open := e.Op == hclsyntax.OpLogicalAnd
			a.condition(e.LHS, want, have.and(a.proves(e.RHS, open)), effect)
			a.condition(e.RHS, want, have.and(a.proves(e.LHS, open)), effect)
			return
		}
	case *choice:
		a.choice(e, have, a.without(e.FalseResult) != comesTo(!want))
		a.condition(e.TrueResult, want, have.and(a.proves(e.Condition, true)), effect)
		a.condition(e.FalseResult, want, have.and(a.proves(e.Condition, false)), effect)
		return
	}
	a.leaf(expr, want, have, effect)
}

const (
	takeFirst  = "take the first value of this choice"
	takeSecond = "take the second value of this choice"
)

// choice warns of events that take a value of a choice because they lack a field;
// of the second one if that has an effect.
func (a *absences) choice(c *choice, have there, effect bool) {
	a.condition(c.Condition, true, have, takeFirst)
	if effect {
		a.condition(c.Condition, false, have, takeSecond)
	}
}

// leaf asks what a part does with an event that lacks one of its fields; and,
// where that does nothing, one that lacks all of them.
func (a *absences) leaf(expr hcl.Expression, want bool, have there, effect string) {
	if isNullTest(expr) || a.without(expr) == fails { // which is told elsewhere, or hangs on a variable of a `for`
		return
	}
	var found []*lack
	for _, l := range a.shape.lacks(expr, "try", "can", "coalesce", "coalescelist") {
		l.missing = slices.DeleteFunc(l.missing, have.has)
		if len(l.missing) > 0 && !a.told[pathKey(l.names)] {
			found = append(found, l)
		}
	}
	var all []string
	warned := false
	for _, l := range found {
		all = append(all, l.missing[len(l.missing)-1])
		for _, path := range slices.Backward(l.missing) {
			if t := a.without(expr, path); t == fails || t == comesTo(want) {
				a.warn(expr, t == fails, effect, l)
				warned = true
				break
			}
		}
	}
	if !warned && len(found) == 2 && a.without(expr, all...) == comesTo(want) {
		a.warn(expr, false, effect, found...)
	}
}

// isNullTest reports a comparison with null: whoever writes it has thought of
// absence.
func isNullTest(expr hcl.Expression) bool {
	e, ok := expr.(*hclsyntax.BinaryOpExpr)
	return ok && (e.Op == hclsyntax.OpEqual || e.Op == hclsyntax.OpNotEqual) && (isNullLiteral(e.LHS) || isNullLiteral(e.RHS))
}

func isNullLiteral(expr hcl.Expression) bool {
	literal, ok := expr.(*hclsyntax.LiteralValueExpr)
	return ok && literal.Val.IsNull()
}

// warn tells what becomes of events without these fields, and the way out.
func (a *absences) warn(expr hcl.Expression, fail bool, effect string, lacks ...*lack) {
	first := lacks[0]
	which := first.text
	for _, l := range lacks {
		a.told[pathKey(l.names)] = true
	}
	switch {
	case len(lacks) > 1:
		which = fmt.Sprintf("%s and without %s", first.text, lacks[1].text)
	case len(a.never(first)) > 0:
		which = fmt.Sprintf("%s (it is in no %s)", first.text, oneOf(a.never(first)))
	}
	if !fail {
		wayOut := "Write %s != null && … to keep them out, or %s == null || … to let them in."
		if effect == takeSecond {
			wayOut = "Write %s != null && … if that is meant, or %s == null || … for them to take the first."
		}
		a.add(warningAt(expr.Range(), "An absent value counts", "Events without %s %s, %s. "+wayOut,
			which, effect, readsNull, first.text, first.text))
		return
	}
	end := "fails here, and nothing of it runs"
	if a.where != inWhen {
		end = "fails here, or is held if a call was made before"
	}
	a.add(warningAt(expr.Range(), "An absent value fails", "An event without %s %s, %s. Write %s != null && …, or name another value with coalesce(%s, …).",
		which, end, readsNull, first.text, first.text))
}

// never are the route's types of which no event has the field.
func (r *routeReader) never(l *lack) []string {
	var out []string
	for _, on := range r.draft.on {
		if !slices.ContainsFunc(r.sources(), func(facts sourceFacts) bool { return facts.shapes.of(on.text).hasNames(l.names) }) {
			out = append(out, on.text)
		}
	}
	return out
}

// hasNames is has for names alone.
func (is eventShape) hasNames(names []string) bool {
	traversal := hcl.Traversal{hcl.TraverseRoot{Name: names[0]}}
	for _, name := range names[1:] {
		if strings.HasPrefix(name, "[") {
			traversal = append(traversal, hcl.TraverseIndex{Key: cty.Zero})
			continue
		}
		traversal = append(traversal, hcl.TraverseAttr{Name: name})
	}
	s, _ := is.of(traversal)
	return is.has(traversal) || s != nil && s.isAnything()
}

// warnNull warns of a required input that is no more than a field which an event
// may lack: such an event fails before the plugin is called.
func (r *routeReader) warnNull(d *deliveryDraft, f field, expr hcl.Expression) {
	reference, ok := expr.(*hclsyntax.ScopeTraversalExpr)
	if !ok || !f.required || f.preset != cty.NilVal || r.quiet() {
		return
	}
	l := r.shape.lackOf(reference.Traversal)
	if l == nil || len(l.names) < len(reference.Traversal) {
		return
	}
	have := r.haveIn(d)
	if !slices.ContainsFunc(l.missing, func(path string) bool { return !have.has(path) }) {
		return
	}
	then := "the event fails, or is held if a call was made before"
	if d.spared() {
		then = "this delivery fails"
	}
	r.add(warningAt(expr.Range(), "An input that may be null",
		"The action %s needs %s. For an event without %s it is not called: %s. Write coalesce(%s, …), or when = %s != null in the delivery.",
		d.to, quote(f.name), l.text, then, l.text, l.text))
}
