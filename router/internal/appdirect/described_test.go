package appdirect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// TestShapesAreWhatTheCodecMakes holds every recorded event against the shape of
// its type: nothing is in it that the shape lacks, and nothing is missing that
// the shape says is always there.
func TestShapesAreWhatTheCodecMakes(t *testing.T) {
	for _, name := range fixtures(t) {
		if name == "unknown_type" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			d := decodeFile(t, name+".json")
			s := shapeFor(t, d.Type)
			for document, c := range map[string]struct{ typ, value json.RawMessage }{
				"payload": {s.Payload, d.Payload}, "attributes": {s.Attributes, d.Attributes},
			} {
				for _, wrong := range against(t, c.typ, c.value, document) {
					t.Error(wrong)
				}
			}
		})
	}
}

func TestEveryTypeHasOneShape(t *testing.T) {
	var on []string
	for _, s := range Kind().Shapes {
		on = append(on, s.On...)
	}
	slices.Sort(on)
	if want := slices.Sorted(slices.Values(Kind().Types)); !slices.Equal(on, want) {
		t.Errorf("there are shapes for %v, want %v", on, want)
	}
}

func shapeFor(t *testing.T, eventType string) router.Shape {
	t.Helper()
	all := Kind().Shapes
	i := slices.IndexFunc(all, func(s router.Shape) bool { return slices.Contains(s.On, eventType) })
	if i < 0 {
		t.Fatalf("%s has no shape", eventType)
	}
	return all[i]
}

// against lists what a value has beyond its type, or lacks.
func against(t *testing.T, typ, value json.RawMessage, path string) (wrong []string) {
	t.Helper()
	var word string
	if json.Unmarshal(typ, &word) == nil {
		form := map[string]func(json.RawMessage) bool{
			"string": func(v json.RawMessage) bool { return v[0] == '"' }, "bool": func(v json.RawMessage) bool { return v[0] == 't' || v[0] == 'f' },
			"number": func(v json.RawMessage) bool { return strings.ContainsRune("-0123456789", rune(v[0])) }, "dynamic": func(json.RawMessage) bool { return true },
		}[word]
		if !form(value) {
			wrong = append(wrong, fmt.Sprintf("%s is %s, and no %s", path, value, word))
		}
		return wrong
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(typ, &parts); err != nil {
		t.Fatal(err)
	}
	if string(parts[0]) == `"list"` {
		var elements []json.RawMessage
		if err := json.Unmarshal(value, &elements); err != nil {
			return append(wrong, path+" is no list")
		}
		for i, e := range elements {
			wrong = append(wrong, against(t, parts[1], e, fmt.Sprintf("%s[%d]", path, i))...)
		}
		return wrong
	}
	var types, members map[string]json.RawMessage
	var optional []string
	if err := json.Unmarshal(parts[1], &types); err != nil {
		t.Fatal(err)
	}
	if len(parts) > 2 {
		if err := json.Unmarshal(parts[2], &optional); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(value, &members); err != nil {
		return append(wrong, path+" is no object")
	}
	for name, member := range members {
		if types[name] == nil {
			wrong = append(wrong, fmt.Sprintf("%s.%s is in the event, and not in the shape", path, name))
			continue
		}
		wrong = append(wrong, against(t, types[name], member, path+"."+name)...)
	}
	for name := range types {
		if members[name] == nil && !slices.Contains(optional, name) {
			wrong = append(wrong, fmt.Sprintf("%s.%s is always there, says the shape; the event lacks it", path, name))
		}
	}
	return wrong
}
