package router

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// Hide gives what the schema calls sensitive in a JSON object, and beside it what
// it does not know, as a Vault seals it.
func (s Schema) Hide(object Secret, most int) Hidden {
	if !s.hides() {
		return Hidden{} // as most inputs: they need not be read
	}
	return Hide(s.sensitiveTexts(object.Reveal()), most)
}

// hides reports whether the schema covers anything.
func (s Schema) hides() bool {
	return slices.ContainsFunc(s.Attrs, func(a Attr) bool { return a.Sensitive }) ||
		slices.ContainsFunc(s.Blocks, func(b Block) bool { return b.Schema.hides() })
}

// sensitiveTexts are the texts and numbers in what the schema covers.
func (s Schema) sensitiveTexts(object json.RawMessage) (out []string) {
	var values map[string]json.RawMessage
	if json.Unmarshal(object, &values) != nil {
		return nil
	}
	for name, value := range values {
		block := slices.IndexFunc(s.Blocks, func(b Block) bool { return b.Name == name })
		switch attr := s.Attr(name); {
		case attr != nil && !attr.Sensitive:
		case attr != nil || block < 0:
			d := json.NewDecoder(bytes.NewReader(value))
			d.UseNumber()
			var v any
			if d.Decode(&v) == nil {
				out = appendTexts(out, v)
			}
		default:
			nested := []json.RawMessage{value}
			if list := []json.RawMessage(nil); json.Unmarshal(value, &list) == nil {
				nested = list
			}
			for _, one := range nested {
				out = append(out, s.Blocks[block].Schema.sensitiveTexts(one)...)
			}
		}
	}
	return out
}

// appendTexts adds the texts and the numbers of a decoded value. A number is
// looked for as it is written, and as Go shows it that has made a float of it.
func appendTexts(out []string, v any) []string {
	switch v := v.(type) {
	case string:
		return append(out, v)
	case json.Number:
		digits := 0
		for _, c := range v {
			if c >= '0' && c <= '9' {
				digits++
			}
		}
		if digits < shortestHidden {
			return out
		}
		out = append(out, string(v))
		if f, err := v.Float64(); err == nil {
			out = append(out, strconv.FormatFloat(f, 'g', -1, 64))
		}
	case []any:
		for _, e := range v {
			out = appendTexts(out, e)
		}
	case map[string]any:
		for _, e := range v {
			out = appendTexts(out, e)
		}
	}
	return out
}

// Masked is a JSON object by the schema, with the values covered that it calls
// sensitive. What is no object is covered whole, if anything in it could be.
func (s Schema) Masked(v json.RawMessage) json.RawMessage {
	var sensitive []string
	for i := range s.Attrs {
		if s.Attrs[i].Sensitive {
			sensitive = append(sensitive, s.Attrs[i].Name)
		}
	}
	if len(v) == 0 || len(sensitive) == 0 {
		return v
	}
	var attrs map[string]json.RawMessage
	if err := json.Unmarshal(v, &attrs); err != nil {
		return Covered()
	}
	for _, name := range sensitive {
		if _, ok := attrs[name]; ok {
			attrs[name] = Covered()
		}
	}
	text, err := json.Marshal(attrs)
	if err != nil {
		return Covered()
	}
	return text
}

// Covered is what stands for a value that must not be shown.
func Covered() json.RawMessage { return json.RawMessage(`"` + secretMask + `"`) }
