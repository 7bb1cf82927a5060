package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

func attr(name, typ string) router.Attr {
	return router.Attr{Name: name, Type: json.RawMessage(typ)}
}

func need(name, typ string) router.Attr {
	a := attr(name, typ)
	a.Required = true
	return a
}

func secretAttr(name string) router.Attr {
	a := need(name, `"string"`)
	a.Sensitive = true
	return a
}

func hidden(name, typ string) router.Attr {
	a := attr(name, typ)
	a.Sensitive = true
	return a
}

func preset(name, typ, value string) router.Attr {
	a := attr(name, typ)
	a.Default = json.RawMessage(value)
	return a
}

func testSources() map[string]router.SourceKind {
	return map[string]router.SourceKind{
		"appdirect": {
			Name: "appdirect",
			Config: router.Schema{
				Attrs: []router.Attr{
					need("marketplaces", `["list","string"]`),
					preset("event_parameters", `["list","string"]`, `["url","eventUrl"]`),
					preset("max_event_size", `"number"`, `1048576`),
				},
				Blocks: []router.Block{{
					Name: "oauth1", Required: true, Repeats: true,
					Schema: router.Schema{Attrs: []router.Attr{need("consumer_key", `"string"`), secretAttr("consumer_secret")}},
				}},
			},
			Types: []string{"SUBSCRIPTION_ORDER", "SUBSCRIPTION_CHANGE", "SUBSCRIPTION_CANCEL", "SUBSCRIPTION_NOTICE", "USER_ASSIGNMENT"},
			Reply: router.Schema{Attrs: []router.Attr{
				attr("accountIdentifier", `"string"`), attr("id", `"string"`), hidden("metadata", `["map","string"]`), attr("message", `"string"`),
			}},
			Codes: []string{"USER_ALREADY_EXISTS", "ACCOUNT_NOT_FOUND", "UNKNOWN_ERROR"},
			Extra: router.Schema{Attrs: []router.Attr{need("addon", `"bool"`)}},
		},
		"subscriptionbridge": {
			Name:   "subscriptionbridge",
			Config: router.Schema{Attrs: []router.Attr{need("username", `"string"`), secretAttr("password")}},
			Types:  []string{"Balance_Due", "Balance_Due_Final"},
			Extra:  router.Schema{Attrs: []router.Attr{need("action", `["object",{"kind":"string","final":"bool"}]`)}},
		},
		"market": typedKind(),
		"hook": {
			Name:        "hook",
			Declares:    true,
			Expressions: []router.Expression{{Name: "id"}, {Name: "type", Constant: true}},
			Hides: func(name string) bool {
				return strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "access-token")
			},
		},
	}
}

func testPlugins() map[string]router.PluginInfo {
	kind := attr("kind", `"string"`)
	kind.Values = []string{"virtual", "plastic", "metal"}
	return map[string]router.PluginInfo{
		"billing": {
			Name: "billing",
			Config: router.Schema{
				Attrs:  []router.Attr{secretAttr("secret_key"), attr("base_url", `"string"`), attr("prices", `["map","string"]`)},
				Blocks: []router.Block{{Name: "limits", Schema: router.Schema{Attrs: []router.Attr{need("per_second", `"number"`)}}}},
			},
			Actions: []router.Action{
				{
					Name: "create_subscription",
					Input: router.Schema{Attrs: []router.Attr{
						need("email", `"string"`), need("price", `"string"`), preset("quantity", `"number"`, `1`),
						attr("metadata", `["map","string"]`), attr("test", `"bool"`),
					}},
					Output: router.Schema{Attrs: []router.Attr{need("customer_id", `"string"`), attr("balance", `"number"`)}},
				},
				{Name: "cancel_subscription", Input: router.Schema{Attrs: []router.Attr{need("customer_id", `"string"`)}}},
			},
		},
		"crm": {
			Name: "crm",
			Actions: []router.Action{{
				Name:   "upsert_company",
				Input:  router.Schema{Attrs: []router.Attr{need("name", `"string"`), attr("billing_id", `"string"`)}},
				Output: router.Schema{Attrs: []router.Attr{need("company_id", `"string"`)}},
			}},
		},
		"email": {
			Name: "email",
			Actions: []router.Action{{
				Name: "send",
				Input: router.Schema{Attrs: []router.Attr{
					need("template", `"string"`), need("to", `["list","string"]`), attr("data", `"dynamic"`),
				}},
				Output: router.Schema{Attrs: []router.Attr{attr("message_id", `"string"`)}},
			}},
		},
		"safe": {
			Name: "safe",
			Actions: []router.Action{{
				Name:   "issue",
				Input:  router.Schema{Attrs: []router.Attr{attr("account", `"string"`), hidden("pin", `"string"`), hidden("count", `"number"`), kind}},
				Output: router.Schema{Attrs: []router.Attr{attr("account", `"string"`), hidden("token", `"string"`), hidden("grants", `["map","string"]`)}},
			}},
		},
		"broken": {Name: "broken", Actions: []router.Action{{Name: "act", Input: router.Schema{Attrs: []router.Attr{need("x", `"txt"`)}}}}},
	}
}

// The secrets that the environment of the tests gives.
const (
	storedSecret = "sk_stored_0451"
	envSecret    = "sk_env_90210"
	fileSecret   = "sk_file_1138"
)

func testEnv() Env {
	return Env{
		Sources: testSources(),
		Describe: func(_ context.Context, p Plugin) (router.PluginInfo, error) {
			if info, ok := testPlugins()[p.Use]; ok {
				return info, nil
			}
			if p.Use != "" {
				return router.PluginInfo{}, fmt.Errorf("there is no bundled plugin %q", p.Use)
			}
			return router.PluginInfo{}, errors.New("it ended at once, saying: started with " + string(p.Env["TOKEN"].Reveal()))
		},
		Validate: func(_ context.Context, p Plugin) ([]PluginDiagnostic, error) {
			var config struct {
				Base   string `json:"base_url"`
				Secret string `json:"secret_key"`
				Prices map[string]string
				Limits struct {
					PerSecond float64 `json:"per_second"`
				}
			}
			if err := json.Unmarshal(p.Config.Reveal(), &config); err != nil {
				return nil, err
			}
			if config.Base == "ftp://example.com" {
				return []PluginDiagnostic{{Summary: "Not a web address", Detail: "It was tried with " + config.Secret + ".", Path: []string{"base_url"}}}, nil
			}
			var out []PluginDiagnostic
			for name, price := range config.Prices {
				if price == "" {
					out = append(out, PluginDiagnostic{Summary: "A price without an identifier", Detail: "Copy it from the provider's dashboard.", Path: []string{"prices", name}})
				}
			}
			if config.Limits.PerSecond == 1000 {
				out = append(out, PluginDiagnostic{Warning: true, Summary: "More than the provider allows", Detail: "Calls above 100 a second are refused.", Path: []string{"limits", "per_second"}})
			}
			return out, nil
		},
		Credential: func(name string) ([]byte, error) {
			if name != "stored" {
				return nil, fmt.Errorf("there is no credential %q", name)
			}
			return []byte(storedSecret + "\n"), nil
		},
		Getenv: func(name string) (string, bool) { return envSecret, name == "STRIPE_KEY" },
		ReadFile: func(path string) ([]byte, error) {
			if filepath.Base(path) != "secret.txt" {
				return nil, os.ErrNotExist
			}
			return []byte(fileSecret + "\r\n"), nil
		},
		StateDir: "/var/lib/signalbox",
		CheckSealKey: func(key router.Secret) error {
			if string(key.Reveal()) != storedSecret {
				return errors.New("key 1 is not 32 random bytes in base64 or hex")
			}
			return nil
		},
	}
}

// preamble is what most routes of the tests need around them.
const preamble = `
source "appdirect" "acme" {
  path         = "/appdirect/acme"
  marketplaces = ["https://www.acme-marketplace.com"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = credential("stored")
  }
}

plugin "billing" {
  use = "billing"
  config { secret_key = env("STRIPE_KEY") }
}

plugin "crm" { use = "crm" }

plugin "email" { use = "email" }
`

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func render(t testing.TB, d *Diagnostics) string {
	t.Helper()
	var text writer
	if err := d.Write(&text, false, 78); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

type writer []byte

func (w *writer) Write(b []byte) (int, error) { *w = append(*w, b...); return len(b), nil }

// mustLoad loads the preamble with these routes.
func mustLoad(t testing.TB, routes string) *Config {
	t.Helper()
	config, diags := Load(context.Background(), write(t, preamble+routes), testEnv())
	if diags.HasErrors() {
		t.Fatalf("loading failed:\n%s", render(t, diags))
	}
	return config
}

func orderEvent(payload string) *router.Event {
	return &router.Event{
		ID: "0198-order", Source: "appdirect.acme", Type: "SUBSCRIPTION_ORDER", Flag: router.FlagDevelopment, Lane: "lane-1",
		Received:   time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Payload:    json.RawMessage(payload),
		Attributes: json.RawMessage(`{"creator":{"email":"ann@example.com"},"marketplace":{"baseUrl":"https://www.acme-marketplace.com"}}`),
	}
}

func open(t testing.TB, plan *router.Plan, e *router.Event) router.Scope {
	t.Helper()
	scope, err := plan.Open(e)
	if err != nil {
		t.Fatal(err)
	}
	return scope
}
