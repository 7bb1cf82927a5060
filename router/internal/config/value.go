package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// decodeJSON keeps numbers as they are written.
func decodeJSON(raw json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more follows after the JSON value")
	}
	return v, nil
}

// toValue converts what decodeJSON gives. The null members of an object are
// left out, since null and absent are one.
func toValue(v any) (cty.Value, error) {
	switch v := v.(type) {
	case nil:
		return cty.NullVal(cty.DynamicPseudoType), nil
	case string:
		return cty.StringVal(v), nil
	case bool:
		return cty.BoolVal(v), nil
	case json.Number:
		return toNumber(v)
	case []any:
		elements := make([]cty.Value, len(v))
		for i := range v {
			var err error
			if elements[i], err = toValue(v[i]); err != nil {
				return cty.NilVal, err
			}
		}
		return cty.TupleVal(elements), nil
	case map[string]any:
		attrs := make(map[string]cty.Value, len(v))
		for name, member := range v {
			if member == nil {
				continue
			}
			var err error
			if attrs[name], err = toValue(member); err != nil {
				return cty.NilVal, err
			}
		}
		return cty.ObjectVal(attrs), nil
	}
	return cty.NilVal, fmt.Errorf("a %T is no JSON value", v)
}

// maxDigits is what cty's numbers of 512 bits hold exactly; it also bounds the
// text that a short number with a large exponent would be written out to.
const maxDigits = 150

func toNumber(n json.Number) (cty.Value, error) {
	text := string(n)
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return cty.NumberIntVal(i), nil
	}
	mantissa, exponent, found := strings.Cut(strings.ToLower(text), "e")
	size := 0
	if found {
		e, err := strconv.Atoi(exponent)
		if err != nil {
			return cty.NilVal, errNumber
		}
		size = max(e, -e)
	}
	if len(mantissa) > maxDigits || size > maxDigits {
		return cty.NilVal, errNumber
	}
	return cty.ParseNumberVal(text)
}

var errNumber = fmt.Errorf("a number has more than %d digits", maxDigits)

// appendJSON writes a value that is known and has no marks. Members of objects
// are sorted, and left out where they are null. Numbers are exact.
func appendJSON(b []byte, v cty.Value) ([]byte, error) {
	if v.IsMarked() || !v.IsKnown() {
		return nil, errors.New("a value is not known")
	}
	t := v.Type()
	switch {
	case v.IsNull():
		return append(b, "null"...), nil
	case t == cty.String:
		return appendText(b, v.AsString()), nil
	case t == cty.Number:
		f := v.AsBigFloat()
		if f.IsInf() {
			return nil, errors.New("a number is infinite")
		}
		return f.Append(b, 'f', -1), nil
	case t == cty.Bool:
		return strconv.AppendBool(b, v.True()), nil
	case t.IsObjectType() || t.IsMapType():
		return appendObject(b, v)
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		return appendArray(b, v)
	}
	return nil, fmt.Errorf("%s can't be written as JSON", t.FriendlyName())
}

func appendObject(b []byte, v cty.Value) ([]byte, error) {
	members := v.AsValueMap()
	b = append(b, '{')
	first := true
	for _, name := range keys(members) {
		if members[name].IsNull() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendText(b, name), ':')
		var err error
		if b, err = appendJSON(b, members[name]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendArray(b []byte, v cty.Value) ([]byte, error) {
	b = append(b, '[')
	for i, element := range v.AsValueSlice() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendJSON(b, element); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// appendText writes a JSON string.
func appendText(b []byte, text string) []byte {
	if !strings.ContainsFunc(text, needsEscape) {
		return append(append(append(b, '"'), text...), '"')
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string into a buffer can't fail
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte{'\n'})...)
}

func needsEscape(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }
