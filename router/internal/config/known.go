package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// knownField reports a reference to what no event of the route has. One inside
// try() or can() may lead nowhere.
func (r *routeReader) knownField(traversal hcl.Traversal, guarded bool) bool {
	s, rest := r.shape.of(traversal)
	if s == nil || guarded {
		return true
	}
	return r.knownSteps(s, rest, writtenSteps(traversal[:2]), traversal)
}

// knownSteps follows the steps down from s, which the reference calls written.
func (r *routeReader) knownSteps(s *shape, rest hcl.Traversal, written string, traversal hcl.Traversal) bool {
	way := s.follow(rest)
	if len(way) == len(rest) {
		return true
	}
	if len(way) > 0 {
		s = way[len(way)-1]
	}
	name, ok := nameOf(rest[len(way)])
	if ok && s.each != nil && !s.open {
		list := written + writtenSteps(rest[:len(way)])
		below := writtenSteps(rest[len(way):])
		r.add(errorAt(traversal.SourceRange(), "A part of a list", "%s is a list. Write %s[0]%s for its first element, or %s[*]%s for all of them.", list, list, below, list, below))
		return false
	}
	if !ok || !s.closed() {
		return true // HCL has its own words for steps into what is no object
	}
	of := written + writtenSteps(rest[:len(way)])
	wayOut := suggest(name, keys(s.members))
	if others := r.having(traversal); len(others) > 0 {
		wayOut = " Events of " + list(others) + " have it."
	}
	wayOut += " A field that comes all the same is read with try(" + written + writtenSteps(rest) + ", null)."
	if elsewhere := r.elsewhere(traversal); elsewhere != "" {
		wayOut = " Did you mean " + elsewhere + "?"
	}
	r.add(errorAt(traversal.SourceRange(), "Unknown field", "In %s, %s has no %s.%s", r.events(), of, quote(name), wayOut))
	return false
}

// knownElements is the same for what stands behind [*], and below the variable of
// a `for`.
func (r *routeReader) knownElements(expr hcl.Expression, guarded []hcl.Range) bool {
	known := true
	for _, e := range r.shape.elements(expr) {
		if !e.within(guarded) {
			known = r.knownSteps(e.of, e.below, e.written, e.whole) && known
		}
	}
	return known
}

// events are those that the route takes, in words.
func (r *routeReader) events() string {
	if len(r.draft.on) == 0 {
		return "every event of this route"
	}
	return "an event of the type " + oneOf(textsOf(r.draft.on))
}

// oneOf gives `"a", "b" or "c"`, sorted.
func oneOf(names []string) string {
	names = slices.Sorted(slices.Values(names))
	if len(names) < 2 {
		return list(names)
	}
	quoted := make([]string, len(names)-1)
	for i := range quoted {
		quoted[i] = quote(names[i])
	}
	return strings.Join(quoted, ", ") + " or " + quote(names[len(names)-1])
}

// elsewhere is a reference that has the same names in the other of an event's
// documents, or in one of them if it names none; "" if none leads anywhere.
func (r *routeReader) elsewhere(traversal hcl.Traversal) string {
	if traversal.RootName() != "event" || len(traversal) < 2 {
		return ""
	}
	for _, document := range []string{"payload", "attributes"} {
		names, skip := r.shape.attributes, 1
		if document == "payload" {
			names = r.shape.payload
		}
		switch first, _ := nameOf(traversal[1]); first {
		case document:
			continue
		case "payload", "attributes":
			skip = 2
		}
		rest := traversal[skip:]
		if names == nil || len(rest) == 0 {
			continue
		}
		if way := names.follow(rest); len(way) == len(rest) {
			return "event." + document + writtenSteps(rest)
		}
	}
	return ""
}

// having are the types of the route's sources whose events have what the
// reference names.
func (r *routeReader) having(traversal hcl.Traversal) []string {
	var out []string
	for _, facts := range r.sources() {
		for _, eventType := range keys(facts.shapes.byType) {
			if facts.shapes.byType[eventType].has(traversal) && !slices.Contains(out, eventType) {
				out = append(out, eventType)
			}
		}
	}
	if len(out) > maxListed {
		return nil
	}
	return out
}

// has reports whether such events may have what the reference names.
func (is eventShape) has(traversal hcl.Traversal) bool {
	s, rest := is.of(traversal)
	if s == nil {
		return false
	}
	way := s.follow(rest)
	return len(way) == len(rest)
}

// leadsOutside reports whether an expression can see more than the shape has: by
// a reference inside try() or can(), or by keys(). It is tried with nothing known
// of the event, since what is not documented may come all the same.
func (r *routeReader) leadsOutside(expr hcl.Expression, guarded []hcl.Range) bool {
	asked := rangesIn(expr, "keys")
	return len(guarded)+len(asked) > 0 && slices.ContainsFunc(expr.Variables(), func(traversal hcl.Traversal) bool {
		rng := traversal.SourceRange()
		return slices.Contains(asked, rng) || slices.Contains(guarded, rng) && traversal.RootName() == "event" && !r.shape.has(traversal)
	})
}

// writtenSteps are the steps of a reference as an operator writes them.
func writtenSteps(steps hcl.Traversal) string {
	var b strings.Builder
	for _, step := range steps {
		if tolerant, ok := step.(orNull); ok {
			step = tolerant.Traverser
		}
		switch step := step.(type) {
		case hcl.TraverseRoot:
			b.WriteString(step.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + step.Name)
		case hcl.TraverseIndex:
			text, err := appendJSON(nil, step.Key)
			if err != nil {
				text = []byte("…")
			}
			b.WriteString("[" + string(text) + "]")
		}
	}
	return b.String()
}
