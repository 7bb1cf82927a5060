package router_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

// The shapes have what Failure has, by the names that it is written with.
func TestFailureShapesAreWhatFailuresAre(t *testing.T) {
	var on []string
	for _, shape := range router.FailureShapes() {
		on = append(on, shape.On...)
		var parts []json.RawMessage
		members := map[string]json.RawMessage{}
		if err := json.Unmarshal(shape.Payload, &parts); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(parts[1], &members); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(jsonNames(reflect.TypeFor[router.Failure]()), slices.Sorted(maps.Keys(members))); diff != "" {
			t.Errorf("%v (-Failure +shape):\n%s", shape.On, diff)
		}
		for name, typ := range map[string]reflect.Type{"event": reflect.TypeFor[router.FailedEvent](), "verdict": reflect.TypeFor[router.Verdict]()} {
			var parts []json.RawMessage
			inner := map[string]json.RawMessage{}
			if err := json.Unmarshal(members[name], &parts); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(parts[1], &inner); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(jsonNames(typ), slices.Sorted(maps.Keys(inner))); diff != "" {
				t.Errorf("%v, %s (-type +shape):\n%s", shape.On, name, diff)
			}
		}
	}
	for _, eventType := range on {
		if !slices.Contains(router.FailureTypes(), eventType) {
			t.Errorf("there is a shape for %s, which is no failure", eventType)
		}
	}
}

func jsonNames(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
