package router_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

// inJournal gives what a journal keeps of a state: the rest comes from the plan
// and the process.
func inJournal(s router.State) string {
	s.Live, s.Turn = false, false
	s.Deliveries = slices.Clone(s.Deliveries)
	for i := range s.Deliveries {
		s.Deliveries[i].Rev = 0
	}
	return inMemory(s)
}

// inMemory gives what one run knows from one fact to the next.
func inMemory(s router.State) string {
	s.Rules, s.Ended = router.Rules{}, time.Time{}
	s.Deliveries = slices.Clone(s.Deliveries)
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		d.To, d.Needs, d.Policy, d.Lifetime = router.ActionRef{}, nil, router.Policy{}, 0
	}
	normalise(reflect.ValueOf(&s).Elem())
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// normalise makes equal what only a journal tells apart: the zone of a time, and
// nothing from an empty list.
func normalise(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(v.Interface().(time.Time).UTC()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			normalise(v.Field(i))
		}
	case v.Kind() == reflect.Slice && v.Len() == 0:
		v.SetZero()
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v)) // it is shared
		for i := range v.Len() {
			normalise(v.Index(i))
		}
	}
}

// differ tells two texts apart, line by line.
func differ(a, b string) string {
	pretty := func(s string) string {
		var out bytes.Buffer
		json.Indent(&out, []byte(s), "", " ")
		return out.String()
	}
	return cmp.Diff(strings.Split(pretty(a), "\n"), strings.Split(pretty(b), "\n"))
}

func brief(s *router.State) string {
	text := fmt.Sprintf("%s, told %q, callback %q", s.Phase, s.Told, s.Callback.Status)
	for i := range s.Deliveries {
		text += fmt.Sprintf(", %s %s", s.Deliveries[i].Name, s.Deliveries[i].Status)
	}
	return text
}
