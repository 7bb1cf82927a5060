package config

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// What is known of events holds for those of tests too: a field that no such
// event has is most likely one that is misspelt, and the test would be of
// something else.

// eventShapes are what the events of the sources look like that routes take
// events from.
func (x *Explainer) eventShapes() map[string]*shapes {
	out := map[string]*shapes{}
	var s snapshot
	if json.Unmarshal(x.config.Snapshot, &s) != nil {
		return out // Explain has read it
	}
	known, err := s.world()
	if err != nil {
		return out
	}
	for name, facts := range known.sources {
		out[name] = &facts.shapes
	}
	return out
}

// SourcesOf are the sources with a schema for events of exactly that type, as far
// as routes take events from them.
func (x *Explainer) SourcesOf(eventType string) []string {
	var out []string
	all := x.eventShapes()
	for _, name := range keys(all) {
		if all[name].names(eventType) {
			out = append(out, name)
		}
	}
	return out
}

// names reports whether there is a shape of that type's own. None is of no type.
func (ss *shapes) names(eventType string) bool {
	if ss == nil {
		return false
	}
	_, ok := ss.byType[eventType]
	return ok
}

// shapeOf is what a test's event looks like, as far as source and type are known.
func (r *testReader) shapeOf(source, eventType string) eventShape {
	var of []string
	switch {
	case eventType == "":
		return anyEvent
	case source != "":
		of = []string{source}
	case slices.Contains(router.FailureTypes(), eventType):
		of = []string{ownSource}
	default:
		for _, s := range r.x.config.Sources {
			if len(r.x.config.Sources) == 1 || slices.Contains(r.kinds[s.Kind].Types, eventType) || r.shapes[s.Name].names(eventType) {
				of = append(of, s.Name)
			}
		}
	}
	is := anyEvent
	for i, name := range of {
		switch s := r.shapes[name]; {
		case s == nil:
			return anyEvent // no route is of it
		case i == 0:
			is = s.of(eventType)
		default:
			is = is.union(s.of(eventType))
		}
	}
	return is
}

// fields reports what an object that is written out has and no such event.
func (r *testReader) fields(expr hcl.Expression, s *shape, of string) {
	if elements, diags := hcl.ExprList(expr); !diags.HasErrors() && s.each != nil {
		for _, element := range elements {
			r.fields(element, s.each, of+"[*]")
		}
		return
	}
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		r.fieldFits(expr, s, of)
		return
	}
	for _, pair := range pairs {
		key, diags := pair.Key.Value(r.constants)
		if diags.HasErrors() || !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
			continue // it has an error of its own
		}
		name := key.AsString()
		switch member := s.members[name]; {
		case member != nil:
			r.fields(pair.Value, member, of+"."+name)
		case s.closed():
			r.add(errorAt(pair.Key.Range(), "Unknown field", "In such an event %s has no %s.%s A field that comes all the same is put in with \"set\".",
				of, quote(name), suggest(name, keys(s.members))))
		}
	}
}

// fieldFits reports a value that is of another kind than the event's.
func (r *testReader) fieldFits(expr hcl.Expression, s *shape, of string) {
	if !s.isPrimitive() {
		return
	}
	v, diags := expr.Value(r.constants)
	if diags.HasErrors() {
		return // it has an error of its own
	}
	if _, err := convert.Convert(v, s.ty); err != nil {
		r.add(errorAt(expr.Range(), "Wrong type", "In such an event %s can't have this value: %s.", of, err))
	}
}

// Check warns of a path that is set and that no such event has. It may be what
// the test is about. A path is names, "" standing for an index.
func (t *Tests) Check(at Place, source, eventType string, path []string) {
	s := t.shapes[source]
	if s == nil || len(path) < 2 {
		return
	}
	is := s.of(eventType)
	part := map[string]*shape{"payload": is.payload, "attributes": is.attributes}[path[0]]
	for i, name := range path[1:] {
		switch {
		case part == nil:
			return
		case name == "":
			part = part.each
		case part.members[name] == nil && part.closed():
			t.Diagnostics.list = append(t.Diagnostics.list, warningAt(at.rng, "Unknown field", "In such an event %s has no %s.%s It is put in all the same.",
				strings.Join(slices.Concat([]string{"event"}, path[:i+1]), "."), quote(name), suggest(name, keys(part.members))))
			t.Diagnostics.sorted()
			return
		default:
			part = part.members[name]
		}
	}
}
