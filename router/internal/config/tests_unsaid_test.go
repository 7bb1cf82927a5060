package config

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

// An output that is no text has no stand-in: where a route reads it, the test has
// to say it.
func TestUnsaidOutputs(t *testing.T) {
	env := testEnv()
	describe := env.Describe
	env.Describe = func(ctx context.Context, p Plugin) (router.PluginInfo, error) {
		info, err := describe(ctx, p)
		if p.Name == "crm" {
			for _, name := range []string{"status", "unread"} {
				a := attr(name, `"number"`)
				a.Required = true
				info.Actions[0].Output.Attrs = append(info.Actions[0].Output.Attrs, a)
			}
		}
		return info, err
	}
	c, diags := Load(t.Context(), write(t, preamble+uses+`
route "order" {
  from = [source.appdirect.acme]
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { name = "n" }
  }
  deliver "mail" {
    to   = plugin.email.send
    when = deliver.company.status == 200
    with = { template = "t", to = [deliver.company.company_id] }
  }
}
`), env)
	if diags.HasErrors() {
		t.Fatal(render(t, diags))
	}
	for name, tc := range map[string]struct {
		given string
		want  map[string][]string
	}{
		"nothing is given":  {"", map[string][]string{"order/company": {"status"}}},
		"another is given":  {`given "company" { output = { company_id = "c" } }`, map[string][]string{"order/company": {"status"}}},
		"it is given":       {`given "company" { output = { status = 404 } }`, map[string][]string{}},
		"it is rejected":    {`given "company" { rejected = { code = "c" } }`, map[string][]string{}},
		"it is exhausted":   {`given "company" { exhausted = true }`, map[string][]string{}},
		"all of it is said": {`given "company" { output = { company_id = "c", status = 1, unread = 2 } }`, map[string][]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeTest(t, "test \"t\" {\n event { type = \"SUBSCRIPTION_ORDER\" }\n "+tc.given+"\n expect { routes = [\"order\"] }\n}\n")
			tests := explain(t, c).ReadTests([]string{path}, env.Sources)
			if tests.Diagnostics.HasErrors() || len(tests.List) != 1 {
				t.Fatal(render(t, tests.Diagnostics))
			}
			if diff := cmp.Diff(tc.want, tests.List[0].Unsaid); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
