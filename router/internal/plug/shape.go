package plug

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// depthMax is how deep types and blocks may nest.
const depthMax = 16

// shape is a type of a schema, ready to hold values against.
type shape struct {
	kind     string // string, number, bool, dynamic, list, set, map, tuple, object
	element  *shape
	elements []shape          // of a tuple
	attrs    map[string]shape // of an object
	optional []string         // among attrs
}

// parseShape reads a type in cty's JSON form.
func parseShape(t []byte) (shape, error) { return parseNested(t, 0) }

func parseNested(t []byte, depth int) (shape, error) {
	if depth > depthMax {
		return shape{}, errors.New("it nests too deep")
	}
	var name string
	if json.Unmarshal(t, &name) == nil {
		switch name {
		case "string", "number", "bool", "dynamic":
			return shape{kind: name}, nil
		}
		return shape{}, fmt.Errorf("%s is no type", cut(string(t), 100))
	}
	var parts []json.RawMessage
	if json.Unmarshal(t, &parts) != nil || len(parts) < 2 || json.Unmarshal(parts[0], &name) != nil {
		return shape{}, fmt.Errorf("%s is no type", cut(string(t), 100))
	}
	s := shape{kind: name}
	switch name {
	case "list", "set", "map":
		if len(parts) != 2 {
			return shape{}, fmt.Errorf("a %s has one type of elements", name)
		}
		element, err := parseNested(parts[1], depth+1)
		if err != nil {
			return shape{}, err
		}
		s.element = &element
	case "tuple":
		var elements []json.RawMessage
		if len(parts) != 2 || json.Unmarshal(parts[1], &elements) != nil {
			return shape{}, errors.New("a tuple has a list of types")
		}
		for _, e := range elements {
			element, err := parseNested(e, depth+1)
			if err != nil {
				return shape{}, err
			}
			s.elements = append(s.elements, element)
		}
	case "object":
		var attrs map[string]json.RawMessage
		if json.Unmarshal(parts[1], &attrs) != nil || len(parts) > 3 ||
			(len(parts) == 3 && json.Unmarshal(parts[2], &s.optional) != nil) {
			return shape{}, errors.New("an object has types by name, and perhaps a list of the optional ones")
		}
		s.attrs = make(map[string]shape, len(attrs))
		for name, t := range attrs {
			attr, err := parseNested(t, depth+1)
			if err != nil {
				return shape{}, fmt.Errorf("%s: %w", name, err)
			}
			s.attrs[name] = attr
		}
	default:
		return shape{}, fmt.Errorf("%s is no type", cut(string(t), 100))
	}
	return s, nil
}

// fits says why a JSON value is not of the type. Null is of any. V is valid
// JSON.
func (s shape) fits(v json.RawMessage) error {
	got := kindOf(v)
	if s.kind == "dynamic" || got == "null" {
		return nil
	}
	want := s.kind
	switch s.kind {
	case "list", "set", "tuple":
		want = "array"
	case "map", "object":
		want = "object"
	}
	if got != want {
		return fmt.Errorf("it is of the JSON kind %s, not %s", got, want)
	}
	switch want {
	case "array":
		return s.fitsArray(v)
	case "object":
		return s.fitsObject(v)
	}
	return nil
}

func (s shape) fitsArray(v json.RawMessage) error {
	var elements []json.RawMessage
	if err := json.Unmarshal(v, &elements); err != nil {
		return err
	}
	if s.kind == "tuple" && len(elements) != len(s.elements) {
		return fmt.Errorf("it has %d elements, not %d", len(elements), len(s.elements))
	}
	for i, e := range elements {
		of := s.element
		if s.kind == "tuple" {
			of = &s.elements[i]
		}
		if err := of.fits(e); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

func (s shape) fitsObject(v json.RawMessage) error {
	var attrs map[string]json.RawMessage
	if err := json.Unmarshal(v, &attrs); err != nil {
		return err
	}
	if s.kind == "map" {
		for _, key := range slices.Sorted(maps.Keys(attrs)) {
			if err := s.element.fits(attrs[key]); err != nil {
				return fmt.Errorf("%s: %w", cut(key, 100), err)
			}
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.attrs)) {
		value, given := attrs[name]
		if !given {
			if slices.Contains(s.optional, name) {
				continue
			}
			return fmt.Errorf("%s is missing", name)
		}
		if err := s.attrs[name].fits(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// kindOf names the kind of a JSON value by its first letter.
func kindOf(v json.RawMessage) string {
	if len(v) == 0 {
		return "nothing"
	}
	switch v[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	}
	return "number"
}
