package config

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// TestReplyFitsItsTypes has what can be known at load of a reply: that an
// answer which must hold something does, and that it holds nothing for naught.
func TestReplyFitsItsTypes(t *testing.T) {
	env := testEnv()
	kind := env.Sources["appdirect"]
	kind.Types = append(kind.Types, "ADDON_ORDER", "ADDON_BIND")
	kind.Required = map[string]string{"SUBSCRIPTION_ORDER": "accountIdentifier", "ADDON_ORDER": "id"}
	kind.Takes = map[string][]string{
		"SUBSCRIPTION_ORDER": {"message", "accountIdentifier"}, "SUBSCRIPTION_CANCEL": {"message"}, "ADDON_BIND": {"message", "id", "metadata"},
	}
	env.Sources["appdirect"] = kind
	route := func(name, on, reply string) string {
		if on != "" {
			on = "on = [" + on + "]\n"
		}
		return fmt.Sprintf("route %q {\n  from = [source.appdirect.acme]\n  %s\n  reply {\n%s\n  }\n}\n", name, on, reply)
	}
	source, _, _ := strings.Cut(preamble, "plugin ") // a plugin that no route uses is worth a warning itself
	const order, cancel, bind, other = `"SUBSCRIPTION_ORDER"`, `"SUBSCRIPTION_CANCEL"`, `"ADDON_BIND"`, `"SUBSCRIPTION_NOTICE"`
	const account, message = `accountIdentifier = event.id`, `message = "Done"`
	for name, tc := range map[string]struct{ routes, want string }{
		"an order with it":                {route("a", order, account), ""},
		"an order by another route":       {route("a", order, message) + route("b", order+", "+cancel, account), ""},
		"an order by a route for all":     {route("a", order, message) + route("b", "", account), ""},
		"an order without it":             {route("a", order, message), `Error: No answer to give on config.hcl line 11, in route "a": 11: route "a" { A success of SUBSCRIPTION_ORDER must reply with accountIdentifier, and no route that takes it from appdirect.acme does`},
		"an order with another":           {route("a", order, message) + route("b", cancel, message) + route("c", "", message), `line 11, in route "a": 11: route "a" {`},
		"another required type":           {route("a", `"ADDON_ORDER"`, message), `ADDON_ORDER must reply with id`},
		"an order with it, if":            {strings.Replace(route("a", order, account), "reply", "when = event.payload.free\n  reply", 1) + route("b", order, message), `Warning: An answer that may be lacking on config.hcl line 20, in route "b": 20: route "b" { A success of SUBSCRIPTION_ORDER must reply with accountIdentifier. The routes that give it for appdirect.acme have conditions`},
		"an order with it in two, if":     {strings.Replace(route("a", order, account), "reply", "when = event.payload.free\n  reply", 1) + route("b", order, account), ""},
		"a route for all":                 {route("a", "", message), `Warning: No answer to give on config.hcl line 11, in route "a": 11: route "a" { This route takes every event from appdirect.acme, and no route replies to ADDON_ORDER with id or to SUBSCRIPTION_ORDER with accountIdentifier`},
		"a route for all beside orders'":  {route("a", "", message) + route("b", order, account), ""},
		"no route for it":                 {route("a", cancel, message), ""},
		"what is not taken":               {route("a", cancel, account), `Warning: An attribute that is not sent on config.hcl line 16, in route "a": 16: accountIdentifier = event.id The answer to "SUBSCRIPTION_CANCEL" does not hold "accountIdentifier"; it is left out.`},
		"what neither takes":              {route("a", cancel+", "+bind, account), `The answer to "ADDON_BIND" and "SUBSCRIPTION_CANCEL" does not hold`},
		"what one of them takes":          {route("a", cancel+", "+bind, "id = event.id"), ""},
		"what a type may take":            {route("a", cancel+", "+other, account), ""},
		"what no reply has is said once":  {route("a", cancel, "acount = event.id"), `Error: Unknown reply attribute`},
		"a code that is not known":        {strings.Replace(route("a", cancel, message), "from", "codes = { busy = \"USER_ALREADY_EXIST\" }\n  from", 1), `Warning: Unknown code`},
		"a code and what was meant by it": {strings.Replace(route("a", cancel, message), "from", "codes = { busy = \"ACCOUNT_NOTFOUND\" }\n  from", 1), `Did you mean "ACCOUNT_NOT_FOUND"?`},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, source+tc.routes)
			config, diags := Load(context.Background(), path, env)
			text := strings.ReplaceAll(strings.Join(strings.Fields(render(t, diags)), " "), strings.TrimSuffix(path, "config.hcl"), "")
			if (tc.want == "") != (text == "") || !strings.Contains(text, tc.want) || strings.Count(text, "Error:")+strings.Count(text, "Warning:") > 1 {
				t.Fatalf("got %s\nwant one diagnostic with %q", text, tc.want)
			}
			if diags.HasErrors() {
				return
			}
			// What the plan of an earlier day may not say is no reason to lose it.
			if _, err := Compile(config.Snapshot, config.Plan.Digest); err != nil {
				t.Error(err)
			}
		})
	}
}
