package config

import (
	"strings"
	"testing"
)

// TestDeepestExpressions: what the limits let through is evaluated, and does not
// exhaust the stack.
func TestDeepestExpressions(t *testing.T) {
	const n = maxOperators - 10
	for name, tc := range map[string]struct {
		expr    string
		wantErr bool
	}{
		"a sum":        {expr: "1" + strings.Repeat(" + event.payload.n", n) + " == 1"},
		"conditionals": {expr: strings.Repeat("event.payload.n == 1 ? true : ", n/2) + "false"},
		"negations":    {expr: strings.Repeat("!", n) + "event.payload.b"},
		"splats":       {expr: "event.payload.list" + strings.Repeat("[*]", n/2) + " == null"},
		"indexes":      {expr: "event.payload.list" + strings.Repeat("[event.payload.i]", n) + " == 1", wantErr: true},
		"brackets":     {expr: strings.Repeat("[", maxNesting-5) + strings.Repeat("]", maxNesting-5) + " == event.payload.list"},
	} {
		t.Run(name, func(t *testing.T) {
			config := mustLoad(t, "route \"x\" {\n  from = [source.appdirect.acme]\n  when = "+tc.expr+"\n}\n")
			event := orderEvent(`{"n":1,"b":true,"i":0,"list":[]}`)
			if _, err := config.Plan.Match(event, open(t, config.Plan, event)); (err != nil) != tc.wantErr {
				t.Errorf("error %v, want one: %v", err, tc.wantErr)
			}
		})
	}
}
