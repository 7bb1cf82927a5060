package config

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/signalbox/signalbox/router"
)

// jsonConfig is fullConfig, but for what only the plugin "own" of its test has.
const jsonConfig = `{
  "//": "a comment",
  "listen": "0.0.0.0:9000",
  "shutdown_timeout": "1m",
  "max_in_flight": 12,
  "journal": {"sqlite": {"path": "events.db"}},
  "variable": {"free": {"type": "list(string)", "default": ["FREE", "TRIAL"]}},
  "locals": {"ops": "ops@example.com", "greeting": "${upper(\"hello\")}, \"${local.ops}\""},
  "source": {"appdirect": {"acme": {
    "path": "/appdirect/acme",
    "marketplaces": ["https://www.acme-marketplace.com"],
    "oauth1": [
      {"consumer_key": "gizmo-12056", "consumer_secret": "${credential(\"stored\")}"},
      {"consumer_key": "other-1", "consumer_secret": "${file(\"secret.txt\")}"}
    ]
  }}},
  "plugin": [
    {"billing": {"use": "billing", "env": {"TOKEN": "pre-${credential(\"stored\")}"}, "config": {
      "secret_key": "${env(\"STRIPE_KEY\")}",
      "prices": {"PRO": "price_1"},
      "limits": {"per_second": 12345678901234567890}
    }}},
    {"crm": {"use": "crm"}},
    {"email": {"use": "email"}}
  ],
  "route": {
    "order": {
      "from": ["source.appdirect.acme"],
      "on": ["SUBSCRIPTION_ORDER"],
      "when": "${!contains(var.free, event.payload.order.editionCode) && event.payload.order.editionCode != \"NONE\"}",
      "codes": {"exists": "USER_ALREADY_EXISTS"},
      "deliver": {
        "customer": {
          "to": "plugin.billing.create_subscription",
          "timeout": "10s",
          "with": {"email": "${event.attributes.creator.email}", "price": "p-${event.payload.order.editionCode}"},
          "retry": {"attempts": 6, "within": "30m"}
        },
        "company": {
          "to": "${plugin.crm.upsert_company}",
          "optional": true,
          "with": {"name": "${try(event.payload.company.name, \"?\")}", "billing_id": "${deliver.customer.customer_id}"}
        }
      },
      "on_failure": {"deliver": {"mail": {
        "to": "plugin.email.send",
        "with": {"template": "failure", "to": ["${local.ops}"]}
      }}},
      "reply": {"accountIdentifier": "${deliver.customer.customer_id}"}
    },
    "tell operators": [{
      "from": ["source.signalbox"],
      "on": ["delivery.failed"],
      "throttle": {"by": "${event.payload.plugin}", "every": "15m"},
      "deliver": {"mail": {"to": "plugin.email.send", "with": {"template": "failure", "to": ["${local.greeting}"]}}}
    }]
  }
}
`

// nativeConfig says the same as jsonConfig.
const nativeConfig = `
listen           = "0.0.0.0:9000"
shutdown_timeout = "1m"
max_in_flight    = 12
journal "sqlite" { path = "events.db" }
variable "free" {
  type    = list(string)
  default = ["FREE", "TRIAL"]
}
locals {
  ops      = "ops@example.com"
  greeting = "${upper("hello")}, \"${local.ops}\""
}
source "appdirect" "acme" {
  path         = "/appdirect/acme"
  marketplaces = ["https://www.acme-marketplace.com"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = credential("stored")
  }
  oauth1 {
    consumer_key    = "other-1"
    consumer_secret = file("secret.txt")
  }
}
plugin "billing" {
  use = "billing"
  env = { TOKEN = "pre-${credential("stored")}" }
  config {
    secret_key = env("STRIPE_KEY")
    prices     = { PRO = "price_1" }
    limits { per_second = 12345678901234567890 }
  }
}
plugin "crm" { use = "crm" }
plugin "email" { use = "email" }
route "order" {
  from  = [source.appdirect.acme]
  on    = ["SUBSCRIPTION_ORDER"]
  when  = !contains(var.free, event.payload.order.editionCode) && event.payload.order.editionCode != "NONE"
  codes = { exists = "USER_ALREADY_EXISTS" }
  deliver "customer" {
    to      = plugin.billing.create_subscription
    timeout = "10s"
    with    = { email = event.attributes.creator.email, price = "p-${event.payload.order.editionCode}" }
    retry {
      attempts = 6
      within   = "30m"
    }
  }
  deliver "company" {
    to       = plugin.crm.upsert_company
    optional = true
    with     = { name = try(event.payload.company.name, "?"), billing_id = deliver.customer.customer_id }
  }
  on_failure {
    deliver "mail" {
      to   = plugin.email.send
      with = { template = "failure", to = [local.ops] }
    }
  }
  reply { accountIdentifier = deliver.customer.customer_id }
}
route "tell operators" {
  from = [source.signalbox]
  on   = ["delivery.failed"]
  throttle {
    by    = event.payload.plugin
    every = "15m"
  }
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "failure", to = [local.greeting] }
  }
}
`

// TestJSONSaysTheSame loads one configuration in both syntaxes, which must give
// the same settings, and plans that do the same.
func TestJSONSaysTheSame(t *testing.T) {
	dir := t.TempDir()
	load := func(name, text string) *Config {
		config, diags := Load(context.Background(), writeNamed(t, dir, name, text), testEnv())
		if config == nil {
			t.Fatalf("%s:\n%s", name, render(t, diags))
		}
		return config
	}
	native, got := load("native.hcl", nativeConfig), load("config.hcl.json", jsonConfig)
	revealed := cmp.Comparer(func(a, b router.Secret) bool { return string(a.Reveal()) == string(b.Reveal()) })
	if diff := cmp.Diff(native, got, revealed, cmpopts.IgnoreFields(Config{}, "Plan", "Snapshot"),
		cmpopts.IgnoreFields(Source{}, "At"), cmpopts.IgnoreFields(Plugin{}, "At")); diff != "" {
		t.Errorf("config (-native +JSON):\n%s", diff)
	}
	closures := []cmp.Option{cmpopts.IgnoreFields(router.Route{}, "When", "Reply", "At"), cmpopts.IgnoreFields(router.Spec{}, "Input"), cmpopts.IgnoreFields(router.Throttle{}, "By")}
	if diff := cmp.Diff(native.Plan.Routes, got.Plan.Routes, closures...); diff != "" {
		t.Errorf("routes (-native +JSON):\n%s", diff)
	}
	for _, payload := range []string{`{"order":{"editionCode":"PRO"}}`, `{"order":{"editionCode":"TRIAL"}}`, `{"order":{"editionCode":"NONE"},"company":{"name":"Gizmo"}}`} {
		if diff := cmp.Diff(carryOut(t, native.Plan, payload), carryOut(t, got.Plan, payload)); diff != "" {
			t.Errorf("what the plan does with %s (-native +JSON):\n%s", payload, diff)
		}
	}
	for _, secret := range []string{storedSecret, envSecret, fileSecret} {
		if strings.Contains(string(got.Snapshot), secret) {
			t.Errorf("the snapshot holds the secret %q", secret)
		}
	}
}

// carryOut gives the inputs and replies of the routes that take an order.
func carryOut(t *testing.T, plan *router.Plan, payload string) []string {
	t.Helper()
	event := orderEvent(payload)
	scope := open(t, plan, event)
	routes, err := plan.Match(event, scope)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, route := range routes {
		if err := scope.Output(route.Name+"/customer", json.RawMessage(`{"customer_id":"cus_1"}`)); err != nil {
			t.Fatal(err)
		}
		for _, spec := range route.Deliver {
			input, err := spec.Input(scope)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, route.Name+"/"+spec.Name+": "+string(input))
		}
		reply, err := route.Reply(scope)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(reply))
	}
	return out
}

func writeNamed(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestJSONPlaces: what is said of a part of an expression in JSON underlines
// that part, behind escapes too, and after a compilation from the snapshot.
func TestJSONPlaces(t *testing.T) {
	const when = `"${\"é\\n\" != \"\u00e9\ud83d\ude00\" && event.payload.order == \"A\"}"`
	routes := `{"route": {"a": {"from": ["source.appdirect.acme"], "when": ` + when + `}, "b": [{
  "from": ["source.appdirect.acme"],
  "when": ` + when + `}]}}`
	dir := t.TempDir()
	writeNamed(t, dir, "base.hcl", preamble+uses)
	writeNamed(t, dir, "routes.hcl.json", routes)
	config, diags := Load(context.Background(), dir, testEnv())
	if config == nil {
		t.Fatal(render(t, diags))
	}
	if got := []string{config.Plan.Routes[1].At, config.Plan.Routes[2].At}; !cmp.Equal(got, []string{"routes.hcl.json:1", "routes.hcl.json:1"}) {
		t.Errorf("the routes stand at %q", got)
	}
	x, err := Explain(config)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := x.Event(orderEvent(`{"order":"B"}`))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range []string{"1", "3"} {
		want := []Reason{{Text: `event.payload.order == "A"`, At: "routes.hcl.json:" + line, Seen: []Seen{{Text: "event.payload.order", Value: json.RawMessage(`"B"`)}}}}
		if diff := cmp.Diff(want, answers[i+1].Reasons); diff != "" {
			t.Errorf("route %d: why it does not match (-want +got):\n%s", i, diff)
		}
	}

	writeNamed(t, dir, "routes.hcl.json", strings.ReplaceAll(routes, "event.payload", "evnt.payload"))
	_, diags = Load(context.Background(), dir, testEnv())
	var said []struct {
		Range struct{ Start, End struct{ Line, Column int } }
	}
	if err := json.Unmarshal(diags.JSON(), &said); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.ReplaceAll(routes, "event.payload", "evnt.payload"), "\n")
	found := 0
	for _, d := range said {
		line := []rune(lines[d.Range.Start.Line-1])
		if got := string(line[d.Range.Start.Column-1 : d.Range.End.Column-1]); got == "evnt.payload.order" {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d of 2 references are underlined:\n%s", found, render(t, diags))
	}
}
