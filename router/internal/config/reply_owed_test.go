package config

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// TestOwedReplies has what can be known at load of a reply attribute that a
// success must have: that it is never null, and can always be computed.
func TestOwedReplies(t *testing.T) {
	env := testEnv()
	kind := env.Sources["market"]
	kind.Required = map[string]string{"ORDER": "account"}
	kind.Reply = router.Schema{Attrs: []router.Attr{attr("account", `"string"`), attr("message", `"string"`)}}
	env.Sources["market"] = kind
	const lacking, conditional = "Warning: An answer that may be lacking", "Error: A reply that may lack its value"
	const owed = `try(deliver.company.company_id, "free-${event.id}"): without a value each such event is held.`
	for name, tc := range map[string]struct{ on, deliver, account, message, want string }{
		"an output":                            {account: `deliver.company.company_id`},
		"an output that may be null":           {account: `deliver.mail.message_id`, want: lacking},
		"null":                                 {account: `null`, want: lacking},
		"null in the end":                      {account: `try(deliver.company.company_id, null)`, want: lacking},
		"null where a choice ends":             {account: `event.payload.order.edition == "FREE" ? (null) : deliver.company.company_id`, want: lacking},
		"another value in the end":             {account: `try(deliver.company.company_id, event.id)`},
		"a field that may be absent":           {account: `event.payload.order.discount`, want: lacking},
		"one that the route asks for":          {account: `event.payload.order.discount`, deliver: "\n  when = event.payload.order.discount != null"},
		"a text with one":                      {account: `"a-${event.payload.order.discount}"`, want: "For an event without event.payload.order.discount this can't be computed: the event is held, without an answer"},
		"an output that may not be there":      {account: `deliver.company.company_id`, deliver: `optional = true`, want: conditional},
		"and the way out of it":                {account: `deliver.company.company_id`, deliver: `optional = true`, want: owed},
		"of a delivery with a condition":       {account: `deliver.company.company_id`, deliver: `when = event.payload.order.edition == "PRO"`, want: owed},
		"its name is looked at first":          {account: `deliver.company.company_idd`, deliver: `optional = true`, want: "Error: Unknown output"},
		"an attribute that nothing asks for":   {account: `event.id`, message: `try(deliver.company.company_id, null)`},
		"and its way out":                      {account: `event.id`, message: `deliver.company.company_id`, deliver: `optional = true`, want: "write try(deliver.company.company_id, null)."},
		"a type whose success needs no answer": {on: "CHANGE", account: `try(deliver.company.company_id, null)`},
	} {
		t.Run(name, func(t *testing.T) {
			when := ""
			if strings.HasPrefix(tc.deliver, "\n") {
				when, tc.deliver = tc.deliver, ""
			}
			if tc.on == "" {
				tc.on = "ORDER"
			}
			if tc.message == "" {
				tc.message = `"Done."`
			}
			path := write(t, preamble+uses+marketSource+fmt.Sprintf(`route "x" {
  from = [source.market.m]
  on   = [%q]%s
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { name = event.id }
    %s
  }
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "order", to = ["ops@example.com"] }
  }
  reply {
    account = %s
    message = %s
  }
}
`, tc.on, when, tc.deliver, tc.account, tc.message))
			_, diags := Load(context.Background(), path, env)
			text := strings.ReplaceAll(strings.Join(strings.Fields(render(t, diags)), " "), strings.TrimSuffix(path, "config.hcl"), "")
			if (tc.want == "") != (text == "") || !strings.Contains(text, tc.want) || diags.Len() > 1 {
				t.Fatalf("got %s\nwant one diagnostic with %q", text, tc.want)
			}
		})
	}
}
