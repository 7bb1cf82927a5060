package config

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad: no text makes Load panic, what it says of it can be shown, and what
// loads compiles again.
func FuzzLoad(f *testing.F) {
	cases, err := filepath.Glob("testdata/diag/*.hcl")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range cases {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add([]byte(preamble + uses + string(text)))
	}
	f.Add([]byte(fullConfig))
	f.Add([]byte(preamble + orderRoute))
	path := filepath.Join(f.TempDir(), "config.hcl")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		config, diags := Load(context.Background(), path, testEnv())
		if (config == nil) != diags.HasErrors() {
			t.Fatalf("config is nil: %v, there are errors: %v", config == nil, diags.HasErrors())
		}
		shown := render(t, diags)
		if !json.Valid(diags.JSON()) {
			t.Fatal("the diagnostics are not JSON")
		}
		if diags.Len() > 0 && shown == "" {
			t.Fatal("there are diagnostics, but nothing is shown")
		}
		if config == nil {
			return
		}
		if _, err := Compile(config.Snapshot, config.Plan.Digest); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzWhen: no payload makes an expression panic.
func FuzzWhen(f *testing.F) {
	for _, payload := range []string{`{}`, `{"order":{"editionCode":"PRO"}}`, `{"order":[1]}`, `{"order":null}`, `{"a":1e400}`, `[]`, `{`, "{\"\xff\":1}"} {
		f.Add([]byte(payload))
	}
	config := mustLoad(f, orderRoute)
	route := config.Plan.Routes[0]
	f.Fuzz(func(t *testing.T, payload []byte) {
		event := orderEvent(string(payload))
		scope := open(t, config.Plan, event)
		if _, err := config.Plan.Match(event, scope); err != nil {
			return
		}
		// An output that is no JSON object is refused, and the rest goes on.
		_ = scope.Output("order/customer", payload)
		for _, spec := range route.Deliver {
			if input, err := spec.Input(scope); err == nil && !json.Valid(input) {
				t.Errorf("the input of %s is not JSON: %s", spec.Name, input)
			}
		}
		if reply, err := route.Reply(scope); err == nil && !json.Valid(reply) {
			t.Errorf("the reply is not JSON: %s", reply)
		}
	})
}
