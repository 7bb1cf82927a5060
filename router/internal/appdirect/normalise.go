package appdirect

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// xmlSpace is white space as XML has it. Pretty-printed documents carry it
// inside of values.
const xmlSpace = " \t\r\n"

// normalise brings a tree into the one form, in which nothing is null. What is
// not documented, or is not of the documented form, is kept as it came. To
// normalise twice changes nothing. The result nil means absent. The tree given
// is used up.
func normalise(tree any, s *shape) any { return reshape(clean(tree), s) }

// clean takes nulls out of objects, which absent members are the same as, and
// white space off both ends of names and texts. The tree itself is changed.
func clean(v any) any {
	switch t := v.(type) {
	case string:
		if trimmed := strings.Trim(t, xmlSpace); len(trimmed) < len(t) {
			return trimmed
		}
	case []any:
		for i := range t {
			t[i] = clean(t[i])
		}
	case map[string]any:
		spaced := false
		for name, member := range t {
			if c := clean(member); c == nil {
				delete(t, name)
			} else {
				t[name] = c
			}
			spaced = spaced || strings.Trim(name, xmlSpace) != name
		}
		if spaced {
			trimNames(t)
		}
	}
	return v
}

// trimNames takes white space off the names of an object's members. Of names
// that become one the last in order counts.
func trimNames(m map[string]any) {
	trimmed := make(map[string]any, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		trimmed[strings.Trim(name, xmlSpace)] = m[name]
	}
	clear(m)
	maps.Copy(m, trimmed)
}

func reshape(v any, s *shape) any {
	switch s.form {
	case formText:
		return asText(v)
	case formNumber:
		return asNumber(v)
	case formBool:
		return asBool(v)
	case formMap:
		return asMap(v)
	case formObject:
		return asObject(v, s)
	}
	return v
}

func asText(v any) any {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return v
}

// numeric is a number as JSON writes it, without an exponent.
var numeric = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

func asNumber(v any) any {
	if t, ok := v.(string); ok && numeric.MatchString(t) {
		return json.Number(t)
	}
	return v
}

func asBool(v any) any {
	if t, ok := v.(string); ok {
		switch strings.ToLower(t) {
		case "true":
			return true
		case "false":
			return false
		}
	}
	return v
}

// asObject gives documented members their names and forms. The name as
// documented goes before other spellings, and those before the name of a list's
// element.
func asObject(v any, s *shape) any {
	if isEmpty(v) {
		return map[string]any{}
	}
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	var spelt, element []string
	for name, member := range m {
		switch f := s.field(name); {
		case f == nil:
		case name == f.name:
			f.put(m, member)
		case strings.EqualFold(name, f.name):
			spelt = append(spelt, name)
		default:
			element = append(element, name)
		}
	}
	slices.Sort(spelt)
	slices.Sort(element)
	for _, name := range append(spelt, element...) {
		member := m[name]
		delete(m, name)
		f := s.field(name)
		if _, given := m[f.name]; !given {
			f.put(m, member)
		}
	}
	return m
}

// put sets the field in an object to a value brought into its form.
func (f *field) put(m map[string]any, v any) {
	if f.form == formList {
		v = asList(v, f)
	} else {
		v = reshape(v, &f.shape)
	}
	if v == nil {
		delete(m, f.name)
	} else {
		m[f.name] = v
	}
}

// asList accepts a list, one element alone, and either inside of a wrapper
// under the list's or the element's name.
func asList(v any, f *field) any {
	if out := appendElements(nil, v, f); len(out) > 0 {
		return out
	}
	return nil
}

func appendElements(out []any, v any, f *field) []any {
	switch t := v.(type) {
	case nil:
		return out
	case []any:
		for _, e := range t {
			out = appendElements(out, e, f)
		}
		return out
	case map[string]any:
		if name, inner, ok := only(t); ok && (strings.EqualFold(name, f.name) || strings.EqualFold(name, f.also)) {
			return appendElements(out, inner, f)
		}
	}
	if v == "" {
		return out
	}
	return append(out, reshape(v, f.elem))
}

// asMap accepts a map, a list of entries with key and value, alone or inside
// of "entry", and what stands for none of them. It goes on until no entries
// are left, so that a map made from entries is not taken for entries later.
func asMap(v any) any {
	for {
		if isEmpty(v) {
			return map[string]any{}
		}
		inner := v
		if m, ok := v.(map[string]any); ok {
			name, under, ok := only(m)
			if !ok || name != "entry" {
				return textsOf(m)
			}
			inner = under
		}
		m, ok := entries(inner)
		if !ok {
			if m, ok := v.(map[string]any); ok {
				return textsOf(m)
			}
			return v
		}
		v = m
	}
}

// entries makes a map of one entry or a list of them. Of two with the same
// key the later one counts; one without a value is absent.
func entries(v any) (map[string]any, bool) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := map[string]any{}
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, false
		}
		key, ok := asText(m["key"]).(string)
		if !ok {
			return nil, false
		}
		for name := range m {
			if name != "key" && name != "value" {
				return nil, false
			}
		}
		if value, given := m["value"]; given {
			out[key] = value
		}
	}
	return out, true
}

func textsOf(m map[string]any) map[string]any {
	for name, v := range m {
		m[name] = asText(v)
	}
	return m
}

// isEmpty reports whether v is what some document writes for an object without
// members: an empty element, an empty list.
func isEmpty(v any) bool {
	l, ok := v.([]any)
	return v == "" || ok && len(l) == 0
}

// only returns the one member of a map that has no other.
func only(m map[string]any) (name string, v any, ok bool) {
	if len(m) != 1 {
		return "", nil, false
	}
	for name, v = range m {
	}
	return name, v, true
}
