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
// normalise twice changes nothing. The result nil means absent.
func normalise(tree any, s *shape) any { return reshape(clean(tree), s) }

// clean takes nulls out of objects, which absent members are the same as, and
// white space off both ends of names and texts.
func clean(v any) any {
	switch v := v.(type) {
	case string:
		return strings.Trim(v, xmlSpace)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clean(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if c := clean(v[name]); c != nil {
				out[strings.Trim(name, xmlSpace)] = c
			}
		}
		return out
	}
	return v
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

// asObject gives documented members their names and forms.
func asObject(v any, s *shape) any {
	if isEmpty(v) {
		return map[string]any{}
	}
	in, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(in))
	names := slices.Sorted(maps.Keys(in))
	// The name as documented goes before other spellings, and those before the
	// name of a list's element.
	var exact, spelt, element []string
	for _, name := range names {
		i, known := s.byName[strings.ToLower(name)]
		switch {
		case !known:
			out[name] = in[name]
		case name == s.fields[i].name:
			exact = append(exact, name)
		case strings.EqualFold(name, s.fields[i].name):
			spelt = append(spelt, name)
		default:
			element = append(element, name)
		}
	}
	for _, name := range slices.Concat(exact, spelt, element) {
		f := &s.fields[s.byName[strings.ToLower(name)]]
		if _, given := out[f.name]; given {
			continue
		}
		var member any
		if f.form == formList {
			member = asList(in[name], f)
		} else {
			member = reshape(in[name], &f.shape)
		}
		if member != nil {
			out[f.name] = member
		}
	}
	return out
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
	out := make(map[string]any, len(m))
	for name, v := range m {
		out[name] = asText(v)
	}
	return out
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
