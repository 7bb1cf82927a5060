package config

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// warnings are the lines of what loading says, first words only.
func warnings(t *testing.T, routes string) []string {
	t.Helper()
	_, diags := Load(context.Background(), write(t, preamble+uses+routes), testEnv())
	if diags.HasErrors() {
		t.Fatalf("loading failed:\n%s", render(t, diags))
	}
	var out []string
	for _, diag := range diags.list {
		out = append(out, diag.Summary+": "+diag.Detail)
	}
	return out
}

func TestWhatIsGuardedDrawsNoWarning(t *testing.T) {
	for name, when := range map[string]string{
		"always there":                       `event.payload.order.edition != "FREE"`,
		"equal to a text":                    `event.payload.order.discount == "FREE"`,
		"neither of two texts":               `event.payload.order.discount == "A" || event.payload.order.discount == "B"`,
		"in a list":                          `contains(["A", "B"], event.payload.order.discount)`,
		"a test for null":                    `event.payload.order.discount == null`,
		"a test the other way":               `null != event.payload.order.discount`,
		"a guard before":                     `event.payload.order.discount != null && event.payload.order.discount != "FREE"`,
		"a guard behind":                     `event.payload.order.discount != "FREE" && event.payload.order.discount != null`,
		"a guard in an or":                   `event.payload.order.discount == null || event.payload.order.discount != "FREE"`,
		"before a comparison that fails":     `event.payload.order.seats != null && event.payload.order.seats > 10`,
		"behind one":                         `event.payload.order.seats > 10 && event.payload.order.seats != null`,
		"in an or before one":                `event.payload.order.seats == null || event.payload.order.seats > 10`,
		"under a not":                        `!(event.payload.order.seats == null || event.payload.order.seats > 10)`,
		"a not of a guard":                   `!(event.payload.order.seats == null) && event.payload.order.seats > 10`,
		"a choice":                           `event.payload.order.seats != null ? event.payload.order.seats > 10 : false`,
		"a choice the other way":             `event.payload.order.seats == null ? true : event.payload.order.seats > 10`,
		"the parent":                         `event.payload.company != null && event.payload.company.name != "Acme"`,
		"the parent of an optional one":      `event.payload.company != null && event.payload.company.country == "US"`,
		"a sibling":                          `event.payload.company.country != null && event.payload.company.name != "Acme"`,
		"an equality as guard":               `event.payload.company.country == "US" && event.payload.company.name != "Acme"`,
		"can as guard":                       `can(event.payload.order.discount) && event.payload.order.discount != "FREE"`,
		"can under a not":                    `!can(event.payload.order.discount) || event.payload.order.discount != "FREE"`,
		"try":                                `try(event.payload.order.discount, "none") != "FREE"`,
		"coalesce":                           `coalesce(event.payload.order.discount, "none") != "FREE"`,
		"both halves of a guard":             `(event.flag != "" ? event.payload.order.discount != null : event.payload.order.discount == "A") && event.payload.order.discount != "FREE"`,
		"three in a row":                     `event.flag == "" && event.payload.order.discount != null && event.payload.order.discount != "FREE"`,
		"behind a parenthesis":               `(event.payload.order.discount != null) && (event.flag == "" || event.payload.order.discount != "FREE")`,
		"both of two guarded":                `event.payload.order.discount != null && event.payload.order.discount == event.payload.company.country`,
		"a list that is guarded":             `event.payload.order.items != null && length(event.payload.order.items) > 1`,
		"a loop":                             `length([for i in coalescelist(event.payload.order.items, [{ unit = "" }]) : i if i.unit != "USER"]) > 0`,
		"an element, and all of a list":      `try(event.payload.order.items[0].quantity, 1) > 1`,
		"an undocumented field in try":       `try(event.payload.order.colour, "") == ""`,
		"an undocumented field in can":       `can(event.payload.order.colour)`,
		"the names of what came":             `contains(keys(event.payload.order), "discount")`,
		"an open map":                        `event.payload.configuration.plan != "x"`,
		"what is always there, whatever for": `event.payload.order.edition > 3 ? true : event.attributes.market != "a"`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, w := range warnings(t, marketRoute(when, "ORDER")) {
				t.Error(w)
			}
		})
	}
}

func TestWhatIsNotGuardedDrawsOne(t *testing.T) {
	for name, tc := range map[string]struct{ when, field, what string }{
		"unequal":                      {`event.payload.order.discount != "FREE"`, "event.payload.order.discount", "pass"},
		"unequal, the other way":       {`"FREE" != event.payload.order.discount`, "event.payload.order.discount", "pass"},
		"a not":                        {`!(event.payload.order.discount == "FREE")`, "event.payload.order.discount", "pass"},
		"two nots":                     {`!!(event.payload.order.discount != "FREE")`, "event.payload.order.discount", "pass"},
		"twice, but told once":         {`event.payload.order.discount != "A" && event.payload.order.discount != "B"`, "event.payload.order.discount", "pass"},
		"a guard of another":           {`event.payload.order.seats != null && event.payload.order.discount != "FREE"`, "event.payload.order.discount", "pass"},
		"a guard in an or":             {`(event.flag != "" || event.payload.order.discount != null) && event.payload.order.discount != "FREE"`, "event.payload.order.discount", "pass"},
		"the parent is no guard":       {`event.payload.company != null && event.payload.company.country != "US"`, "event.payload.company.country", "pass"},
		"the child of an absent one":   {`event.payload.company.name != "Acme"`, "event.payload.company.name", "pass"},
		"less":                         {`event.payload.order.seats < 3`, "event.payload.order.seats", "fails"},
		"added up":                     {`event.payload.order.seats + 1 == 3`, "event.payload.order.seats", "fails"},
		"an error is no guard":         {`event.payload.order.seats > 3 && event.payload.order.seats < 9`, "event.payload.order.seats", "fails"},
		"a boolean":                    {`event.payload.order.trial`, "event.payload.order.trial", "fails"},
		"a boolean under a not":        {`!event.payload.order.trial`, "event.payload.order.trial", "fails"},
		"half a guard":                 {`(event.flag != "" ? event.payload.order.discount != null : event.lane != "") && event.payload.order.discount != "FREE"`, "event.payload.order.discount", "pass"},
		"in a template":                {`"${event.payload.order.discount}-1" == "A-1"`, "event.payload.order.discount", "fails"},
		"an element of an absent list": {`event.payload.order.items[0].unit == "USER"`, "event.payload.order.items", "fails"},
		"the condition of a choice":    {`event.payload.order.discount != "FREE" ? event.flag == "" : event.flag != ""`, "event.payload.order.discount", "take the first value"},
		"a result of one":              {`event.flag == "" ? event.payload.order.discount != "FREE" : false`, "event.payload.order.discount", "pass"},
		"not contained":                {`!contains(["A"], event.payload.order.discount)`, "event.payload.order.discount", "pass"},
		"the attributes":               {`event.attributes.creator.name != "Bot"`, "event.attributes.creator.name", "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			got := warnings(t, marketRoute(tc.when, "ORDER"))
			if len(got) != 1 || !strings.Contains(got[0], tc.field+" ") || !strings.Contains(got[0], tc.what) {
				t.Errorf("got %q; want one that says %s of %s", got, tc.what, tc.field)
			}
		})
	}
}

// What a route's condition has asked its deliveries need not ask again.
func TestTheRoutesConditionGuardsItsDeliveries(t *testing.T) {
	const routes = marketSource + `
route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  when = %s
  deliver "company" {
    to   = plugin.crm.upsert_company
    when = event.payload.company.name != "Test"
    with = { name = event.payload.company.name, billing_id = event.payload.company.name != "Acme" ? "a" : "b" }
  }
}
`
	if got := warnings(t, fmt.Sprintf(routes, `event.payload.company != null`)); len(got) != 0 {
		t.Errorf("guarded, but %q", got)
	}
	if got := warnings(t, fmt.Sprintf(routes, `event.flag == ""`)); len(got) != 3 {
		t.Errorf("not guarded, but %q", got)
	}
}
