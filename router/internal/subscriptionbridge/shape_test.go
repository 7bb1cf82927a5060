package subscriptionbridge

import (
	"encoding/json"
	"testing"
)

// The shape has what an event is written with: all of it is always there.
func TestTheShapeIsWhatAnEventIs(t *testing.T) {
	shape := Kind().Shapes[0]
	if len(Kind().Shapes) != 1 || len(shape.On) != 0 {
		t.Fatal("there is more than one shape for all types")
	}
	for document, c := range map[string]struct {
		typ   json.RawMessage
		value any
	}{
		"payload": {shape.Payload, payload{}}, "attributes": {shape.Attributes, attributes{}}, "store": {typeIn(t, shape.Attributes, "store"), storeName{}},
	} {
		raw, err := json.Marshal(c.value)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			t.Fatal(err)
		}
		for name := range members {
			if typeIn(t, c.typ, name) == nil {
				t.Errorf("the %s has %s, the shape does not", document, name)
			}
		}
		if n := len(typesOf(t, c.typ)); n != len(members) {
			t.Errorf("the %s has %d members, its shape %d", document, len(members), n)
		}
	}
}

func typeIn(t *testing.T, typ json.RawMessage, name string) json.RawMessage {
	return typesOf(t, typ)[name]
}

func typesOf(t *testing.T, typ json.RawMessage) map[string]json.RawMessage {
	t.Helper()
	var parts []json.RawMessage
	var types map[string]json.RawMessage
	if err := json.Unmarshal(typ, &parts); err != nil || len(parts) != 2 {
		t.Fatalf("%s is no object without optional members: %v", typ, err)
	}
	if err := json.Unmarshal(parts[1], &types); err != nil {
		t.Fatal(err)
	}
	return types
}
