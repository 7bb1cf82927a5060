package config

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// saidNo writes reasons in one line each.
func saidNo(reasons []Reason) []string {
	var out []string
	for _, r := range reasons {
		line := fmt.Sprintf("%s is %v:", r.Text, r.Is)
		for _, s := range r.Seen {
			line += fmt.Sprintf(" %s=%s;", s.Text, s.Value)
		}
		out = append(out, line)
	}
	return out
}

func TestExplainFindsThePartThatSaidNo(t *testing.T) {
	const payload = `{"order":{"editionCode":"FREE","items":[{"unit":"USER","quantity":2}]},"company":{"name":null},"flags":{"a b":true}}`
	for name, tc := range map[string]struct {
		when string
		want []string
	}{
		"a comparison": {
			`event.payload.order.editionCode != "FREE"`,
			[]string{`event.payload.order.editionCode != "FREE" is false: event.payload.order.editionCode="FREE";`},
		},
		"one side of an and": {
			`event.source == "appdirect.acme" && event.payload.order.editionCode == "PRO"`,
			[]string{`event.payload.order.editionCode == "PRO" is false: event.payload.order.editionCode="FREE";`},
		},
		"both sides of an and": {
			`event.flag == "" && event.payload.order.editionCode == "PRO"`,
			[]string{`event.flag == "" is false: event.flag="DEVELOPMENT";`, `event.payload.order.editionCode == "PRO" is false: event.payload.order.editionCode="FREE";`},
		},
		"the other side fails": {
			`event.payload.order.missing == "x" && event.payload.order.editionCode == "PRO"`,
			[]string{`event.payload.order.editionCode == "PRO" is false: event.payload.order.editionCode="FREE";`},
		},
		"both sides of an or": {
			`event.flag == "" || (event.payload.order.editionCode == "PRO")`,
			[]string{`event.flag == "" is false: event.flag="DEVELOPMENT";`, `event.payload.order.editionCode == "PRO" is false: event.payload.order.editionCode="FREE";`},
		},
		"a not": {
			`!(event.payload.order.editionCode == "FREE" || event.flag == "")`,
			[]string{`event.payload.order.editionCode == "FREE" is true: event.payload.order.editionCode="FREE";`},
		},
		"a not of an and": {
			`!(event.payload.order.editionCode == "FREE" && event.flag != "")`,
			[]string{`event.payload.order.editionCode == "FREE" is true: event.payload.order.editionCode="FREE";`, `event.flag != "" is true: event.flag="DEVELOPMENT";`},
		},
		"a choice": {
			`event.flag == "DEVELOPMENT" ? event.payload.order.editionCode == "PRO" : true`,
			[]string{`event.flag == "DEVELOPMENT" is true: event.flag="DEVELOPMENT";`, `event.payload.order.editionCode == "PRO" is false: event.payload.order.editionCode="FREE";`},
		},
		"a choice of a literal": {
			`event.flag == "DEVELOPMENT" ? false : true`,
			[]string{`event.flag == "DEVELOPMENT" is true: event.flag="DEVELOPMENT";`},
		},
		"a function": {
			`contains(["PRO", "TEAM"], event.payload.order.editionCode)`,
			[]string{`contains(["PRO", "TEAM"], event.payload.order.editionCode) is false: event.payload.order.editionCode="FREE";`},
		},
		"a function in a comparison": {
			`length(event.payload.order.items) > 3`,
			[]string{`length(event.payload.order.items) > 3 is false: length(event.payload.order.items)=1; event.payload.order.items=[{"quantity":2,"unit":"USER"}];`},
		},
		"what is absent": {
			`can(event.payload.company.name)`,
			[]string{`can(event.payload.company.name) is false: event.payload.company.name=;`},
		},
		"a guard": {
			`try(event.payload.order.missing, "none") == "some"`,
			[]string{`try(event.payload.order.missing, "none") == "some" is false: try(event.payload.order.missing, "none")="none"; event.payload.order.missing=;`},
		},
		"a loop": {
			`length([for i in event.payload.order.items : i if i.unit == "GB"]) == 1`,
			[]string{`length([for i in event.payload.order.items : i if i.unit == "GB"]) == 1 is false: length([for i in event.payload.order.items : i if i.unit == "GB"])=0; event.payload.order.items=[{"quantity":2,"unit":"USER"}];`},
		},
		"a bare name": {
			`event.attributes.no`,
			[]string{`event.attributes.no is false:`},
		},
		"over several lines": {
			"(\n    event.flag == \"DEVELOPMENT\" &&\n    event.payload.order.editionCode ==\n      \"PRO\"\n  )",
			[]string{`event.payload.order.editionCode == "PRO" is false: event.payload.order.editionCode="FREE";`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := mustLoad(t, fmt.Sprintf("route \"x\" {\n  from = [source.appdirect.acme]\n  on   = [\"SUBSCRIPTION_CHANGE\"]\n  final = true\n  when = %s\n}\n", tc.when))
			event := orderEvent(payload)
			event.Type = "SUBSCRIPTION_CHANGE"
			event.Attributes = json.RawMessage(`{"no":false}`)
			answers, err := explain(t, config).Event(event)
			if err != nil || len(answers) != 1 {
				t.Fatalf("%d answers, error %v", len(answers), err)
			}
			if a := answers[0]; a.Matches || a.Error != "" || a.Why != "its condition says no" {
				t.Errorf("got %+v", a)
			}
			if diff := cmp.Diff(tc.want, saidNo(answers[0].Reasons)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
