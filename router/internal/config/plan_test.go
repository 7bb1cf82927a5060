package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/signalbox/signalbox/router"
)

func TestWhen(t *testing.T) {
	const payload = `{"order":{"editionCode":"PRO","items":[{"unit":"USER","quantity":12345678901234567890}]},"company":{"name":null},"flags":{"a b":true}}`
	for name, tc := range map[string]struct {
		when    string
		want    bool
		wantErr string
	}{
		"equal":                     {when: `event.payload.order.editionCode == "PRO"`, want: true},
		"not equal":                 {when: `event.payload.order.editionCode != "PRO"`},
		"a number beyond 64 bits":   {when: `event.payload.order.items[0].quantity == 12345678901234567890`, want: true},
		"its neighbour":             {when: `event.payload.order.items[0].quantity == 12345678901234567891`},
		"by index in quotes":        {when: `event.payload.flags["a b"]`, want: true},
		"a splat":                   {when: `contains(event.payload.order.items[*].unit, "USER")`, want: true},
		"a dynamic index":           {when: `event.payload["or${"der"}"].editionCode == "PRO"`, want: true},
		"a for expression":          {when: `length([for i in event.payload.order.items : i if i.unit == "USER"]) == 1`, want: true},
		"the envelope":              {when: `event.source == "appdirect.acme" && event.type == "SUBSCRIPTION_ORDER" && event.flag == "DEVELOPMENT" && event.id == "0198-order" && event.lane == "lane-1"`, want: true},
		"the time":                  {when: `event.received == "2026-03-01T12:00:00Z"`, want: true},
		"no cause":                  {when: `event.caused_by == null`, want: true},
		"the attributes":            {when: `endswith(event.attributes.creator.email, "@example.com")`, want: true},
		"the whole event":           {when: `strlen(jsonencode(event)) > 100`, want: true},
		"a guard":                   {when: `try(event.payload.order.missing, "") == ""`, want: true},
		"can":                       {when: `can(event.payload.order.missing)`},
		"lookup":                    {when: `lookup(event.payload.order, "missing", "none") == "none"`, want: true},
		"null is absent":            {when: `can(event.payload.company.name)`},
		"both whole and part":       {when: `event.payload.order.editionCode == "PRO" && can(jsonencode(event.payload))`, want: true},
		"a digest":                  {when: `startswith(sha256(event.payload.order.editionCode), "7821a03e")`, want: true},
		"a missing attribute":       {when: `event.payload.order.missing == "x"`, wantErr: `route "x": config.hcl:23: event.payload.order.missing: This object does not have an attribute named "missing".`},
		"a missing parent":          {when: `event.payload.ordr.editionCode == "x"`, wantErr: `does not have an attribute named "ordr"`},
		"a text as condition":       {when: `event.payload.order.editionCode`, wantErr: "the condition is neither true nor false"},
		"a null as condition":       {when: `event.caused_by`, wantErr: "the condition is null"},
		"an attribute of a text":    {when: `event.payload.order.editionCode.first == "x"`, wantErr: "Can't access attributes"},
		"a number out of all range": {when: `event.attributes.huge > 1`, wantErr: "more than 150 digits"},
	} {
		t.Run(name, func(t *testing.T) {
			config := mustLoad(t, fmt.Sprintf("route \"x\" {\n  from = [source.appdirect.acme]\n  on   = [\"SUBSCRIPTION_ORDER\"]\n  final = true\n  when = %s\n}\n", tc.when))
			event := orderEvent(payload)
			if strings.Contains(tc.when, "huge") {
				event.Attributes = json.RawMessage(`{"huge":1e999999}`)
			}
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

const orderRoute = `
route "order" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  when = event.payload.order.editionCode != "FREE"

  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = {
      email    = event.attributes.creator.email
      price    = event.payload.order.editionCode
      quantity = try(event.payload.order.items[0].quantity, null)
      metadata = try(event.payload.configuration, null)
      test     = event.flag == "DEVELOPMENT"
    }
  }
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { name = "${event.payload.company.name} ${deliver.customer.balance == null ? "new" : "old"}", billing_id = deliver.customer.customer_id }
  }
  deliver "welcome" {
    to       = plugin.email.send
    optional = true
    with     = { template = "welcome", to = [event.attributes.creator.email], data = { event = event, n = 1e2, none = null, list = [null, "a<b"] } }
  }
  reply {
    accountIdentifier = deliver.customer.customer_id
    id                = try(deliver.welcome.message_id, null)
    metadata          = { company = deliver.company.company_id }
  }
}
`

const orderPayload = `{"order":{"editionCode":"PRO","items":[{"unit":"USER","quantity":12345678901234567890}]},"company":{"name":"Acme"}}`

// run plays the order route to its end and returns the inputs and the reply.
func run(t *testing.T, plan *router.Plan, payload string) map[string]string {
	t.Helper()
	event := orderEvent(payload)
	scope := open(t, plan, event)
	matched, err := plan.Match(event, scope)
	if err != nil || len(matched) != 1 {
		t.Fatalf("matched %d routes, error %v", len(matched), err)
	}
	got := map[string]string{}
	for _, spec := range matched[0].Deliver {
		input, err := spec.Input(scope)
		if err != nil {
			t.Fatal(err)
		}
		got[spec.Name] = string(input)
		output := map[string]string{
			"customer": `{"customer_id":"cus_1","extra":[1]}`,
			"company":  `{"company_id":"co_1"}`,
			"welcome":  `{}`,
		}[spec.Name]
		if err := scope.Output("order/"+spec.Name, json.RawMessage(output)); err != nil {
			t.Fatal(err)
		}
	}
	reply, err := matched[0].Reply(scope)
	if err != nil {
		t.Fatal(err)
	}
	got["reply"] = string(reply)
	return got
}

func TestInputsAndReply(t *testing.T) {
	config := mustLoad(t, orderRoute)
	want := map[string]string{
		"customer": `{"email":"ann@example.com","price":"PRO","quantity":12345678901234567890,"test":true}`,
		"company":  `{"billing_id":"cus_1","name":"Acme new"}`,
		"welcome": `{"data":{"event":{"attributes":{"creator":{"email":"ann@example.com"},"marketplace":{"baseUrl":"https://www.acme-marketplace.com"}},` +
			`"flag":"DEVELOPMENT","id":"0198-order","lane":"lane-1",` +
			`"payload":{"company":{"name":"Acme"},"order":{"editionCode":"PRO","items":[{"quantity":12345678901234567890,"unit":"USER"}]}},` +
			`"received":"2026-03-01T12:00:00Z","source":"appdirect.acme","type":"SUBSCRIPTION_ORDER"},"list":[null,"a<b"],"n":100},"template":"welcome","to":["ann@example.com"]}`,
		"reply": `{"accountIdentifier":"cus_1","metadata":{"company":"co_1"}}`,
	}
	if diff := cmp.Diff(want, run(t, config.Plan, orderPayload)); diff != "" {
		t.Errorf("inputs and reply (-want +got):\n%s", diff)
	}
	needs := map[string][]string{}
	for _, spec := range config.Plan.Routes[0].Deliver {
		needs[spec.Name] = spec.Needs
	}
	if diff := cmp.Diff(map[string][]string{"customer": nil, "company": {"customer"}, "welcome": nil}, needs); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
}

func TestInputDefaultsAndRefusals(t *testing.T) {
	for name, tc := range map[string]struct{ with, want, wantErr string }{
		"a default fills what is absent": {with: `{ email = "a", price = "p" }`, want: `{"email":"a","price":"p","quantity":1}`},
		"and what is null":               {with: `{ email = "a", price = "p", quantity = event.caused_by }`, want: `{"email":"a","price":"p","quantity":1}`},
		"a number becomes a text":        {with: `{ email = "a", price = event.payload.number }`, want: `{"email":"a","price":"7.25","quantity":1}`},
		"merged":                         {with: `merge({ email = "a" }, event.payload.rest)`, want: `{"email":"a","price":"p","quantity":1}`},
		"a computed name":                {with: `{ email = "a", (event.payload.key) = "p" }`, want: `{"email":"a","price":"p","quantity":1}`},
		"a null where required":          {with: `{ email = event.caused_by, price = "p" }`, wantErr: `config.hcl:21: the input of billing.create_subscription: "email" is required, but it is null or absent`},
		"a wrong type":                   {with: `{ email = "a", price = "p", quantity = event.payload.key }`, wantErr: `"quantity" has the wrong type: a number is required`},
		"too much":                       {with: `merge({ email = "a", price = "p" }, event.payload.more)`, wantErr: `there is no "colour"`},
		"no object":                      {with: `event.payload.key`, wantErr: "it is string, not an object"},
		"missing":                        {with: `{ email = event.payload.none, price = "p" }`, wantErr: `event.payload.none: This object does not have an attribute named "none".`},
	} {
		t.Run(name, func(t *testing.T) {
			config := mustLoad(t, "route \"x\" {\n  from = [source.appdirect.acme]\n  deliver \"d\" {\n    to   = plugin.billing.create_subscription\n    with = "+tc.with+"\n  }\n}\n")
			scope := open(t, config.Plan, orderEvent(`{"number":7.25,"key":"price","rest":{"price":"p"},"more":{"colour":"red"}}`))
			input, err := config.Plan.Routes[0].Deliver[0].Input(scope)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("error %v, want %q", err, tc.wantErr)
				}
				return
			}
			if err != nil || string(input) != tc.want {
				t.Errorf("input %s, error %v; want %s", input, err, tc.want)
			}
		})
	}
}

func TestOutputsThatAreNotThere(t *testing.T) {
	config := mustLoad(t, orderRoute)
	event := orderEvent(orderPayload)
	scope := open(t, config.Plan, event)
	route := config.Plan.Routes[0]
	if _, err := route.Deliver[1].Input(scope); err == nil || !strings.Contains(err.Error(), `named "customer"`) {
		t.Errorf("an input before its output: %v", err)
	}
	if _, err := route.Reply(scope); err == nil {
		t.Error("a reply before its outputs has no error")
	}
	for _, garbage := range []string{``, `[]`, `{"customer_id":{}}`, `{"customer_id":"a"} {}`, `{"balance":"many"}`} {
		if err := scope.Output("order/customer", json.RawMessage(garbage)); err == nil {
			t.Errorf("the output %q is taken", garbage)
		}
	}
}

func TestPlansDoNotMix(t *testing.T) {
	one, two := mustLoad(t, orderRoute), mustLoad(t, orderRoute)
	event := orderEvent(orderPayload)
	if _, err := two.Plan.Match(event, open(t, one.Plan, event)); err == nil {
		t.Error("a plan took another plan's scope")
	}
}

func TestMalformedPayloadIsAnError(t *testing.T) {
	config := mustLoad(t, orderRoute)
	event := orderEvent(`{"order":`)
	if _, err := config.Plan.Match(event, open(t, config.Plan, event)); err == nil || !strings.Contains(err.Error(), `route "order"`) {
		t.Errorf("error %v", err)
	}
}

// TestCompileGivesTheSamePlan is what lets an event end under its plan.
func TestCompileGivesTheSamePlan(t *testing.T) {
	config := mustLoad(t, orderRoute+uses)
	if digestOf(config.Snapshot) != config.Plan.Digest {
		t.Errorf("the digest %s is not the snapshot's", config.Plan.Digest)
	}
	plan, err := Compile(config.Snapshot, config.Plan.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run(t, config.Plan, orderPayload), run(t, plan, orderPayload)); diff != "" {
		t.Errorf("the compiled plan gives (-want +got):\n%s", diff)
	}
	event := orderEvent(`{}`)
	_, want := config.Plan.Match(event, open(t, config.Plan, event))
	_, got := plan.Match(event, open(t, plan, event))
	if want == nil || got == nil || want.Error() != got.Error() {
		t.Errorf("error %v, want %v", got, want)
	}
	again := mustLoad(t, orderRoute+uses)
	if again.Plan.Digest != config.Plan.Digest {
		t.Error("the same configuration has two digests")
	}
	other := mustLoad(t, orderRoute)
	if other.Plan.Digest == config.Plan.Digest {
		t.Error("two configurations have one digest")
	}
}

func TestARouteOnOneLine(t *testing.T) {
	for _, text := range []string{
		`route "all" { from = [source.signalbox] }`, `route "all" { from = [source.signalbox]}` + "\n", "route \"all\" {from=[source.signalbox]\t} # all",
		"route \"all\" { from = [\n  source.signalbox\n] }", `route "all" { from = [source.signalbox] /* } */ }`, "route \"all\" { from = [source.signalbox] /* \n */ } # }\n",
	} {
		if routes := mustLoad(t, uses+text).Plan.Routes; len(routes) != 2 || routes[1].Name != "all" {
			t.Errorf("%s: %d routes", text, len(routes))
		}
	}
}

func TestCompileRefusesWhatItDidNotWrite(t *testing.T) {
	good := mustLoad(t, orderRoute).Snapshot
	for name, text := range map[string]string{
		"nothing":         ``,
		"no JSON":         `route "x" {}`,
		"another version": `{"version":99}`,
		"a broken route":  strings.Replace(string(good), "event.payload", "evnt.payload", 1),
		"a broken schema": strings.Replace(string(good), `"string"`, `"txt"`, 1),
		"cut off":         string(good[:len(good)/2]),
	} {
		t.Run(name, func(t *testing.T) {
			if plan, err := Compile([]byte(text), digestOf([]byte(text))); err == nil {
				t.Errorf("compiled to %v", plan)
			}
		})
	}
	if _, err := Compile(good, "0000"); err == nil {
		t.Error("a snapshot compiled under another's digest")
	}
}
