package config

import (
	"encoding/json"
	"reflect"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// escapes lead from the places in a text to those in the JSON that it is
// written in, where "\"" has two bytes and "\n" begins no line. Diagnostics,
// reasons and masked secrets stand at the places in the file.
type escapes struct {
	filename string
	first    int // the byte that both begin with
	// places by byte of the text, and the one behind its end; their bytes count
	// from first.
	places []hcl.Pos
}

func newEscapes(raw []byte, filename string, start hcl.Pos) *escapes {
	e := &escapes{filename: filename, first: start.Byte}
	begin := hcl.Pos{Line: start.Line, Column: start.Column} // the scanner's bytes are those of raw
	units := hcl.NewRangeScannerFragment(raw, filename, begin, splitUnits)
	end := begin
	for units.Scan() {
		rng := units.Range()
		var text string
		if err := json.Unmarshal([]byte(`"`+string(units.Bytes())+`"`), &text); err != nil {
			break // what stands before it keeps its places; the rest has that of the end
		}
		for range len(text) {
			e.places = append(e.places, rng.Start)
		}
		end = rng.End
	}
	e.places = append(e.places, end)
	return e
}

// splitUnits splits the inside of a JSON string into characters and escapes. A
// character beyond the first 65,536 takes two escapes.
func splitUnits(data []byte, _ bool) (int, []byte, error) {
	n := 0
	switch {
	case len(data) == 0:
	case data[0] != '\\':
		_, n = utf8.DecodeRune(data)
	case utf16.DecodeRune(escaped(data), escaped(data[min(6, len(data)):])) != utf8.RuneError:
		n = 12
	case escaped(data) >= 0:
		n = 6
	default:
		n = min(2, len(data))
	}
	return n, data[:n], nil
}

// escaped is the number in an escape (\u and four digits) that data begins with,
// or -1.
func escaped(data []byte) rune {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

func (e *escapes) pos(p hcl.Pos) hcl.Pos {
	if i := p.Byte - e.first; i >= 0 && i < len(e.places) {
		p = e.places[i]
		p.Byte += e.first
	}
	return p
}

func (e *escapes) move(rng *hcl.Range) {
	if rng != nil && rng.Filename == e.filename {
		rng.Start, rng.End = e.pos(rng.Start), e.pos(rng.End)
	}
}

func (e *escapes) moveDiagnostics(diags hcl.Diagnostics) {
	for _, diag := range diags {
		if diag.Subject != nil {
			subject := *diag.Subject
			e.move(&subject)
			diag.Subject = &subject
		}
		diag.Context = nil // the text is one line
	}
}

// moveExpression moves all places in a tree. HCL's nodes keep theirs in fields
// of many names.
func (e *escapes) moveExpression(expr hclsyntax.Expression) {
	v := reflect.ValueOf(&expr).Elem()
	e.moveValue(v, map[visited]bool{})
}

// visited is a part of a tree, which may be reached by two ways.
type visited struct {
	address uintptr
	t       reflect.Type
}

func (e *escapes) moveValue(v reflect.Value, seen map[visited]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			e.moveOnce(v.Elem(), v.Pointer(), seen)
		}
	case reflect.Interface:
		switch inner := v.Elem(); inner.Kind() {
		case reflect.Pointer:
			e.moveValue(inner, seen)
		case reflect.Struct:
			moved := reflect.New(inner.Type()).Elem()
			moved.Set(inner)
			e.moveValue(moved, seen)
			v.Set(moved)
		}
	case reflect.Slice:
		for i := range v.Len() {
			element := v.Index(i)
			e.moveOnce(element, element.Addr().Pointer(), seen)
		}
	case reflect.Struct:
		if rng, ok := v.Addr().Interface().(*hcl.Range); ok {
			e.move(rng)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				e.moveValue(v.Field(i), seen)
			}
		}
	}
}

func (e *escapes) moveOnce(v reflect.Value, address uintptr, seen map[visited]bool) {
	key := visited{address, v.Type()}
	if !seen[key] {
		seen[key] = true
		e.moveValue(v, seen)
	}
}
