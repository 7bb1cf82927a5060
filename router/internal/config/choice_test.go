package config

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// matchNames are the routes that take the event.
func matchNames(t testing.TB, c *Config, source, eventType, payload string) ([]string, error) {
	t.Helper()
	event := orderEvent(payload)
	event.Source, event.Type = source, eventType
	matched, err := c.Plan.Match(event, open(t, c.Plan, event))
	var names []string
	for _, route := range matched {
		names = append(names, route.Name)
	}
	return names, err
}

// What a choice and its like give is what stands there, whatever stands beside it.
func TestAValueThatIsChosenStaysAsItIs(t *testing.T) {
	const unlike = `{"order":{"items":[{"unit":"a","quantity":3},{"unit":"b","quantity":1,"note":"x"}]}}`
	for name, tc := range map[string]struct {
		when string
		want bool
	}{
		"a list in coalesce":         {when: `anytrue([for i in coalesce(event.payload.order.items, []) : i.quantity == 3])`, want: true},
		"in a choice":                {when: `anytrue([for i in (event.payload.order.items == null ? [] : event.payload.order.items) : i.quantity == 3])`, want: true},
		"in try":                     {when: `anytrue([for i in try(event.payload.order.items, []) : i.quantity == 3])`, want: true},
		"in coalescelist":            {when: `anytrue([for i in coalescelist(event.payload.order.items, [{ quantity = 1 }]) : i.quantity == 3])`, want: true},
		"a number beside a text":     {when: `(event.type == "ORDER" ? event.payload.order.items[0].quantity : "none") == 3`, want: true},
		"in coalesce too":            {when: `coalesce(event.payload.order.items[0].quantity, "none") == 3`, want: true},
		"the second of coalesce":     {when: `coalesce(event.payload.order.discount, "none") == "none"`, want: true},
		"the second of coalescelist": {when: `length(coalescelist([], event.payload.order.items)) == 2`, want: true},
		"a choice of a choice":       {when: `(event.type != "ORDER" ? 1 : event.type == "ORDER" ? [2] : "3")[0] == 2`, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			names, err := matchNames(t, mustLoad(t, marketRoute(tc.when, "ORDER")), "market.m", "ORDER", unlike)
			if err != nil || (len(names) == 1) != tc.want {
				t.Errorf("%d routes match, want one: %v; %v", len(names), tc.want, err)
			}
		})
	}
}

// The condition of a choice has HCL's errors, and what coalesce has none of its own.
func TestAChoiceThatCannotBeMade(t *testing.T) {
	for when, want := range map[string]string{
		`(event.payload.order.trial ? 1 : 2) == 1`:                                 "null",
		`(event.payload.order.edition ? 1 : 2) == 1`:                               "bool",
		`coalesce(event.payload.order.discount, event.payload.order.items) == "1"`: "no argument is there",
	} {
		_, err := matchNames(t, mustLoad(t, marketRoute(when, "ORDER")), "market.m", "ORDER", `{"order":{"edition":"PRO"}}`)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", when, err, want)
		}
	}
}

// An event of less than a megabyte is not worked at for a minute by the idioms
// that the warnings advise.
func TestAChoiceTakesNoTime(t *testing.T) {
	var members, elements []string
	for i := range 9_000 {
		members = append(members, fmt.Sprintf(`"k%d":"v"`, i))
	}
	for i := range 4_000 {
		elements = append(elements, fmt.Sprintf(`{"a%d":1,"b":{"c":[1,{"d":"x"}]}}`, i))
	}
	payload := `{"m":{` + strings.Join(members, ",") + `},"l":[` + strings.Join(elements, ",") + `]}`
	for _, when := range []string{
		`length(keys(coalesce(event.payload.m, {}))) > 1`,
		`length(coalesce(event.payload.l, [])) > 1`,
		`length(coalescelist(event.payload.l, [])) > 1`,
		`length(event.payload.l == null ? [] : event.payload.l) > 1`,
		`length(coalesce(event.payload.l, event.payload.m, [])) > 1`,
		`length("${event.payload.l == null ? [] : event.payload.l}") > 1`,
	} {
		c := mustLoad(t, "route \"x\" {\n  from = [source.appdirect.acme]\n  when = "+when+"\n}\n")
		begin := time.Now()
		names, err := matchNames(t, c, "appdirect.acme", "SUBSCRIPTION_ORDER", payload)
		if took := time.Since(begin); took > 2*time.Second || err != nil || len(names) != 1 {
			t.Errorf("%s took %s, and %d routes match; %.80v", when, took, len(names), err)
		}
	}
}

// A choice is ours wherever it stands.
func TestEveryChoiceIsOwn(t *testing.T) {
	const some = `(a ? b : c)`
	for _, text := range []string{
		some, "!" + some, "-" + some, some + " + " + some, "f(" + some + ", " + some + ")", "[" + some + "]", "{ (" + some + ") = " + some + " }", "{ x = " + some + " }",
		some + ".x", some + "[" + some + "]", some + "[*].x", "x[*][" + some + "]", "[for x in " + some + " : " + some + " if " + some + "]", "{for k, x in " + some + " : " + some + " => " + some + " if " + some + "}",
		`"` + "${" + some + "}" + `"`, `"x${` + some + `}"`, `"%{ if ` + some + ` }x%{ else }${` + some + `}%{ endif }"`, `"%{ for x in ` + some + ` }${` + some + `}%{ endfor }"`,
		some + " ? " + some + " : " + some, "<<X\n${" + some + "}\nX",
	} {
		file, diags := parseKnown([]byte("v = "+text+"\nb {\n  v = "+text+"\n}\n"), "x.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(text, diags)
		}
		own, theirs := 0, 0
		_ = hclsyntax.VisitAll(file.Body.(*hclsyntax.Body), func(n hclsyntax.Node) hcl.Diagnostics {
			switch n.(type) {
			case *choice:
				own++
			case *hclsyntax.ConditionalExpr:
				theirs++
			}
			return nil
		})
		if want := 2 * (strings.Count(text, " ? ") + strings.Count(text, "%{ if")); own != want || theirs != 0 {
			t.Errorf("%s: %d choices are ours and %d HCL's, want %d", text, own, theirs, want)
		}
	}
}

// What is known of a choice's type at load is checked at load.
func TestTheTypeOfAChoiceAtLoad(t *testing.T) {
	for with, wantErr := range map[string]bool{
		`coalesce(event.payload.order.discount, "none")`:                        false,
		`coalesce(event.payload.order.items, [])`:                               false,
		`coalesce(event.payload.company, event.payload.company)`:                true,
		`event.type == "ORDER" ? event.payload.company : event.payload.company`: true,
		`coalesce(event.payload.order.discount, event.payload.company, "no")`:   false,
	} {
		_, diags := Load(context.Background(), write(t, preamble+uses+marketSource+`
route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  deliver "mail" {
    to   = plugin.email.send
    with = { template = `+with+`, to = ["a@b.example"] }
  }
}
`), testEnv())
		if diags.HasErrors() != wantErr {
			t.Errorf("%s: an error: %v, want one: %v\n%s", with, diags.HasErrors(), wantErr, render(t, diags))
		}
	}
}
