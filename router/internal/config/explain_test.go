package config

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/signalbox/signalbox/router"
)

func explain(t *testing.T, config *Config) *Explainer {
	t.Helper()
	x, err := Explain(config)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExplainSaysWhyARouteIsNotAsked(t *testing.T) {
	config := mustLoad(t, `
route "other source" {
  from = [source.signalbox]
}
route "other type" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CANCEL", "SUBSCRIPTION_NOTICE"]
}
route "last" {
  from  = [source.appdirect.acme]
  on    = ["SUBSCRIPTION_CHANGE"]
  when  = event.payload.order.editionCode == "PRO"
  final = true
}
route "behind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
}
`)
	for name, tc := range map[string]struct {
		payload string
		want    []string
	}{
		"a final route": {`{"order":{"editionCode":"PRO"}}`, []string{
			"it takes events from signalbox", "it takes SUBSCRIPTION_CANCEL, SUBSCRIPTION_NOTICE", "matches",
			`it is not asked: route "last" takes the event, and is final`,
		}},
		"its condition says no": {`{"order":{"editionCode":"FREE"}}`, []string{
			"it takes events from signalbox", "it takes SUBSCRIPTION_CANCEL, SUBSCRIPTION_NOTICE", "its condition says no", "matches",
		}},
		"a condition fails": {`{}`, []string{
			"it takes events from signalbox", "it takes SUBSCRIPTION_CANCEL, SUBSCRIPTION_NOTICE",
			`error`, `it is not asked: the condition of route "last" fails`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			event := orderEvent(tc.payload)
			event.Type = "SUBSCRIPTION_CHANGE"
			answers, err := explain(t, config).Event(event)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range answers {
				switch {
				case a.Matches:
					a.Why = "matches"
				case a.Error != "":
					a.Why = "error"
				}
				got = append(got, a.Why)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The explanation must say what the router would do.
func TestExplainAgreesWithThePlan(t *testing.T) {
	config := mustLoad(t, orderRoute)
	event := orderEvent(orderPayload)
	answers, err := explain(t, config).Event(event)
	if err != nil || len(answers) != 1 || !answers[0].Matches {
		t.Fatalf("got %+v, error %v", answers, err)
	}
	scope := open(t, config.Plan, event)
	for i, spec := range config.Plan.Routes[0].Deliver {
		d := answers[0].Deliveries[i]
		if d.Name != spec.Name || d.To != spec.To.String() || d.Error != "" {
			t.Errorf("delivery %d: got %+v", i, d)
		}
		if len(spec.Needs) > 0 {
			continue // it has no input yet
		}
		input, err := spec.Input(scope)
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]any
		if err := json.Unmarshal(input, &want); err != nil {
			t.Fatal(err)
		}
		got = map[string]any{}
		for _, v := range d.Input {
			var value any
			if err := json.Unmarshal(v.Value, &value); err != nil {
				t.Fatalf("%s: %v", v.Name, err)
			}
			got[v.Name] = value
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", d.Name, diff)
		}
	}
	want := []Value{
		{Name: "billing_id", After: []string{"customer"}, Expression: "deliver.customer.customer_id"},
		{Name: "name", After: []string{"customer"}, Expression: `"${event.payload.company.name} ${deliver.customer.balance == null ? "new" : "old"}"`},
	}
	if diff := cmp.Diff(want, answers[0].Deliveries[1].Input, cmpopts.IgnoreUnexported(Value{}), cmpopts.IgnoreTypes(Meaning{})); diff != "" {
		t.Error(diff)
	}
	want = []Value{
		{Name: "accountIdentifier", After: []string{"customer"}, Expression: "deliver.customer.customer_id"},
		{Name: "id", After: []string{"welcome"}, Expression: "try(deliver.welcome.message_id, null)"},
		{Name: "metadata", After: []string{"company"}, Expression: "{ company = deliver.company.company_id }", Sensitive: true},
	}
	if diff := cmp.Diff(want, answers[0].Reply, cmpopts.IgnoreUnexported(Value{}), cmpopts.IgnoreTypes(Meaning{})); diff != "" {
		t.Error(diff)
	}
}

func TestExplainNamesWhatAnInputLacks(t *testing.T) {
	config := mustLoad(t, `
route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "nothing" {
    to   = plugin.billing.create_subscription
    with = { email = try(event.payload.email, null), price = "PRO" }
  }
  deliver "failing" {
    to   = plugin.billing.create_subscription
    with = { email = event.payload.email, price = "PRO" }
  }
  deliver "whole" {
    to   = plugin.billing.create_subscription
    with = merge({ price = "PRO" }, event.payload.rest)
  }
}
`)
	event := orderEvent(`{"rest":{"email":"a@b.example","colour":"red"}}`)
	event.Type = "SUBSCRIPTION_CHANGE"
	answers, err := explain(t, config).Event(event)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, d := range answers[0].Deliveries {
		got[d.Name] = d.Error
		for _, v := range d.Input {
			got[d.Name] += v.Error
		}
	}
	for name, want := range map[string]string{
		"nothing": "it is required, but it is null or absent",
		"failing": `event.payload.email: This object does not have an attribute named "email".`,
		"whole":   `there is no "colour"`,
	} {
		if !strings.Contains(got[name], want) {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}

func TestExplainCoversWhatIsSensitive(t *testing.T) {
	env := testEnv()
	env.Describe = func(context.Context, Plugin) (router.PluginInfo, error) {
		return router.PluginInfo{Actions: []router.Action{{Name: "login", Input: router.Schema{Attrs: []router.Attr{secretAttr("token")}}}}}, nil
	}
	env.Sources["appdirect"].Reply.Attr("metadata").Sensitive = true
	config, diags := Load(context.Background(), write(t, `
source "appdirect" "acme" {
  path         = "/appdirect/acme"
  marketplaces = ["https://www.acme-marketplace.com"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = "x"
  }
}
plugin "own" { exec = "own" }
route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "in" {
    to   = plugin.own.login
    with = { token = event.payload.token }
  }
  reply { metadata = { token = event.payload.token } }
}
`), env)
	if config == nil {
		t.Fatal(render(t, diags))
	}
	event := orderEvent(`{"token":"s3cret"}`)
	event.Type = "SUBSCRIPTION_CHANGE"
	answers, err := explain(t, config).Event(event)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "s3cret") || strings.Count(string(text), string(router.Covered())) != 2 {
		t.Errorf("got %s", text)
	}
}

func TestRoutesAsTheyAreWritten(t *testing.T) {
	got := explain(t, mustLoad(t, orderRoute)).Routes()
	want := []RouteText{{
		Name: "order", At: got[0].At, From: []string{"appdirect.acme"}, On: []string{"SUBSCRIPTION_ORDER"},
		When: `event.payload.order.editionCode != "FREE"`,
		Deliveries: []DeliveryText{
			{Name: "customer", To: "billing.create_subscription"},
			{Name: "company", To: "crm.upsert_company", Needs: []string{"customer"}},
			{Name: "welcome", To: "email.send", Optional: true},
		},
		Reply: []Value{
			{Name: "accountIdentifier", After: []string{"customer"}, Expression: "deliver.customer.customer_id"},
			{Name: "id", After: []string{"welcome"}, Expression: "try(deliver.welcome.message_id, null)"},
			{Name: "metadata", After: []string{"company"}, Expression: "{ company = deliver.company.company_id }", Sensitive: true},
		},
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Value{})); diff != "" {
		t.Error(diff)
	}
}
