package routes

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Set is one value of an event that is written by hand.
type Set struct {
	path  []step
	value any
}

// step is a member's name, or an index of a list where name is "".
type step struct {
	name  string
	index int
}

// Limits of what is written by hand: an index makes a list that long, and every
// step of a path another level.
const (
	maxIndex = 999
	maxSteps = 64
)

// ParseSet reads PATH=VALUE. The path is written as in an expression, with or
// without "event." before it: payload.order.items[0].unit, or
// payload.configuration["a.b"]. The value is JSON, or else a text.
func ParseSet(text string) (Set, error) {
	path, rest, err := parsePath(strings.TrimPrefix(text, "event."))
	if err != nil {
		return Set{}, err
	}
	value, ok := strings.CutPrefix(rest, "=")
	if !ok {
		return Set{}, fmt.Errorf("%q is not PATH=VALUE", text)
	}
	return Set{path: path, value: valueOf(value)}, nil
}

// valueOf reads a value. Numbers stay as they are written.
func valueOf(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if !json.Valid([]byte(text)) || decoder.Decode(&v) != nil {
		return text
	}
	return v
}

// parsePath reads a path, and gives what follows it.
func parsePath(text string) (path []step, rest string, err error) {
	for first := true; ; first = false {
		if len(path) > maxSteps {
			return nil, "", fmt.Errorf("the path has more than %d steps", maxSteps)
		}
		var s step
		switch {
		case first:
			s.name, rest = cutName(text)
		case strings.HasPrefix(rest, "."):
			s.name, rest = cutName(rest[1:])
		case strings.HasPrefix(rest, "["):
			if s, rest, err = cutIndex(rest[1:]); err != nil {
				return nil, "", err
			}
			path = append(path, s)
			continue
		default:
			return path, rest, nil
		}
		if s.name == "" {
			return nil, "", fmt.Errorf("there is no name where one should be in %q", text)
		}
		path = append(path, s)
	}
}

func cutName(text string) (name, rest string) {
	if i := strings.IndexAny(text, ".[="); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// cutIndex reads what stands behind a bracket: a number, or a name in quotes.
func cutIndex(text string) (s step, rest string, err error) {
	inner := text
	if strings.HasPrefix(text, `"`) {
		if inner, err = strconv.QuotedPrefix(text); err != nil {
			return step{}, "", errors.New(`a name in brackets is not closed: ["NAME"]`)
		}
		rest = text[len(inner):]
		if s.name, err = strconv.Unquote(inner); err != nil || s.name == "" {
			return step{}, "", fmt.Errorf("%s is no name", inner)
		}
	} else {
		end := max(strings.IndexByte(text, ']'), 0)
		inner, rest = text[:end], text[end:]
		if s.index, err = strconv.Atoi(inner); err != nil || s.index < 0 || s.index > maxIndex {
			return step{}, "", fmt.Errorf("[%s] is no index from 0 to %d", inner, maxIndex)
		}
	}
	rest, closed := strings.CutPrefix(rest, "]")
	if !closed {
		return step{}, "", errors.New("a bracket is not closed")
	}
	return s, rest, nil
}

// in puts the value into a document, and makes what is missing on the way. A
// value that is in the way, of another form, is an error.
func (s Set) in(doc any) (any, error) { return put(doc, s.path, s.value) }

func put(doc any, path []step, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	s := path[0]
	if s.name != "" {
		m, ok := doc.(map[string]any)
		if doc != nil && !ok {
			return nil, fmt.Errorf("there is no %q in what is not an object", s.name)
		}
		if m == nil {
			m = map[string]any{}
		}
		v, err := put(m[s.name], path[1:], value)
		m[s.name] = v
		return m, err
	}
	list, ok := doc.([]any)
	if doc != nil && !ok {
		return nil, fmt.Errorf("there is no [%d] in what is not a list", s.index)
	}
	for len(list) <= s.index {
		list = append(list, nil)
	}
	v, err := put(list[s.index], path[1:], value)
	list[s.index] = v
	return list, err
}
