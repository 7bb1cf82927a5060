package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/zclconf/go-cty/cty"
)

// A test expects of an object what it names and nothing else, at every level: a
// member that is not named may be as it likes, one that is null is not there.

// said is a value as JSON, with the members only that are written; is is the same
// value after its conversion, which may have added others.
func said(written, is cty.Value) (json.RawMessage, error) {
	var tree any
	switch {
	case is.IsNull():
		return json.RawMessage("null"), nil
	case hasMembers(written) && hasMembers(is):
		members, parts := map[string]json.RawMessage{}, is.AsValueMap()
		for name, part := range written.AsValueMap() {
			text, err := said(part, parts[name])
			if err != nil {
				return nil, err
			}
			members[name] = text
		}
		tree = members
	case hasElements(written) && hasElements(is) && written.LengthInt() == is.LengthInt():
		elements, parts := []json.RawMessage{}, is.AsValueSlice()
		for i, part := range written.AsValueSlice() {
			text, err := said(part, parts[i])
			if err != nil {
				return nil, err
			}
			elements = append(elements, text)
		}
		tree = elements
	default:
		return appendJSON(nil, is)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("writing it: %w", err)
	}
	return text, nil
}

func hasMembers(v cty.Value) bool {
	return !v.IsNull() && (v.Type().IsObjectType() || v.Type().IsMapType())
}

// hasElements leaves sets out: they have no order to go by.
func hasElements(v cty.Value) bool {
	return !v.IsNull() && (v.Type().IsTupleType() || v.Type().IsListType())
}

// hasAll reports whether a JSON value has all that another names.
func hasAll(want, got json.RawMessage) bool {
	w, err := valueTree(want)
	if err != nil {
		return false
	}
	g, err := valueTree(got)
	return err == nil && partOf(w, g)
}

// valueTree keeps numbers as they are written, which appendJSON does in one way.
func valueTree(text json.RawMessage) (tree any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&tree)
	return tree, err
}

func partOf(want, got any) bool {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		for name, value := range want {
			ok = ok && partOf(value, got[name])
		}
		return ok
	case []any:
		got, ok := got.([]any)
		ok = ok && len(want) == len(got)
		for i := range want {
			ok = ok && partOf(want[i], got[i])
		}
		return ok
	}
	return reflect.DeepEqual(want, got)
}
