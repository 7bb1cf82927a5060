package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/signalbox/signalbox/router"
)

// The shapes of the kind "market".
const (
	orderShape = `["object",{
		"order":["object",{"edition":"string","discount":"string","seats":"number","trial":"bool",
			"items":["list",["object",{"unit":"string","quantity":"number","note":"string"},["note"]]]},["discount","items","seats","trial"]],
		"company":["object",{"name":"string","country":"string"},["country"]],
		"configuration":"dynamic"},["company"]]`
	cancelShape   = `["object",{"account":["object",{"id":"string","status":"string","parent":"string"},["parent"]],"notice":["object",{"type":"string"}],"configuration":"dynamic"},["notice"]]`
	marketHeaders = `["object",{"creator":["object",{"email":"string","name":"string"},["name"]],"market":"string"},["creator"]]`
)

// typedKind is a protocol whose events have shapes; of the type STRANGE nothing
// is known.
func typedKind() router.SourceKind {
	shape := func(payload string, on ...string) router.Shape {
		return router.Shape{On: on, Payload: json.RawMessage(payload), Attributes: json.RawMessage(marketHeaders)}
	}
	return router.SourceKind{
		Name:   "market",
		Types:  []string{"ORDER", "CHANGE", "CANCEL", "STRANGE"},
		Shapes: []router.Shape{shape(orderShape, "ORDER", "CHANGE"), shape(cancelShape, "CANCEL")},
	}
}

const marketSource = "source \"market\" \"m\" { path = \"/m\" }\n"

// marketRoute is a route with that condition, on these types; none is all.
func marketRoute(when string, on ...string) string {
	types := ""
	if len(on) > 0 {
		types = fmt.Sprintf("  on   = [\"%s\"]\n", strings.Join(on, `", "`))
	}
	return fmt.Sprintf("%sroute \"x\" {\n  from = [source.market.m]\n%s  final = true\n  when = %s\n}\n", marketSource, types, when)
}

func marketEvent(eventType, payload string) *router.Event {
	event := orderEvent(payload)
	event.Source, event.Type = "market.m", eventType
	event.Attributes = json.RawMessage(`{"market":"acme"}`)
	return event
}

func TestAbsentFieldsReadAsNull(t *testing.T) {
	const full = `{"order":{"edition":"PRO","seats":"12","trial":"true","items":[{"unit":"USER","quantity":"3"},{"unit":"GB","quantity":1,"note":"x"}]},"configuration":{"a":1}}`
	for name, tc := range map[string]struct {
		when, eventType, payload string
		on                       []string
		want                     bool
		wantErr                  string
	}{
		"a field":                              {when: `event.payload.order.discount == null`, payload: full, want: true},
		"one that is null":                     {when: `event.payload.order.discount == null`, payload: `{"order":{"discount":null}}`, want: true},
		"unequal to a text":                    {when: `event.payload.order.discount != "FREE"`, payload: full, want: true},
		"equal to a text":                      {when: `event.payload.order.discount == "FREE"`, payload: full},
		"below an absent object":               {when: `event.payload.company.name == null`, payload: full, want: true},
		"the absent object":                    {when: `event.payload.company == null`, payload: full, want: true},
		"both in one":                          {when: `event.payload.company == null && event.payload.company.name == null && event.payload.company.country == null`, payload: full, want: true},
		"by index":                             {when: `event.payload["company"]["name"] == null`, payload: full, want: true},
		"a document that is empty":             {when: `event.payload.order.edition == null`, payload: ``, want: true},
		"of the attributes":                    {when: `event.attributes.creator.email == null && event.attributes.market == "acme"`, payload: full, want: true},
		"of a list's element":                  {when: `event.payload.order.items[0].note == null && event.payload.order.items[1].note == "x"`, payload: full, want: true},
		"of a list's elements":                 {when: `jsonencode(event.payload.order.items[*].note) == "[null,\"x\"]"`, payload: full, want: true},
		"a list that is absent":                {when: `length(event.payload.order.items[*].unit) == 0`, payload: `{"order":{}}`, want: true},
		"in coalesce":                          {when: `coalesce(event.payload.order.discount, "none") == "none"`, payload: full, want: true},
		"in try it is missing":                 {when: `try(event.payload.order.discount, "none") == "none"`, payload: full, want: true},
		"in can too":                           {when: `can(event.payload.company.name)`, payload: full},
		"of another of the route's types":      {when: `event.payload.order.edition == null`, on: []string{"ORDER", "CANCEL"}, eventType: "CANCEL", payload: `{}`, want: true},
		"of another type, without on":          {when: `event.payload.order.edition == null`, on: []string{}, eventType: "CANCEL", payload: `{}`, want: true},
		"what no shape has":                    {when: `event.payload.order.colour == null`, on: []string{}, payload: full, wantErr: `does not have an attribute named "colour"`},
		"in an open map":                       {when: `event.payload.configuration.b == null`, payload: full, wantErr: `does not have an attribute named "b"`},
		"below what is no object":              {when: `event.payload.order.edition == null`, payload: `{"order":["PRO"]}`, wantErr: "event.payload.order.edition"},
		"greater than null":                    {when: `event.payload.order.seats > 1`, payload: `{"order":{}}`, wantErr: "event.payload.order.seats is null"},
		"a number that came as text":           {when: `event.payload.order.seats == 12`, payload: full, want: true},
		"one in a larger expression":           {when: `event.payload.order.seats + 1 == 13`, payload: full, want: true},
		"one in a list":                        {when: `event.payload.order.items[0].quantity == 3`, payload: full, want: true},
		"a boolean that came as text":          {when: `event.payload.order.trial`, payload: full, want: true},
		"a text that came as number":           {when: `event.payload.order.edition == "7"`, payload: `{"order":{"edition":7}}`, want: true},
		"one with a fraction of nothing":       {when: `event.payload.order.seats == 12`, payload: `{"order":{"seats":"12.0"}}`, want: true},
		"one with an exponent":                 {when: `event.payload.order.seats == 1200`, payload: `{"order":{"seats":"1.2e3"}}`, want: true},
		"one that is too long":                 {when: `event.payload.order.seats == 12`, payload: `{"order":{"seats":"1e999999"}}`},
		"a text that is no number":             {when: `tostring(event.payload.order.seats) == "many"`, payload: `{"order":{"seats":"many"}}`, want: true},
		"a text that a number would not keep":  {when: `tostring(event.payload.order.seats) == "007"`, payload: `{"order":{"seats":"007"}}`, want: true},
		"the whole object stays as it came":    {when: `jsonencode(event.payload.order) == "{\"seats\":\"1\"}" && event.payload.order.discount == null`, payload: `{"order":{"seats":"1"}}`, want: true},
		"the same name in two routes' options": {when: `event.payload.order.discount == null || event.payload.order.discount == "A"`, payload: full, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.on == nil {
				tc.on = []string{"ORDER"}
			}
			if tc.eventType == "" {
				tc.eventType = "ORDER"
			}
			config := mustLoad(t, marketRoute(tc.when, tc.on...))
			event := marketEvent(tc.eventType, tc.payload)
			matched, err := config.Plan.Match(event, open(t, config.Plan, event))
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("error %v, want %q", err, tc.wantErr)
				}
				return
			}
			if err != nil || (len(matched) == 1) != tc.want {
				t.Errorf("matched %d routes, error %v; want a match: %v", len(matched), err, tc.want)
			}
		})
	}
}

// A reference alone is answered without HCL; it must be so inside of more, too.
func TestAbsentReadsTheSameEitherWay(t *testing.T) {
	for _, payload := range []string{`{}`, `{"order":null}`, `{"order":{}}`, `{"order":{"edition":null}}`, `{"order":{"edition":"PRO","seats":"9","trial":1}}`, `{"order":{"edition":false,"seats":true}}`} {
		for _, field := range []string{"order", "order.edition", "order.seats", "order.trial", "company.name", "company"} {
			t.Run(payload+" "+field, func(t *testing.T) {
				config := mustLoad(t, marketSource+fmt.Sprintf(`
route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "t", to = ["a@b.example"], data = { plain = event.payload.%[1]s, inside = [event.payload.%[1]s, 1] } }
  }
  deliver "same" {
    to   = plugin.email.send
    with = { template = "t", to = ["a@b.example"], data = event.payload.%[1]s }
  }
}
`, field))
				scope := open(t, config.Plan, marketEvent("ORDER", payload))
				var got [2]struct{ Data json.RawMessage }
				for i, spec := range config.Plan.Routes[0].Deliver {
					input, err := spec.Input(scope)
					if err != nil {
						t.Fatal(err)
					}
					if err := json.Unmarshal(input, &got[i]); err != nil {
						t.Fatal(err)
					}
				}
				alone := string(got[1].Data)
				want := `{"inside":[` + alone + `,1],"plain":` + alone + `}`
				if alone == "" { // null is left out of objects
					want = `{"inside":[null,1]}`
				}
				if diff := cmp.Diff(want, string(got[0].Data)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// A null for a required input fails before anybody is called.
func TestARequiredInputThatIsNull(t *testing.T) {
	config := mustLoad(t, marketSource+`
route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { name = event.payload.company.name, billing_id = event.payload.order.discount }
  }
}
`)
	spec := config.Plan.Routes[0].Deliver[0]
	_, err := spec.Input(open(t, config.Plan, marketEvent("ORDER", `{"order":{}}`)))
	if err == nil || !strings.Contains(err.Error(), `"name" is required, but it is null or absent`) {
		t.Errorf("the input has the error %v", err)
	}
	input, err := spec.Input(open(t, config.Plan, marketEvent("ORDER", `{"company":{"name":"Acme"}}`)))
	if err != nil || string(input) != `{"name":"Acme"}` {
		t.Errorf("the input is %s, error %v", input, err)
	}
}
