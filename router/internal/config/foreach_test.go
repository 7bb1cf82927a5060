package config

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/signalbox/signalbox/router"
)

const editionRoutes = `
variable "editions" {
  type    = map(object({ price = string, note = optional(string) }))
  default = { PRO = { price = "price_pro" }, FREE = { price = "price_free", note = "n" } }
}

route "order" {
  from     = [source.appdirect.acme]
  on       = ["SUBSCRIPTION_CHANGE"]
  for_each = var.editions
  when     = event.payload.order.editionCode == each.key
  codes    = { exists = "USER_ALREADY_EXISTS" }

  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = event.attributes.creator.email, price = each.value.price }
  }
  deliver "note" {
    to       = plugin.crm.upsert_company
    optional = true
    when     = each.value.note != null
    with     = { name = "${each.key} ${deliver.customer.customer_id}" }
  }
}
`

// TestForEach: a route for each element, which see theirs, also when the plan is
// made again from its snapshot.
func TestForEach(t *testing.T) {
	config := mustLoad(t, editionRoutes)
	again, err := Compile(config.Snapshot, config.Plan.Digest)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []struct {
		name string
		*router.Plan
	}{{"loaded", config.Plan}, {"from the snapshot", again}} {
		var names []string
		for _, route := range plan.Routes {
			names = append(names, route.Name+" "+route.At)
		}
		if diff := cmp.Diff([]string{"order[FREE] config.hcl:25", "order[PRO] config.hcl:25"}, names); diff != "" {
			t.Errorf("%s: routes (-want +got):\n%s", plan.name, diff)
		}
		event := orderEvent(`{"order":{"editionCode":"PRO"}}`)
		event.Type = "SUBSCRIPTION_CHANGE"
		scope := open(t, plan.Plan, event)
		matched, err := plan.Match(event, scope)
		if err != nil || len(matched) != 1 || matched[0].Name != "order[PRO]" {
			t.Fatalf("%s: %d routes match, %v", plan.name, len(matched), err)
		}
		if err := scope.Output("order[PRO]/customer", json.RawMessage(`{"customer_id":"cus_1"}`)); err != nil {
			t.Fatal(err)
		}
		var inputs []string
		for _, spec := range matched[0].Deliver {
			input, err := spec.Input(scope)
			if err != nil {
				t.Fatal(err)
			}
			inputs = append(inputs, string(input))
		}
		if diff := cmp.Diff([]string{`{"email":"ann@example.com","price":"price_pro","quantity":1}`, `{"name":"PRO cus_1"}`}, inputs); diff != "" {
			t.Errorf("%s: inputs (-want +got):\n%s", plan.name, diff)
		}
		runs, err := matched[0].Deliver[1].When(scope)
		if err != nil || runs {
			t.Errorf("%s: the note runs: %v, %v", plan.name, runs, err)
		}
	}
	if n := strings.Count(string(config.Snapshot), "for_each"); n != 1 {
		t.Errorf("the snapshot holds the block %d times", n)
	}
}

// TestForEachCollections: what a route may go through, and in which order.
func TestForEachCollections(t *testing.T) {
	for name, tc := range map[string]struct {
		collection string
		want       []string
	}{
		"a list, in its order": {`["b", "a"]`, []string{"x[b]", "x[a]"}},
		"numbers":              {`range(2)`, []string{"x[0]", "x[1]"}},
		"a set":                {`toset(["b", "a"])`, []string{"x[a]", "x[b]"}},
		"an object":            {`{ "two words" = 1, "é" = null }`, []string{"x[two words]", "x[é]"}},
		"a map":                {`tomap({ b = 1, a = 2 })`, []string{"x[a]", "x[b]"}},
		"computed":             {`{ for e in ["a", "b"] : upper(e) => e }`, []string{"x[A]", "x[B]"}},
		"nothing":              {`[]`, nil},
		"an empty object":      {`{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			config := mustLoad(t, "route \"x\" {\n  from = [source.appdirect.acme]\n  for_each = "+tc.collection+"\n  when = event.type == each.key\n}\n")
			var got []string
			for _, route := range config.Plan.Routes {
				got = append(got, route.Name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestForEachConditions: an element may decide a condition alone.
func TestForEachConditions(t *testing.T) {
	config := mustLoad(t, `route "x" {
  from     = [source.appdirect.acme]
  for_each = { all = true, none = false }
  when     = each.value
}
`)
	event := orderEvent(`{}`)
	matched, err := config.Plan.Match(event, open(t, config.Plan, event))
	if err != nil || len(matched) != 1 || matched[0].Name != "x[all]" {
		t.Errorf("%d routes match, %v", len(matched), err)
	}
}

// TestForEachSaysItOnce: what is wrong, or doubtful, with every element is told
// once, and many elements load in time.
func TestForEachSaysItOnce(t *testing.T) {
	routes := "route \"x\" {\n  from = [source.appdirect.acme]\n  on = [\"NO_SUCH_TYPE\"]\n  for_each = toset([for a in range(100) : %s])\n  when = event.payload.order.editionCode == each.value%s\n}\n"
	config, diags := Load(context.Background(), write(t, preamble+uses+fmt.Sprintf(routes, `format("E%03d", a)`, "")), testEnv())
	if config == nil || len(config.Plan.Routes) != 101 {
		t.Fatal(render(t, diags))
	}
	if diags.Len() != 1 || !strings.Contains(render(t, diags), "Unknown event type") {
		t.Error(render(t, diags))
	}
	_, diags = Load(context.Background(), write(t, preamble+uses+fmt.Sprintf(routes, `format("E%03d", a)`, ".code")), testEnv())
	if n := strings.Count(render(t, diags), "Error:"); n != 1 {
		t.Errorf("%d errors:\n%s", n, render(t, diags))
	}
}

// What one instance knows of its events changes nothing for another.
func TestInstancesWhoseEventsDiffer(t *testing.T) {
	const plan = "    on = [\"a\"]\n    payload = object({ n = string, plan = optional(string) })"
	typed := hookSource(plan, "    on = [\"b\"]\n    payload = object({ n = number })")
	numbers := mustLoad(t, typed+`
route "x" {
  for_each = { a = { n = "5" }, b = { n = 5 } }
  from     = [source.hook.h]
  on       = [each.key]
  when     = event.payload.n == each.value.n
}
`)
	for _, each := range []string{`["u"]`, `["a", "u"]`, `["u", "a"]`} { // of u nothing is known
		config := mustLoad(t, hookSource(plan)+`
route "x" {
  for_each = `+each+`
  from     = [source.hook.h]
  on       = [each.key]
  when     = event.payload.plan != "FREE"
}
`)
		if names, err := matchNames(t, config, "hook.h", "u", `{}`); err == nil {
			t.Errorf("for_each = %s: an event of u without plan matches %q, and does not fail", each, names)
		}
	}
	again, err := Compile(numbers.Snapshot, numbers.Plan.Digest)
	if err != nil {
		t.Fatal(err)
	}
	for name, plan := range map[string]*router.Plan{"loaded": numbers.Plan, "from the snapshot": again} {
		for _, eventType := range []string{"a", "b"} {
			if names, err := matchNames(t, &Config{Plan: plan}, "hook.h", eventType, `{"n":"5"}`); len(names) != 1 || names[0] != "x["+eventType+"]" {
				t.Errorf("%s: of the type %s it matches %q, %v", name, eventType, names, err)
			}
		}
	}
}

// What is wrong with an instance that has a block of its own is told where it stands.
func TestTheBlockOfAnInstanceHasItsPlace(t *testing.T) {
	_, diags := Load(context.Background(), write(t, preamble+uses+hookSource("    on = [\"b\"]\n    payload = object({ n = number })")+`
route "x" {
  for_each = ["a", "b"]
  from     = [source.hook.h]
  on       = [each.key]
  when     = event.payload.m == 1
}
`), testEnv())
	if shown := render(t, diags); !strings.Contains(shown, `has no "m"`) || !strings.Contains(shown, "when     = event.payload.m == 1") {
		t.Error(shown)
	}
}
