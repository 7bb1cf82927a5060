package webhook

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

// What events have beside the payload is what the shapes say: all of it in an
// event that has everything, and nothing but what is not optional in one that has
// the least.
func TestShapesAreWhatAttributesAre(t *testing.T) {
	least := event.New()
	least.SetID("A-1")
	least.SetSource("/shop")
	least.SetType("order")
	most := order()
	if err := most.SetData("text/plain", "x"); err != nil {
		t.Fatal(err)
	}
	most.SetDataSchema("https://shop.example/schema")
	for name, c := range map[string]struct {
		shapes      []router.Shape
		least, most map[string]any
	}{
		"cloudevents": {cloudEventShapes(), attributesOfEvent(&least), attributesOfEvent(&most)},
		"webhook":     {webhookShapes(), attributesWith(t, ""), attributesWith(t, "a=1")},
	} {
		t.Run(name, func(t *testing.T) {
			var parts []json.RawMessage
			var types map[string]json.RawMessage
			var optional []string
			if err := json.Unmarshal(c.shapes[0].Attributes, &parts); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(parts[1], &types); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(parts[2], &optional); err != nil {
				t.Fatal(err)
			}
			delete(c.most, "tenant") // an extension
			if diff := cmp.Diff(slices.Sorted(maps.Keys(types)), slices.Sorted(maps.Keys(c.most))); diff != "" {
				t.Errorf("all there can be (-shape +event):\n%s", diff)
			}
			maps.DeleteFunc(types, func(name string, _ json.RawMessage) bool { return slices.Contains(optional, name) })
			if diff := cmp.Diff(slices.Sorted(maps.Keys(types)), slices.Sorted(maps.Keys(c.least))); diff != "" {
				t.Errorf("what is always there (-shape +event):\n%s", diff)
			}
		})
	}
}

func attributesWith(t *testing.T, query string) map[string]any {
	t.Helper()
	r := post("{}")
	r.URL.RawQuery = query
	raw, err := attributesOf(router.Request{Headers: r.Header, Query: r.URL.Query(), Body: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	var attrs map[string]any
	if err := json.Unmarshal(raw, &attrs); err != nil {
		t.Fatal(err)
	}
	return attrs
}
