package config

import (
	"context"
	"strings"
	"testing"
)

// Elements read as null where they lack what their shape has, however they are
// come by.
func TestElementsReadAsNull(t *testing.T) {
	const payload = `{"order":{"items":[{"unit":"USER"},{"unit":"GB","quantity":"3","note":"x"}]}}`
	for name, tc := range map[string]struct {
		when    string
		wantErr bool
	}{
		"a loop":                     {when: `anytrue([for i in event.payload.order.items : i.note == "x"])`},
		"its condition":              {when: `length([for i in event.payload.order.items : i.unit if i.note == null]) == 1`},
		"with an index":              {when: `anytrue([for n, i in event.payload.order.items : i.note == null && n == 0])`},
		"of an object":               {when: `{for i in event.payload.order.items : i.unit => i.note}.GB == "x"`},
		"in a text":                  {when: `"%{ for i in event.payload.order.items }${coalesce(i.note, "-")}%{ endfor }" == "-x"`},
		"a number that came as text": {when: `anytrue([for i in event.payload.order.items : i.quantity == 3])`},
		"through coalesce":           {when: `anytrue([for i in coalesce(event.payload.order.items, []) : i.note == "x"])`},
		"through a choice":           {when: `anytrue([for i in (event.payload.order.items == null ? [] : event.payload.order.items) : i.note == "x"])`},
		"a splat through coalesce":   {when: `jsonencode(coalesce(event.payload.order.items, [])[*].note) == "[null,\"x\"]"`},
		"a loop in a loop":           {when: `anytrue([for i in event.payload.order.items : anytrue([for j in event.payload.order.items : j.note != i.note && j.unit != i.unit])])`},
		"in try it is missing":       {when: `[for i in event.payload.order.items : try(i.note, "none")] == ["none", "x"]`},
		"a loop in try":              {when: `try([for i in event.payload.order.items : i.note], "none") == "none"`},
		"the variable of another":    {when: `anytrue([for i in event.payload.order.items : anytrue([for i in [{ a = 1 }] : i.note == "x"])])`, wantErr: true},
		"a list of something else":   {when: `anytrue([for i in concat(event.payload.order.items, [{ a = 1 }]) : i.note == "x"])`, wantErr: true},
	} {
		t.Run(name, func(t *testing.T) {
			config, diags := Load(context.Background(), write(t, preamble+marketRoute(tc.when, "ORDER")), testEnv())
			if config == nil {
				t.Fatal(render(t, diags))
			}
			names, err := matchNames(t, config, "market.m", "ORDER", payload)
			if (err != nil) != tc.wantErr || err == nil && len(names) != 1 {
				t.Errorf("%d routes match, %v; want an error: %v", len(names), err, tc.wantErr)
			}
		})
	}
}

// Their names are checked, and what they may lack is told.
func TestWhatIsSaidOfElements(t *testing.T) {
	for when, want := range map[string]string{
		`anytrue([for i in event.payload.order.items : i.nota == "x"])`:                                   `i has no "nota"`,
		`anytrue([for i in coalesce(event.payload.order.items, []) : i.nota == "x"])`:                     `i has no "nota"`,
		`anytrue([for i in event.payload.order.items : try(i.nota, "") == "x"])`:                          "",
		`anytrue(try([for i in event.payload.order.items : i.nota == "x"], [false]))`:                     "",
		`anytrue(try([for i in event.payload.order.items : [for j in [i] : j.nota == "x"]][0], [false]))`: "",
		`event.payload.order.items[0].note != "x"`:                                                        "Events without event.payload.order.items[0].note pass",
		`event.payload.order.items[0].note == "x"`:                                                        "",
		`event.payload.order.items[0].note != null && event.payload.order.items[0].note != "x"`:           "",
		`event.payload.order.items[1].note != null && event.payload.order.items[0].note != "x"`:           "Events without event.payload.order.items[0].note pass",
		`upper(event.payload.order.items[0].note) == "X"`:                                                 "An event without event.payload.order.items[0].note fails",
	} {
		_, diags := Load(context.Background(), write(t, preamble+uses+marketRoute("event.payload.order.items != null && "+when, "ORDER")), testEnv())
		var said []string
		for _, diag := range diags.list {
			said = append(said, diag.Detail)
		}
		if got := strings.Join(said, "\n"); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: it says %q, want %q", when, got, want)
		}
	}
}
