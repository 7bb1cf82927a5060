package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// checkJSON says what is wrong with a text that is not one JSON value.
func checkJSON(raw json.RawMessage) error {
	if json.Valid(raw) {
		return nil
	}
	return json.Unmarshal(raw, new(json.RawMessage))
}

// readJSON reads the parts of a JSON value that are named.
func readJSON(raw json.RawMessage, named *paths) (cty.Value, error) {
	if err := checkJSON(raw); err != nil {
		return cty.NilVal, err
	}
	return (&jsonReader{raw: raw}).value(named)
}

// jsonReader reads a text that passed checkJSON, and checks nothing again. What
// nobody names it passes over: values cost many times their text. Numbers are
// exact. Null members of objects are left out, since null and absent are one;
// of two members with one name the later one counts. Names are one to cty, and
// so here, if they differ in their Unicode normalisation only.
type jsonReader struct {
	raw []byte
	at  int
}

// value reads what is named of the value that comes next, and goes behind it,
// also where it fails. What is named but not there is left out, so that the
// expression that reads it fails and says so.
func (r *jsonReader) value(named *paths) (cty.Value, error) {
	switch r.next() {
	case '{':
		attrs, err := r.members(named)
		if err != nil {
			return cty.NilVal, err
		}
		return cty.ObjectVal(attrs), nil
	case '[':
		return r.array()
	case '"':
		return cty.StringVal(string(r.text())), nil
	case 't', 'f':
		return cty.BoolVal(r.pass()[0] == 't'), nil
	case 'n':
		r.pass()
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	return toNumber(json.Number(r.pass()))
}

// members reads the named members of an object.
func (r *jsonReader) members(named *paths) (map[string]cty.Value, error) {
	attrs := make(map[string]cty.Value, len(named.below))
	var failed, tooMany error
	for name := range r.names() {
		switch below := named.member(name); {
		case r.next() == 'n':
			r.pass()
			delete(attrs, string(name))
		case below == nil:
			r.pass()
		default:
			v, err := r.value(below)
			if err != nil {
				v, failed = cty.NilVal, fmt.Errorf("%q: %w", name, err)
			}
			if len(attrs) == maxElements {
				tooMany = fmt.Errorf("an object has more than %d members", maxElements)
				continue // to its end
			}
			attrs[string(name)] = v
		}
	}
	if tooMany != nil {
		return nil, tooMany
	}
	if failed != nil {
		for _, v := range attrs {
			if v == cty.NilVal { // and no later member took its place
				return nil, failed
			}
		}
	}
	return attrs, nil
}

// names gives the normalised name of each member of an object; whoever ranges
// over them reads or passes the values.
func (r *jsonReader) names() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for r.at++; r.next() != '}'; {
			if r.raw[r.at] == ',' {
				r.at++
			}
			name := normalised(r.text())
			r.next()
			r.at++ // the colon
			if !yield(name) {
				return
			}
		}
		r.at++
	}
}

// normalised is the name by which cty knows a member. One of ASCII is that
// already.
func normalised(name []byte) []byte {
	for _, c := range name {
		if c >= utf8.RuneSelf {
			return []byte(cty.NormalizeString(string(name)))
		}
	}
	return name
}

// find goes to the value under these normalised names, one below the other, and
// reports whether there is one; if not, whether an object on the way lacks it.
func (r *jsonReader) find(names []string) (found, lacking bool) {
	for _, name := range names {
		if r.next() != '{' {
			return false, r.raw[r.at] == 'n'
		}
		last := -1
		for given := range r.names() {
			if string(given) == name {
				last = r.at
			}
			r.pass()
		}
		if last < 0 {
			return false, true
		}
		r.at = last
	}
	return r.next() != 'n', true
}

// array reads all elements: nothing below them can be named.
func (r *jsonReader) array() (cty.Value, error) {
	elements := []cty.Value{}
	var failed error
	for r.at++; r.next() != ']'; {
		if r.raw[r.at] == ',' {
			r.at++
		}
		v, err := r.value(everything)
		if err != nil {
			failed = err
		}
		if len(elements) == maxElements {
			failed = fmt.Errorf("a list has more than %d elements", maxElements)
			continue // to its end
		}
		elements = append(elements, v)
	}
	r.at++
	if failed != nil {
		return cty.NilVal, failed
	}
	return cty.TupleVal(elements), nil
}

// next passes white space and returns the character behind it.
func (r *jsonReader) next() byte {
	for {
		switch c := r.raw[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
}

// text reads a string. One with an escape, or that is not UTF-8, is left to
// encoding/json.
func (r *jsonReader) text() []byte {
	quoted := r.pass()
	inner := quoted[1 : len(quoted)-1]
	if utf8.Valid(inner) && bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // a valid string
	return []byte(s)
}

// pass goes behind the value that comes next, and returns its text.
func (r *jsonReader) pass() []byte {
	r.next()
	begin, depth := r.at, 0
	for r.at < len(r.raw) {
		switch r.raw[r.at] {
		case '"':
			for r.at++; r.raw[r.at] != '"'; r.at++ {
				if r.raw[r.at] == '\\' {
					r.at++
				}
			}
			if depth == 0 {
				r.at++
				return r.raw[begin:r.at]
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return r.raw[begin:r.at]
			}
			if depth--; depth == 0 {
				r.at++
				return r.raw[begin:r.at]
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return r.raw[begin:r.at]
			}
		}
		r.at++
	}
	return r.raw[begin:]
}
