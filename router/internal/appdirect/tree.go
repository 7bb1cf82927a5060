package appdirect

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A document is read into a tree of map[string]any, []any, string,
// json.Number, bool and nil, whichever form it has; from there on the two
// forms are the same thing.

// maxDepth bounds the nesting of documents; AppDirect's own have six levels.
const maxDepth = 64

// maxMarks bounds the values of a document, by the marks that stand between them:
// an event has a few hundred. A megabyte of empty elements would take a hundred
// of memory.
const maxMarks = 100_000

// checkMarks refuses a document of too many values before it is read.
func checkMarks(raw []byte) error {
	marks := 0
	for _, mark := range []string{"<", ",", "{", "["} {
		marks += bytes.Count(raw, []byte(mark))
	}
	if marks > maxMarks {
		return fmt.Errorf("the document has more than %d values", maxMarks)
	}
	return nil
}

// atomSpace is the name space of an event's links in the XML form.
const atomSpace = "http://www.w3.org/2005/Atom"

// readTree reads a JSON object, or an XML document with this root element,
// whichever the first character shows: AppDirect has served JSON as text/plain.
func readTree(raw []byte, root string) (any, error) {
	if err := checkMarks(raw); err != nil {
		return nil, err
	}
	raw = bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\ufeff")), xmlSpace)
	switch {
	case len(raw) == 0:
		return nil, errors.New("the document is empty")
	case raw[0] == '{':
		return readJSON(raw)
	case raw[0] == '<':
		return readXML(raw, root)
	}
	return nil, errors.New("the document is neither JSON nor XML")
}

// readXML knows no document type, hence no entities but XML's own five.
func readXML(raw []byte, root string) (any, error) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	var tree any
	found := false
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && found:
			return tree, nil
		case errors.Is(err, io.EOF):
			return nil, errors.New("reading XML: there is no element")
		case err != nil:
			return nil, fmt.Errorf("reading XML: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, errDirective
		case xml.CharData:
			if len(bytes.Trim(t, xmlSpace)) > 0 {
				return nil, errors.New("reading XML: there is text outside the document")
			}
		case xml.StartElement:
			if found || !strings.EqualFold(t.Name.Local, root) {
				return nil, fmt.Errorf("reading XML: the document is no single <%s>", root)
			}
			found = true
			if tree, err = readElement(d, t, 1); err != nil {
				return nil, fmt.Errorf("reading XML: %w", err)
			}
		}
	}
}

var errDirective = errors.New("reading XML: a document type is not allowed")

// readElement reads up to the end of the element: one without children is its
// text, one with children a map, in which a name that repeats is a list.
// Attributes count only where they are all there is, on an Atom link.
func readElement(d *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	children := map[string]any{}
	repeats := map[string]bool{}
	var text strings.Builder
	isNil := false
	isLink := start.Name.Local == "link" && start.Name.Space == atomSpace
	for _, a := range start.Attr {
		if a.Name.Local == "nil" && a.Name.Space != "" {
			isNil = a.Value == "true" || a.Value == "1"
		} else if isLink && a.Name.Space == "" && a.Name.Local != "xmlns" {
			children[a.Name.Local] = a.Value
		}
	}
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, errDirective
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			child, err := readElement(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			name := t.Name.Local
			switch before, again := children[name]; {
			case !again:
				children[name] = child
			case repeats[name]:
				children[name] = append(before.([]any), child)
			default:
				children[name], repeats[name] = []any{before, child}, true
			}
		case xml.EndElement:
			switch {
			case len(children) > 0:
				return children, nil
			case isNil:
				return nil, nil
			}
			return text.String(), nil
		}
	}
}

var errDepth = fmt.Errorf("the document is nested deeper than %d levels", maxDepth)

// checkDepth refuses a tree that is nested too deep.
func checkDepth(tree any, left int) error {
	if left < 0 {
		return errDepth
	}
	switch t := tree.(type) {
	case map[string]any:
		for _, v := range t {
			if err := checkDepth(v, left-1); err != nil {
				return err
			}
		}
	case []any:
		for _, v := range t {
			if err := checkDepth(v, left-1); err != nil {
				return err
			}
		}
	}
	return nil
}
