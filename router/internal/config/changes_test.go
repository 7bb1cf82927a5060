package config

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

const comparedConfig = preamble + `
log_level = "info"
locals { edition = "PRO" }
route "order" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  when = event.payload.order.editionCode == local.edition
  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = "a@example.com", price = "PRO" }
  }
  reply { accountIdentifier = deliver.customer.customer_id }
}
route "cancel" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CANCEL"]
}
route "change" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
}
route "notice" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_NOTICE"]
}
`

func TestCompare(t *testing.T) {
	edited := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(comparedConfig) }
	cancel := comparedConfig[strings.Index(comparedConfig, `route "cancel"`):strings.Index(comparedConfig, `route "change"`)]
	for name, tc := range map[string]struct {
		next string
		want Changes
	}{
		"nothing":         {comparedConfig, Changes{}},
		"another place":   {"\n\n# moved down\n" + comparedConfig, Changes{}},
		"another layout":  {edited(`on   = ["SUBSCRIPTION_CANCEL"]`, "on = [ # cancelled\n\"SUBSCRIPTION_CANCEL\",\n]"), Changes{Routes: []Change{{Name: "cancel", Kind: Changed}}}},
		"a comment":       {edited(`  on   = ["SUBSCRIPTION_CANCEL"]`, "  # cancelled\n  on = [\"SUBSCRIPTION_CANCEL\"]"), Changes{}},
		"a setting":       {edited(`"info"`, `"debug"`), Changes{Settings: []Change{{Name: "log_level", Kind: Changed, What: []string{"info → debug"}}}}},
		"a setting left":  {edited(`log_level = "info"`, ``), Changes{}},
		"a rule":          {"give_up = \"1h\"\n" + comparedConfig, Changes{Settings: []Change{{Name: "give_up", Kind: Changed, What: []string{"24h → 1h"}}}}},
		"a secret":        {edited(`credential("stored")`, `"in the file"`), Changes{Sources: []Change{{Name: "appdirect.acme", Kind: Changed, What: []string{"oauth1"}}}}},
		"a path":          {edited(`/appdirect/acme`, `/acme`), Changes{Sources: []Change{{Name: "appdirect.acme", Kind: Changed, What: []string{"path"}}}}},
		"a plugin's key":  {edited(`env("STRIPE_KEY")`, `credential("stored")`), Changes{Plugins: []Change{{Name: "billing", Kind: Changed, What: []string{"config secret_key"}}}}},
		"a plugin's rate": {edited(`plugin "crm" { use = "crm" }`, "plugin \"crm\" {\n use = \"crm\"\n rate = 3\n}"), Changes{Plugins: []Change{{Name: "crm", Kind: Changed, What: []string{"rate"}}}}},
		"a plugin more":   {comparedConfig + `plugin "mail" { use = "email" }`, Changes{Plugins: []Change{{Name: "mail", Kind: Added}}}},
		"a plugin less":   {edited(`plugin "email" { use = "email" }`, ``), Changes{Plugins: []Change{{Name: "email", Kind: Removed}}}},
		"a local": {edited(`"PRO" }`+"\nroute", `"PREMIUM" }`+"\nroute"), Changes{
			Variables: []Change{{Name: "local.edition", Kind: Changed}},
			Routes:    []Change{{Name: "order", Kind: Changed, What: []string{"local.edition"}}},
		}},
		"a route":        {edited(`a@example.com`, `b@example.com`), Changes{Routes: []Change{{Name: "order", Kind: Changed}}}},
		"another name":   {edited(`"cancel"`, `"end"`), Changes{Routes: []Change{{Name: "cancel", Kind: Removed}, {Name: "end", Kind: Added}}}},
		"another order":  {edited(cancel, ``) + cancel, Changes{Routes: []Change{{Name: "cancel", Kind: Moved}}}},
		"order and text": {edited(cancel, ``) + strings.ReplaceAll(cancel, "CANCEL", "CHANGE"), Changes{Routes: []Change{{Name: "cancel", Kind: Changed}}}},
	} {
		t.Run(name, func(t *testing.T) {
			load := func(text string) *Config {
				c, diags := Load(context.Background(), write(t, text), testEnv())
				if diags.HasErrors() {
					t.Fatalf("loading failed:\n%s", render(t, diags))
				}
				// Each lies in a directory of its own.
				c.StateDir, c.Journal = "state", Journal{}
				return c
			}
			got, err := Compare(load(comparedConfig), load(tc.next))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompareOfRoutesThatAreMany(t *testing.T) {
	const each = `
locals { editions = ["FREE", "PRO"] }
route "mail" {
  for_each = local.editions
  from     = [source.appdirect.acme]
  when     = event.payload.order.editionCode == each.value
}
route "last" { from = [source.appdirect.acme] }
`
	now := mustLoad(t, each)
	got, err := Compare(now, mustLoad(t, strings.Replace(each, `"PRO"]`, `"PREMIUM"]`, 1)))
	var names []string
	for _, c := range got.Routes {
		names = append(names, string(c.Kind)+" "+c.Name+" "+strings.Join(c.What, ","))
	}
	want := []string{"removed mail[PRO] ", "changed mail[FREE] local.editions", "added mail[PREMIUM] "}
	if diff := cmp.Diff(want, names); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestCompareSeesASourcesExpressions(t *testing.T) {
	load := func(id string) *Config {
		return mustLoad(t, "source \"hook\" \"shop\" {\n path = \"/shop\"\n id = "+id+"\n}\n")
	}
	got, err := Compare(load("request.body.id"), load("request.body.number"))
	if diff := cmp.Diff([]Change{{Name: "hook.shop", Kind: Changed, What: []string{"id"}}}, got.Sources); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestCompareReadsJSON(t *testing.T) {
	load := func(reply string) *Config {
		dir := t.TempDir()
		for name, text := range map[string]string{
			"base.hcl": preamble,
			"routes.hcl.json": `{"route": {"free": {"from": ["${source.appdirect.acme}"]},
  "order": {"from": ["${source.appdirect.acme}"], "on": ["SUBSCRIPTION_ORDER"], "reply": {"accountIdentifier": "` + reply + `"}}}}`,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, diags := Load(t.Context(), dir, testEnv())
		if diags.HasErrors() {
			t.Fatalf("loading failed:\n%s", render(t, diags))
		}
		c.StateDir, c.Journal = "", Journal{}
		return c
	}
	got, err := Compare(load("a"), load("b"))
	if diff := cmp.Diff(Changes{Routes: []Change{{Name: "order", Kind: Changed}}}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// An action that takes or gives something else makes another thing of a route
// that calls it.
func TestCompareSeesAnotherAction(t *testing.T) {
	env := testEnv()
	describe := env.Describe
	env.Describe = func(ctx context.Context, p Plugin) (router.PluginInfo, error) {
		info, err := describe(ctx, p)
		for i := range info.Actions {
			info.Actions[i].Input.Attrs = append(info.Actions[i].Input.Attrs, attr("new_in_this_version", `"string"`))
		}
		return info, err
	}
	path := write(t, comparedConfig)
	now, _ := Load(context.Background(), path, testEnv())
	next, _ := Load(context.Background(), path, env)
	got, err := Compare(now, next)
	want := []Change{{Name: "order", Kind: Changed, What: []string{"plugin.billing.create_subscription"}}}
	if diff := cmp.Diff(want, got.Routes); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// Whatever is added to Config is compared.
func TestCompareKnowsEverySetting(t *testing.T) {
	for field := range reflect.TypeFor[Config]().Fields() {
		var a, b Config
		other := reflect.ValueOf(&b).Elem().FieldByIndex(field.Index)
		switch value := other.Interface().(type) {
		case []Source, []Plugin, []byte, *router.Plan:
			continue
		case router.Secret:
			other.Set(reflect.ValueOf(router.NewSecret([]byte("s3cr3t"))))
		default:
			_ = value
			set(t, other)
		}
		if got := differingSettings(&a, &b); len(got) != 1 {
			t.Errorf("%s: %v differ", field.Name, got)
		}
	}
}

// Secrets are compared wherever they stand.
func TestSameSettingLooksIntoSecrets(t *testing.T) {
	type access struct {
		Address string
		Token   router.Secret
	}
	of := func(token string) reflect.Value {
		return reflect.ValueOf(&access{"a", router.NewSecret([]byte(token))})
	}
	if !sameSetting(of("s3cr3t"), of("s3cr3t")) || sameSetting(of("s3cr3t"), of("other")) {
		t.Error("a secret below a pointer is not compared")
	}
}

// set gives a value that is not the zero one.
func set(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Struct:
		set(t, v.Field(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	default:
		t.Fatalf("a setting of the kind %s", v.Kind())
	}
}
