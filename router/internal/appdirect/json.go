package appdirect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// readJSON keeps numbers as they are written; of two members with one name the
// later one counts. encoding/json says whether the document is one, and bounds
// the depth far above maxDepth, which is checked once the document is
// normalised; it would build the tree in several times the time.
func readJSON(raw []byte) (any, error) {
	if !json.Valid(raw) {
		return nil, whyNotJSON(raw)
	}
	r := jsonReader{raw: string(raw)}
	return r.value(), nil
}

// whyNotJSON says what is wrong with a text that is not one JSON value.
func whyNotJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	var first json.RawMessage
	if err := d.Decode(&first); err != nil {
		return fmt.Errorf("reading JSON: %w", err)
	}
	return errors.New("reading JSON: something follows the document")
}

// jsonReader reads a text that is valid JSON, and checks nothing again. What it
// gives is cut out of the text, and keeps all of it in memory.
type jsonReader struct {
	raw string
	at  int
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

func (r *jsonReader) value() any {
	switch r.next() {
	case '{':
		return r.object()
	case '[':
		return r.array()
	case '"':
		return r.text()
	case 't':
		r.at += len("true")
		return true
	case 'f':
		r.at += len("false")
		return false
	case 'n':
		r.at += len("null")
		return nil
	}
	return r.number()
}

func (r *jsonReader) object() any {
	m := map[string]any{}
	for r.at++; r.next() != '}'; {
		if r.raw[r.at] == ',' {
			r.at++
			r.next()
		}
		name := r.text()
		r.next()
		r.at++ // the colon
		m[name] = r.value()
	}
	r.at++
	return m
}

func (r *jsonReader) array() any {
	list := []any{}
	for r.at++; r.next() != ']'; {
		if r.raw[r.at] == ',' {
			r.at++
		}
		list = append(list, r.value())
	}
	r.at++
	return list
}

// text reads a string. One with an escape, or that is not UTF-8, is left to
// encoding/json.
func (r *jsonReader) text() string {
	begin := r.at
	plain := true
	for r.at++; r.raw[r.at] != '"'; r.at++ {
		if r.raw[r.at] == '\\' {
			r.at++
			plain = false
		}
	}
	r.at++
	if inner := r.raw[begin+1 : r.at-1]; plain && utf8.ValidString(inner) {
		return inner
	}
	var s string
	_ = json.Unmarshal([]byte(r.raw[begin:r.at]), &s) // a valid string
	return s
}

func (r *jsonReader) number() any {
	begin := r.at
	for ; r.at < len(r.raw); r.at++ {
		switch r.raw[r.at] {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return json.Number(r.raw[begin:r.at])
		}
	}
	return json.Number(r.raw[begin:])
}

// writeTree writes a tree as JSON with sorted names: equal trees are equal
// bytes.
func writeTree(tree any) (json.RawMessage, error) {
	return appendTree(make([]byte, 0, documentRoom), tree)
}

// documentRoom holds the usual payload; a longer one grows.
const documentRoom = 1 << 10

// appendTree leaves what is not of a tree to encoding/json.
func appendTree(b []byte, v any) ([]byte, error) {
	var err error
	switch t := v.(type) {
	case map[string]any:
		b = append(b, '{')
		var room [usualMembers]string
		for i, name := range sortedNames(t, room[:0]) {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendText(b, name); err != nil {
				return nil, err
			}
			if b, err = appendTree(append(b, ':'), t[name]); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	case []any:
		b = append(b, '[')
		for i, e := range t {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendTree(b, e); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case string:
		return appendText(b, t)
	case json.Number:
		return append(b, t...), nil
	case bool:
		return strconv.AppendBool(b, t), nil
	case nil:
		return append(b, "null"...), nil
	}
	return appendOther(b, v)
}

// usualMembers is how many members most objects have at most.
const usualMembers = 16

// sortedNames adds the names of an object's members, sorted, to none.
func sortedNames(m map[string]any, names []string) []string {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// appendText writes a text that needs no escape itself.
func appendText(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendOther(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

func appendOther(b []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
