package appdirect

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// JSON writes the document as marketplaces serve it: every documented member
// is there, null where there is no value. Decode gives the document back.
func (d Document) JSON() ([]byte, error) {
	event, err := d.tree()
	if err != nil {
		return nil, err
	}
	return writeTree(withNulls(event, &eventShape))
}

// withNulls adds the documented members that an object lacks.
func withNulls(v any, s *shape) any {
	switch t := v.(type) {
	case map[string]any:
		if s.form != formObject {
			return v
		}
		out := maps.Clone(t)
		for i := range s.fields {
			f := &s.fields[i]
			switch member, given := t[f.name]; {
			case given:
				out[f.name] = withNulls(member, &f.shape)
			case f.form == formList:
				out[f.name] = []any{}
			default:
				out[f.name] = nil
			}
		}
		return out
	case []any:
		if s.form != formList {
			return v
		}
		out := make([]any, len(t))
		for i := range t {
			out[i] = withNulls(t[i], s.elem)
		}
		return out
	}
	return v
}

// XML writes the document as marketplaces serve it: one line, absent members
// left out, maps as entries. Decode gives the document back, but for values
// that are not documented and not texts. A name that XML can't have, or a list
// of lists, is an error.
func (d Document) XML() ([]byte, error) {
	event, err := d.tree()
	if err != nil {
		return nil, err
	}
	return writeXML(`<event xmlns:atom="`+atomSpace+`">`, event, &eventShape, "</event>")
}

// writeXML writes a document: an object between the tags of its root.
func writeXML(open string, m map[string]any, s *shape, end string) ([]byte, error) {
	w := xmlWriter{}
	w.WriteString(xmlHeader + open)
	w.members(m, s)
	w.WriteString(end)
	if w.err != nil {
		return nil, w.err
	}
	return w.Bytes(), nil
}

const xmlHeader = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`

// xmlName is the part of XML's names that are ever used here.
var xmlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// xmlWriter keeps the first error.
type xmlWriter struct {
	bytes.Buffer
	err error
}

func (w *xmlWriter) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("writing XML: "+format, args...)
	}
}

// members writes what is in an object: documented members first.
func (w *xmlWriter) members(m map[string]any, s *shape) {
	known := map[string]bool{}
	for i := range s.fields {
		f := &s.fields[i]
		known[f.name] = true
		v, given := m[f.name]
		switch elements, isList := v.([]any); {
		case !given:
		case f.form == formList && isList:
			for _, e := range elements {
				w.listElement(f, e)
			}
		default:
			w.element(f.name, v, &f.shape)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !known[name] {
			w.element(name, m[name], &shape{})
		}
	}
}

// listElement writes one element of a documented list. A link is written with
// attributes.
func (w *xmlWriter) listElement(f *field, e any) {
	link, ok := e.(map[string]any)
	if f.also != "link" || !ok {
		w.element(f.also, e, f.elem)
		return
	}
	w.WriteString("<atom:link")
	for _, name := range slices.Sorted(maps.Keys(link)) {
		if !xmlName.MatchString(name) {
			w.fail("%q can't be a name", name)
			return
		}
		w.WriteString(" " + name + `="`)
		w.text(link[name])
		w.WriteString(`"`)
	}
	w.WriteString("/>")
}

func (w *xmlWriter) element(name string, v any, s *shape) {
	if elements, ok := v.([]any); ok {
		for _, e := range elements {
			if _, nested := e.([]any); nested {
				w.fail("%s is a list of lists", name)
				return
			}
			w.element(name, e, s)
		}
		return
	}
	if !xmlName.MatchString(name) {
		w.fail("%q can't be a name", name)
		return
	}
	w.WriteString("<" + name + ">")
	switch m, ok := v.(map[string]any); {
	case ok && s.form == formMap:
		w.entries(m)
	case ok:
		w.members(m, s)
	default:
		w.text(v)
	}
	w.WriteString("</" + name + ">")
}

func (w *xmlWriter) entries(m map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		w.WriteString("<entry>")
		w.element("key", key, &shape{})
		w.element("value", m[key], &shape{})
		w.WriteString("</entry>")
	}
}

func (w *xmlWriter) text(v any) {
	switch t := v.(type) {
	case nil:
	case string:
		if err := xml.EscapeText(&w.Buffer, []byte(t)); err != nil {
			w.fail("%w", err)
		}
	case json.Number:
		w.WriteString(t.String())
	case bool:
		w.WriteString(strconv.FormatBool(t))
	default:
		w.fail("a link holds more than texts")
	}
}
