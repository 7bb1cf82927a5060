package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// field is a router.Attr in the tongue of expressions.
type field struct {
	name     string
	ty       cty.Type
	required bool
	// sensitive: no error may quote the value.
	sensitive bool
	// values are the texts that it can have, if there are no others.
	values []string
	// preset is what an absent value is; cty.NilVal for none.
	preset cty.Value
}

// fields are sorted by name, so that what is written from them is the same
// every time.
type fields []field

func fieldsOf(schema router.Schema) (fields, error) {
	out := make(fields, 0, len(schema.Attrs))
	for _, attr := range schema.Attrs {
		f, err := fieldOf(attr)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", attr.Name, err)
		}
		if out.named(f.name) != nil {
			return nil, fmt.Errorf("attribute %q stands in it twice", f.name)
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

func fieldOf(attr router.Attr) (field, error) {
	f := field{name: attr.Name, required: attr.Required, sensitive: attr.Sensitive, values: attr.Values}
	if attr.Name == "" {
		return f, errors.New("it has no name")
	}
	var err error
	if f.ty, err = ctyjson.UnmarshalType(attr.Type); err != nil {
		return f, fmt.Errorf("its type can't be read: %w", err)
	}
	if len(attr.Default) > 0 && string(attr.Default) != "null" {
		if f.preset, err = decodeAs(attr.Default, f.ty); err != nil {
			return f, fmt.Errorf("its default can't be read: %w", err)
		}
	}
	return f, nil
}

func (f field) hush(err error) error {
	if f.sensitive {
		return errHushed
	}
	return err
}

func (fs fields) named(name string) *field {
	for i := range fs {
		if fs[i].name == name {
			return &fs[i]
		}
	}
	return nil
}

func (fs fields) names() []string {
	out := make([]string, len(fs))
	for i := range fs {
		out[i] = fs[i].name
	}
	return out
}

// paths names all of each field.
func (fs fields) paths() *paths {
	p := &paths{below: make(map[string]*paths, len(fs))}
	for _, f := range fs {
		p.below[f.name] = everything
	}
	return p
}

// unknown is what is known of these fields before they have values.
func (fs fields) unknown() cty.Value {
	attrs := map[string]cty.Value{}
	for _, f := range fs {
		v := cty.UnknownVal(f.ty.WithoutOptionalAttributesDeep())
		if f.required {
			v = v.RefineNotNull()
		}
		attrs[f.name] = v
	}
	return cty.ObjectVal(attrs)
}

// encode converts the attributes of v, an object or a map, to the fields' types
// and writes them as a JSON object. Null is absent; an absent value has its
// default; a required one is an error.
func (fs fields) encode(v cty.Value) (json.RawMessage, error) {
	var given map[string]cty.Value
	if !v.IsNull() {
		if t := v.Type(); !t.IsObjectType() && !t.IsMapType() {
			return nil, fmt.Errorf("it is %s, not an object", t.FriendlyName())
		}
		given = v.AsValueMap()
	}
	return fs.encodeMembers(given)
}

// encodeMembers is encode for the attributes of an object.
func (fs fields) encodeMembers(given map[string]cty.Value) (json.RawMessage, error) {
	known := 0
	for _, f := range fs {
		if _, ok := given[f.name]; ok {
			known++
		}
	}
	if known < len(given) {
		names := slices.DeleteFunc(keys(given), func(name string) bool { return fs.named(name) != nil })
		return nil, fmt.Errorf("there is no %q", names[0])
	}
	b := append(make([]byte, 0, valueRoom), '{')
	for _, f := range fs {
		value, ok := given[f.name]
		if !ok || value.IsNull() {
			if f.preset == cty.NilVal {
				if f.required {
					return nil, fmt.Errorf("%q is required, but it is null or absent", f.name)
				}
				continue
			}
			value = f.preset
		}
		value, err := convertTo(value, f.ty)
		if err != nil {
			return nil, fmt.Errorf("%q has the wrong type: %w", f.name, f.hush(err))
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(appendText(b, f.name), ':')
		if b, err = appendJSON(b, value); err != nil {
			return nil, fmt.Errorf("%q: %w", f.name, f.hush(err))
		}
	}
	return append(b, '}'), nil
}

// valueRoom holds the usual input or reply; a longer one grows.
const valueRoom = 256

// decode reads a JSON object of these fields. What is absent is null; what the
// fields don't name is left out.
func (fs fields) decode(raw json.RawMessage) (cty.Value, error) {
	if err := checkJSON(raw); err != nil {
		return cty.NilVal, err
	}
	r := jsonReader{raw: raw}
	if r.next() != '{' {
		return cty.NilVal, errors.New("it is not a JSON object")
	}
	attrs, err := r.members(fs.paths())
	if err != nil {
		return cty.NilVal, err
	}
	for _, f := range fs {
		v, given := attrs[f.name]
		if !given {
			v = cty.NullVal(cty.DynamicPseudoType)
		}
		v, err := convertTo(v, f.ty)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%q: %w", f.name, f.hush(err))
		}
		attrs[f.name] = v
	}
	return cty.ObjectVal(attrs), nil
}

func decodeAs(raw json.RawMessage, ty cty.Type) (cty.Value, error) {
	v, err := readJSON(raw, everything)
	if err != nil {
		return cty.NilVal, err
	}
	return convertTo(v, ty)
}
