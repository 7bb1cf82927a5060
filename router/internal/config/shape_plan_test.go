package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// typedRoute takes any order of the source "market", and makes what it can of it.
const typedRoute = marketSource + `
route "typed" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = event.payload.order.edition == null || event.payload.order.edition != "FREE"
  deliver "mail" {
    to   = plugin.email.send
    with = {
      template = coalesce(event.payload.company.name, "nobody")
      to       = ["a@b.example"]
      data = {
        seats  = event.payload.order.seats == null ? 1 : event.payload.order.seats
        trial  = event.payload.order["trial"]
        units  = event.payload.order.items[*].unit
        config = try(event.payload.configuration.a.b, event.payload.order.colour, null)
      }
    }
  }
}
`

// asTyped has the route take a payload of which nobody knows what it is.
func asTyped(t *testing.T, config *Config, payload []byte) {
	event := marketEvent("ORDER", string(payload))
	scope := open(t, config.Plan, event)
	matched, err := config.Plan.Match(event, scope)
	if err != nil {
		return
	}
	for _, route := range matched {
		if input, err := route.Deliver[0].Input(scope); err == nil && !json.Valid(input) {
			t.Errorf("the input is not JSON: %s", input)
		}
	}
}

// The types stand in a snapshot once, however many routes there are.
func TestTheSnapshotHasEachTypeOnce(t *testing.T) {
	var routes strings.Builder
	routes.WriteString(marketSource + "source \"market\" \"n\" { path = \"/n\" }\n")
	for i := range 50 {
		fmt.Fprintf(&routes, "route \"r%d\" {\n  from  = [source.market.m, source.market.n]\n  on    = [\"ORDER\"]\n  final = true\n  when  = event.payload.order.edition == \"E%d\"\n}\n", i, i)
	}
	config := mustLoad(t, routes.String())
	var s snapshot
	if err := json.Unmarshal(config.Snapshot, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Types) != 3 {
		t.Errorf("the snapshot has %d types, want those of two payloads and of the attributes", len(s.Types))
	}
	if n := bytes.Count(config.Snapshot, []byte(`"discount"`)); n > 2 { // its type, and that it is optional
		t.Errorf("a field stands in the snapshot %d times", n)
	}
}

// An event from before its source had shapes ends as it began: what it lacks
// fails.
func TestASnapshotWithoutShapes(t *testing.T) {
	config := mustLoad(t, marketRoute(`event.payload.order.discount == null`, "ORDER"))
	for _, version := range []int{1, 2} {
		var s map[string]any
		if err := json.Unmarshal(config.Snapshot, &s); err != nil {
			t.Fatal(err)
		}
		s["version"] = version
		delete(s, "types")
		for _, source := range s["sources"].([]any) {
			delete(source.(map[string]any), "shapes")
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := Compile(text, digestOf(text))
		if err != nil {
			t.Fatal(err)
		}
		event := marketEvent("ORDER", `{"order":{}}`)
		if _, err := plan.Match(event, open(t, plan, event)); err == nil || !strings.Contains(err.Error(), `does not have an attribute named "discount"`) {
			t.Errorf("version %d: error %v", version, err)
		}
	}
}

func TestASnapshotWhoseTypesAreBroken(t *testing.T) {
	for name, change := range map[string]func(*snapshot){
		"no such type": func(s *snapshot) { s.Types = nil },
		"not a type":   func(s *snapshot) { s.Types[0] = json.RawMessage(`"txt"`) },
	} {
		t.Run(name, func(t *testing.T) {
			var s snapshot
			if err := json.Unmarshal(mustLoad(t, marketRoute(`event.payload.order.edition == "A"`, "ORDER")).Snapshot, &s); err != nil {
				t.Fatal(err)
			}
			change(&s)
			text, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Compile(text, digestOf(text)); err == nil || !strings.Contains(err.Error(), "the events of source market.m") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestExplainShowsWhatReadsAsNull(t *testing.T) {
	config := mustLoad(t, marketRoute(`event.payload.order.discount == "A" || event.payload.company.name == "B" || can(event.payload.company.country)`, "ORDER"))
	answers, err := explain(t, config).Event(marketEvent("ORDER", `{"order":{}}`))
	if err != nil || len(answers) != 1 {
		t.Fatalf("%d answers, error %v", len(answers), err)
	}
	want := []string{
		`event.payload.order.discount == "A" is false: event.payload.order.discount=null;`,
		`event.payload.company.name == "B" is false: event.payload.company.name=null;`,
		`can(event.payload.company.country) is false: event.payload.company.country=;`,
	}
	if got := saidNo(answers[0].Reasons); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
}

// What several types have in common, and what only some of them have.
func TestUnionOfShapes(t *testing.T) {
	of := func(on ...string) eventShape {
		ss, err := shapesOf(typedKind().Shapes)
		if err != nil {
			t.Fatal(err)
		}
		if on == nil {
			return ss.ofAll()
		}
		is := ss.of(on[0])
		for _, other := range on[1:] {
			is = is.union(ss.of(other))
		}
		return is
	}
	for name, tc := range map[string]struct {
		is            eventShape
		path          string
		known, always bool
		closed        bool // what it is a member of
	}{
		"a type alone":                    {is: of("ORDER"), path: "order.edition", known: true, always: true, closed: true},
		"two types that are one":          {is: of("ORDER", "CHANGE"), path: "order.edition", known: true, always: true, closed: true},
		"of one of two types":             {is: of("ORDER", "CANCEL"), path: "order", known: true, closed: true},
		"below what one has":              {is: of("ORDER", "CANCEL"), path: "order.edition", known: true, always: true, closed: true},
		"of no type":                      {is: of("ORDER", "CANCEL"), path: "colour", closed: true},
		"of one type and a strange":       {is: of("ORDER", "STRANGE"), path: "order.edition", known: true},
		"of any type":                     {is: of(), path: "order.edition", known: true},
		"of a strange type":               {is: of("STRANGE"), path: "order"},
		"the strange one stands in front": {is: of("STRANGE", "ORDER", "CANCEL"), path: "account.status", known: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, parent := tc.is.payload, tc.is.payload
			for _, step := range strings.Split(tc.path, ".") {
				if s != nil {
					parent, s = s, s.members[step]
				}
			}
			if known := s != nil; known != tc.known || known && s.always != tc.always || parent.closed() != tc.closed {
				t.Errorf("known %v, always %v, closed %v", known, known && s.always, parent.closed())
			}
		})
	}
}

// hookSource is a webhook with these schema blocks.
func hookSource(schemas ...string) string {
	text := "source \"hook\" \"h\" {\n  path = \"/h\"\n  id = request.body.id\n  type = request.body.type\n"
	for _, s := range schemas {
		text += "  schema {\n" + s + "\n  }\n"
	}
	return text + "}\n"
}

// The type that one event type's schema gives a field does not change the values of
// types that have no schema.
func TestTheTypeOfAFieldStaysWithItsEvents(t *testing.T) {
	for _, on := range []string{`["u"]`, `["a", "u"]`} {
		config := mustLoad(t, hookSource("    on = [\"a\"]\n    payload = object({ n = string })")+"route \"x\" {\n  from = [source.hook.h]\n  on = "+on+"\n  when = event.payload.n == 5\n}\n")
		if names, err := matchNames(t, config, "hook.h", "u", `{"n":5}`); len(names) != 1 {
			t.Errorf("on = %s: n = 5 of u matches %q, %v", on, names, err)
		}
	}
}

// A list of a schema may be equal to one that is written in brackets, also below
// an object.
func TestAListOfASchemaMayBeEqual(t *testing.T) {
	hook := hookSource("    payload = object({ n = string, tags = list(string), o = object({ tags = list(string) }) })")
	for when, want := range map[string]bool{
		`event.payload.n == "1" && event.payload.tags == ["a"]`:        true,
		`event.payload.n == "1" && event.payload.tags != ["a"]`:        false,
		`event.payload.o == { tags = ["a", "b"] }`:                     true,
		`event.payload.tags == ["a"] && event.payload.n != "2"`:        true,
		`event.payload.tags == ["a"] ? event.payload.n == "1" : false`: true,
	} {
		config := mustLoad(t, hook+"route \"x\" {\n  from = [source.hook.h]\n  when = "+when+"\n}\n")
		names, err := matchNames(t, config, "hook.h", "any", `{"n":"1","tags":["a"],"o":{"tags":["a","b"]}}`)
		if err != nil || (len(names) == 1) != want {
			t.Errorf("%s: %d routes match, %v; want one: %v", when, len(names), err, want)
		}
	}
}
