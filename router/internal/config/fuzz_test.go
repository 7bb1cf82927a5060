package config

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router/routertest"
)

// FuzzLoad: no text, in either syntax, makes Load panic, what it says of it can
// be shown, and what loads compiles again.
func FuzzLoad(f *testing.F) {
	for _, path := range diagnosticCases(f) {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, isJSON(path))
		if !isJSON(path) {
			f.Add([]byte(preamble+uses+string(text)), false)
		}
	}
	f.Add([]byte(fullConfig), false)
	f.Add([]byte(preamble+orderRoute), false)
	f.Add([]byte(preamble+editionRoutes), false)
	f.Add([]byte(jsonConfig), true)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, inJSON bool) {
		path := filepath.Join(dir, "config.hcl")
		if inJSON {
			path += ".json"
		}
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
		if strings.Contains(string(diags.JSON()), "The plan does not compile") {
			t.Fatalf("it has no error, and can't be used:\n%s", shown)
		}
		if config == nil {
			return
		}
		if _, err := Compile(config.Snapshot, config.Plan.Digest); err != nil {
			t.Fatal(err)
		}
	})
}

// functionRoute has functions that an event could misuse, each where it may fail.
const functionRoute = `
route "functions" {
  from = [source.appdirect.acme]
  when = alltrue([
    !can("${event.payload.a * event.payload.b} ${-event.payload.a}"),
    !can(format(event.payload.f, event.payload.a, event.payload.b)),
    !can(formatlist(event.payload.f, event.payload.list, event.payload.a)),
    !can(replace(event.payload.a, event.payload.b, event.payload.f)),
    !can(regexreplace(event.payload.a, event.payload.b, event.payload.f)),
    !can(regexall(event.payload.f, event.payload.a)),
    !can(split(event.payload.f, event.payload.a)),
    !can(join(event.payload.f, event.payload.list)),
    !can(indent(event.payload.a, event.payload.b)),
    !can(jsonencode(jsondecode(event.payload.a))),
    !can("${tonumber(event.payload.a)} ${parseint(event.payload.a, 10)} ${pow(event.payload.a, event.payload.b)} ${max(event.payload.a, 1)}"),
    !can(setproduct(event.payload.list, event.payload.list, event.payload.list)),
    !can([for i in range(event.payload.a) : "${event.payload.f}${i}"]),
    !can(template("$${a} $${b * 2}", { a = event.payload.a, b = event.payload.b })),
    !can([timeadd(now(), event.payload.f), formatdate(event.payload.f, now()), timecmp(event.payload.a, now())]),
    !can([base64decode(event.payload.a), urlencode(event.payload.b), strrev(event.payload.f), title(event.payload.a)]),
  ])
}
`

// FuzzWhen: no payload makes an expression panic, or take more memory than its
// size is worth.
func FuzzWhen(f *testing.F) {
	for _, payload := range []string{`{}`, `{"order":{"editionCode":"PRO"}}`, `{"order":[1]}`, `{"order":null}`, `{"a":1e400}`, `[]`, `{`, "{\"\xff\":1}",
		`{"a":"1e600000000","b":"1p99999999","f":"%099999999d %s","list":["a","1e99999999"]}`,
		`{"a":1e9,"b":"x\ny","f":".","list":[[1],{"c":2}]}`} {
		f.Add([]byte(payload))
	}
	f.Add([]byte(`{"order":{"edition":7,"seats":"12","trial":"true","items":[{"unit":"USER","quantity":"3"},null,1]},"company":{"name":null}}`))
	config := mustLoad(f, orderRoute+functionRoute+typedRoute)
	route := config.Plan.Routes[0]
	f.Fuzz(func(t *testing.T, payload []byte) {
		event := orderEvent(string(payload))
		asTyped(t, config, payload)
		scope := open(t, config.Plan, event)
		routertest.Bounded(t, func() { _, _ = config.Plan.Routes[1].When(scope) })
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
