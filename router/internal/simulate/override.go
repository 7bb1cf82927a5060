package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrOverride: an assignment of the form path=value can't be carried out.
var ErrOverride = errors.New(`an override has the form path=value, as in order.items.0.quantity=25`)

// maxOverrideDepth is more than twice the depth of any documented payload.
const maxOverrideDepth = 16

// Set changes one value of the payload. The assignment is path=value; the path
// is dotted and begins in the payload: account.accountIdentifier=cus_1,
// order.items.0.quantity=25, notice.type=CLOSED. Objects on the way that are
// not there are made; an index one past the end of a list adds to it.
//
// The value is JSON where it is any (25, true, null, {"a":1}), else text. What
// replaces a text stays a text, so that an identifier made of digits is one;
// only null takes its place.
// An error is an ErrOverride, and the payload is as it was.
func (e *Event) Set(assignment string) error {
	path, text, ok := strings.Cut(assignment, "=")
	if !ok {
		return fmt.Errorf("reading %q: %w", assignment, ErrOverride)
	}
	steps := strings.Split(strings.TrimSpace(path), ".")
	if len(steps) > maxOverrideDepth {
		return fmt.Errorf("reading %q: the path has more than %d parts: %w", assignment, maxOverrideDepth, ErrOverride)
	}
	changed, err := assign(map[string]any(e.Payload), steps, text)
	if err != nil {
		return fmt.Errorf("setting %q: %w", path, err)
	}
	e.Payload = changed.(map[string]any) // assign gives back the kind it was given
	return nil
}

// assign returns into with the value at steps replaced. It copies what it
// changes, so that an error leaves into alone.
func assign(into any, steps []string, text string) (any, error) {
	if len(steps) == 0 {
		return overrideValue(into, text), nil
	}
	step, rest := steps[0], steps[1:]
	switch into := into.(type) {
	case []any:
		return assignElement(into, step, rest, text)
	case map[string]any:
		return assignField(into, step, rest, text)
	case nil:
		return assignField(nil, step, rest, text)
	default:
		return nil, fmt.Errorf("there is nothing below %v, where %q was asked for: %w", into, step, ErrOverride)
	}
}

func assignField(into map[string]any, name string, rest []string, text string) (any, error) {
	if name == "" {
		return nil, fmt.Errorf("the path has an empty part: %w", ErrOverride)
	}
	v, err := assign(into[name], rest, text)
	if err != nil {
		return nil, err
	}
	changed := make(map[string]any, len(into)+1)
	for k, old := range into {
		changed[k] = old
	}
	changed[name] = v
	return changed, nil
}

func assignElement(into []any, index string, rest []string, text string) (any, error) {
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i > len(into) {
		return nil, fmt.Errorf("%q is no index of a list of %d: %w", index, len(into), ErrOverride)
	}
	changed := append([]any(nil), into...)
	if i == len(into) {
		changed = append(changed, nil)
	}
	if changed[i], err = assign(changed[i], rest, text); err != nil {
		return nil, err
	}
	return changed, nil
}

func overrideValue(old any, text string) any {
	_, wasText := old.(string)
	if !json.Valid([]byte(text)) || wasText && text != "null" {
		return text
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber() // a big identifier keeps all its digits
	var v any
	if dec.Decode(&v) != nil {
		return text
	}
	return v
}
