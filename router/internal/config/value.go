package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

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
		if digits(f) > maxResult {
			return nil, errors.New("a number is too large")
		}
		// Most numbers are small integers, which big.Float takes its time over.
		if i, accuracy := f.Int64(); accuracy == big.Exact && i != 0 {
			return strconv.AppendInt(b, i, 10), nil
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
