package config

import (
	"fmt"
	"strings"
	"testing"
)

// conditions of all the forms that are told without HCL, and some that are not.
var conditions = []string{
	`event.payload.order.editionCode == "PRO"`,
	`"PRO" == event.payload.order.editionCode`,
	`event.payload.order.editionCode != "PRO"`,
	`event.payload.order.editionCode == null`,
	`null != event.payload.order.editionCode`,
	`event.payload.order.editionCode == local.edition`,
	`event.payload.order.editionCode == 5`,
	`event.payload.order.editionCode == event.payload.company.name`,
	`!(event.payload.order.editionCode == "PRO")`,
	`event.payload.order.editionCode == "PRO" && event.payload.company.name == "Acme"`,
	`event.payload.order.editionCode == "PRO" || event.payload.company.name == "Acme"`,
	`event.payload.order != null && event.payload.order.editionCode == "PRO"`,
	`event.payload.configuration.flag && event.payload.order.editionCode == "PRO"`,
	`event.payload.order.editionCode == "PRO" && event.payload.configuration.flag`,
	`event.payload.order.editionCode == "PRO" || event.payload.configuration.flag`,
	`!event.payload.configuration.flag`,
	`event.payload.configuration.flag`,
	`event.payload.configuration.flag == true`,
	`event.payload.configuration.seats > 10`,
	`10 > event.payload.configuration.seats`,
	`event.payload.configuration.seats <= 10 && event.payload.configuration.seats >= 1.5`,
	`event.payload.configuration.seats < 10 || event.payload.order.editionCode == "PRO"`,
	`event.payload.configuration.seats == 10`,
	`event.payload.configuration.seats + 1 == 11`,
	`contains(["PRO", "TEAM"], event.payload.order.editionCode)`,
	`contains([1, 2], event.payload.order.editionCode)`,
	`contains(event.payload.configuration.list, "PRO")`,
	`!contains(["PRO"], event.payload.order.editionCode) && event.payload.company.name == "Acme"`,
	`event.payload.order.items[0].unit == "USER"`,
	`event.payload.order.items[1].unit == "USER"`,
	`event.payload["order"].editionCode == "PRO"`,
	`length(event.payload.order.items) > 0`,
	`lower(event.payload.order.editionCode) == "pro"`,
	`try(event.payload.configuration.region, "none") == "none"`,
	`try(event.payload.configuration.region, "other") == "none"`,
	`can(event.payload.configuration.region) && event.payload.configuration.region == "eu"`,
	`startswith(event.payload.order.editionCode, "P")`,
	`(event.payload.order.editionCode == "PRO" ? "true" : "no") == "true"`,
	`event.payload.order.editionCode == "PRO" ? event.payload.company.name == "Acme" : false`,
	`event.type == "SUBSCRIPTION_CHANGE" && event.caused_by == null`,
	`event.attributes.creator.email == "pat@example.com"`,
	`"${event.payload.order.editionCode}-${event.payload.company.name}" == "PRO-Acme"`,
	`contains(event.payload.order.items[*].unit, "USER")`,
}

var conditionPayloads = []string{
	`{"order":{"editionCode":"PRO","items":[{"unit":"USER"}]},"company":{"name":"Acme"},"configuration":{"flag":true,"seats":10,"list":["PRO"],"region":"eu"}}`,
	`{"order":{"editionCode":"TEAM","items":[]},"company":{"name":"TEAM"},"configuration":{"flag":false,"seats":"10","list":"PRO","region":"none"}}`,
	`{"order":{"editionCode":"FREE"},"company":{"name":null},"configuration":{"flag":"true","seats":1.5,"list":{"a":"PRO"}}}`,
	`{"order":{"editionCode":5,"items":[{"unit":"MEGABYTE"},{"unit":"USER"}]},"company":{"name":"Acme"},"configuration":{"flag":"no","seats":null,"list":[]}}`,
	`{"order":{"editionCode":null},"company":{},"configuration":{"flag":null,"seats":12345678901234567890}}`,
	`{"order":null,"configuration":{"flag":[],"seats":-1}}`,
	`{"order":{"editionCode":true,"items":"none"},"company":{"name":true}}`,
	`{"order":"PRO","company":"Acme","configuration":"none"}`,
	`{}`, `[]`,
}

// TestConditionAsHCLSays: whatever is told of a condition without HCL, HCL says
// too, and most is told.
func TestConditionAsHCLSays(t *testing.T) {
	var routes strings.Builder
	routes.WriteString("locals {\n  edition = \"TEAM\"\n}\n")
	for i, when := range conditions {
		fmt.Fprintf(&routes, "route \"r%d\" {\n  from = [source.appdirect.acme]\n  on   = [\"SUBSCRIPTION_CHANGE\"]\n  when = %s\n}\n", i, when)
	}
	config := mustLoad(t, routes.String())
	told, all := 0, 0
	for _, payload := range conditionPayloads {
		event := orderEvent(payload)
		event.Type = "SUBSCRIPTION_CHANGE"
		shared := open(t, config.Plan, event).(*scope)
		for i, draft := range shared.plan.drafts {
			got := shared.plan.condition(draft).ask(shared)
			alone := open(t, config.Plan, event).(*scope)
			variables, err := alone.conditionVariables()
			if err != nil {
				t.Fatal(err)
			}
			want, err := holds(draft.when, alone.context(draft, variables))
			if got != unclear && (err != nil || want != (got == yes)) {
				t.Errorf("%s of %s: told %v, HCL says %v, error %v", conditions[i], payload, got == yes, want, err)
			}
			if err == nil {
				all++
				if got != unclear {
					told++
				}
			}
		}
	}
	if told*10 < all*8 {
		t.Errorf("of %d conditions that hold or don't, only %d are told without HCL", all, told)
	}
}

// TestOperandIsAskedOnce: what two conditions write alike is one operand, and
// what differs in anything is not.
func TestOperandIsAskedOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		first, second string
		same          bool
	}{
		"spaces":          {"lower( event.payload.a )", "lower(event.payload.a)", true},
		"parentheses":     {"(event.payload.a)", "event.payload.a", true},
		"a name":          {"event.payload.a", "event.payload.b", false},
		"a level":         {"event.payload.a.b", "event.payload.a", false},
		"a dot in a name": {`event.payload["a.b"]`, "event.payload.a.b", false},
		"an index":        {"event.payload.a[0]", "event.payload.a[1]", false},
		"a computed one":  {"event.payload.a[event.payload.b]", "event.payload.a[event.payload.c]", false},
		"an argument":     {`try(event.payload.a, "1")`, `try(event.payload.a, "2")`, false},
		"its type":        {`try(event.payload.a, "1")`, `try(event.payload.a, 1)`, false},
		"how many":        {"tostring(max(min(event.payload.a, 1), 2))", "tostring(max(min(event.payload.a, 1, 2)))", false},
		"a function":      {"lower(event.payload.a)", "upper(event.payload.a)", false},
		"an operator":     {"tostring(event.payload.a + 1)", "tostring(event.payload.a - 1)", false},
		"a conditional":   {"tostring(event.payload.a ? 1 : 2)", "tostring(event.payload.a ? 2 : 1)", false},
	} {
		t.Run(name, func(t *testing.T) {
			const route = "route %q {\n  from = [source.appdirect.acme]\n  when = %s == \"x\"\n}\n"
			config := mustLoad(t, fmt.Sprintf(route, "first", tc.first)+fmt.Sprintf(route, "second", tc.second))
			operands := open(t, config.Plan, orderEvent("{}")).(*scope).plan.operands
			if got := len(operands) == 1; got != tc.same {
				t.Errorf("there are %d operands", len(operands))
			}
		})
	}
}

// A name with a dot in it is one name, and not two.
func TestANameWithADot(t *testing.T) {
	config := mustLoad(t, `
route "a" {
  from = [source.appdirect.acme]
  when = event.payload.configuration.plan.name == "PRO"
  deliver "m" {
    to   = plugin.email.send
    with = { template = event.payload.configuration["plan.name"], to = ["a@b.example"] }
  }
}
route "b" {
  from = [source.appdirect.acme]
  when = event.payload.configuration["plan.name"] == "PRO"
}
route "c" {
  from = [source.appdirect.acme]
  when = event.payload.configuration["plan\u0000name"] == "PRO"
}
`)
	event := orderEvent(`{"configuration":{"plan":{"name":"PRO"},"plan.name":"FREE","plan\u0000name":"TEAM"}}`)
	scope := open(t, config.Plan, event)
	matched, err := config.Plan.Match(event, scope)
	if len(matched) != 1 || err != nil {
		t.Errorf("%d routes match, want a alone; %v", len(matched), err)
	}
	input, err := config.Plan.Routes[0].Deliver[0].Input(scope)
	if !strings.Contains(string(input), `"FREE"`) {
		t.Errorf("the input is %s, %v, want FREE", input, err)
	}
}

// Neither has it anything to do with an event's own type.
func TestAContradictionIsOfNames(t *testing.T) {
	mustLoad(t, "route \"x\" {\n  from = [source.appdirect.acme]\n  on = [\"SUBSCRIPTION_ORDER\"]\n  when = event[\"type\"] == \"SUBSCRIPTION_ORDER\" && event.payload[\"event.type\"] == \"A\"\n}\n")
}
