package config

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

// testedRoutes are the routes that the tests of tests are about.
const testedRoutes = `
locals { free = ["FREE"] }

route "order" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = event.attributes.creator.email, price = event.payload.order.editionCode }
  }
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { name = "Acme", billing_id = deliver.customer.customer_id }
  }
  deliver "note" {
    to   = plugin.email.send
    with = { template = "note", to = ["ops@example.com"] }
  }
}
route "tell operators" {
  from = [source.signalbox]
  on   = ["delivery.failed"]
  deliver "note" {
    to   = plugin.email.send
    with = { template = "failure", to = ["ops@example.com"] }
  }
}
`

// tested is the configuration of the tested routes. Its orders have a shape.
func tested(t testing.TB) (*Explainer, map[string]router.SourceKind) {
	t.Helper()
	env := testEnv()
	kind := env.Sources["appdirect"]
	kind.Shapes = []router.Shape{{
		On:         []string{"SUBSCRIPTION_ORDER"},
		Payload:    json.RawMessage(`["object",{"order":["object",{"editionCode":"string","items":["list",["object",{"quantity":"number","unit":"string"}]]}],"configuration":"dynamic"}]`),
		Attributes: json.RawMessage(`["object",{"creator":["object",{"email":"string"}],"secret":"string"}]`),
	}}
	env.Sources["appdirect"] = kind
	config, diags := Load(context.Background(), write(t, preamble+testedRoutes), env)
	if diags.HasErrors() {
		t.Fatalf("loading failed:\n%s", render(t, diags))
	}
	x, err := Explain(config)
	if err != nil {
		t.Fatal(err)
	}
	return x, env.Sources
}

func readTests(t *testing.T, names ...string) *Tests {
	t.Helper()
	x, kinds := tested(t)
	return x.ReadTests(names, kinds)
}

// FuzzReadTests: no text makes ReadTests panic, what it says of it can be shown,
// and a test without an error has what it says.
func FuzzReadTests(f *testing.F) {
	cases, err := filepath.Glob("testdata/tests/*.hcl")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range cases {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	x, kinds := tested(f)
	path := filepath.Join(f.TempDir(), "tests.hcl")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		tests := x.ReadTests([]string{path}, kinds)
		if shown := render(t, tests.Diagnostics); tests.Diagnostics.Len() > 0 && shown == "" {
			t.Fatal("there are diagnostics, but nothing is shown")
		}
		for _, test := range tests.List {
			if test.Event.Type == "" && test.Event.File == "" || len(test.Outcomes) != 4 {
				t.Fatalf("%+v", test)
			}
			for _, o := range test.Outcomes {
				if o.Kind == router.Succeeded && !json.Valid(o.Output) {
					t.Fatalf("the output is %s", o.Output)
				}
			}
			tests.Line(test.At)
		}
	})
}

func TestDiagnosticsOfTests(t *testing.T) {
	cases, err := filepath.Glob("testdata/tests/*.hcl")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".hcl"), func(t *testing.T) {
			tests := readTests(t, path)
			got := strings.ReplaceAll(render(t, tests.Diagnostics), filepath.Dir(path)+"/", "")
			golden := strings.TrimSuffix(path, ".hcl") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
			assertNoSecret(t, got+string(tests.Diagnostics.JSON()))
		})
	}
}

func writeTest(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// theTest reads the one test of a text, which has no fault.
func theTest(t *testing.T, text string) (*Tests, *Test) {
	t.Helper()
	tests := readTests(t, writeTest(t, text))
	if tests.Diagnostics.Len() > 0 || len(tests.List) != 1 {
		t.Fatalf("%d tests:\n%s", len(tests.List), render(t, tests.Diagnostics))
	}
	return tests, tests.List[0]
}

func TestWhatDeliveriesComeTo(t *testing.T) {
	_, test := theTest(t, `test "outcomes" {
  event { type = "SUBSCRIPTION_ORDER" }
  given "company" { rejected = { code = "taken", message = "It is taken." } }
  given "order/note" { exhausted = true }
  given "tell operators/note" { output = { message_id = "m" } }
  expect { routes = ["order"] }
}`)
	want := map[string]router.Outcome{
		"order/customer":      {Kind: router.Succeeded, Output: json.RawMessage(`{"customer_id":"(customer.customer_id)"}`)},
		"order/company":       {Kind: router.Rejected, Code: "taken", Public: "It is taken.", Detail: "the test has it rejected"},
		"order/note":          {Kind: router.Retry, Detail: "the test has it fail"},
		"tell operators/note": {Kind: router.Succeeded, Output: json.RawMessage(`{"message_id":"m"}`)},
	}
	if diff := cmp.Diff(want, test.Outcomes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExpectedValues(t *testing.T) {
	_, test := theTest(t, `test "values" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {
    deliver "customer" { with = { quantity = "2", metadata = { b = "2", a = "1", c = null }, test = null } }
  }
}`)
	values := map[string]*ExpectValue{}
	for i := range test.Expect.Deliver[0].With {
		values[test.Expect.Deliver[0].With[i].Name] = &test.Expect.Deliver[0].With[i]
	}
	for name, c := range map[string]struct {
		value, got string
		is         bool
	}{
		"a number that was a text":   {"quantity", `2`, true},
		"the same number":            {"quantity", `2.0`, true},
		"another number":             {"quantity", `3`, false},
		"of another type":            {"quantity", `{}`, false},
		"none":                       {"quantity", ``, false},
		"members in another order":   {"metadata", `{"b":"2","a":"1"}`, true},
		"a member more":              {"metadata", `{"a":"1","b":"2","c":"3"}`, false},
		"absent, as expected":        {"test", ``, true},
		"null, which is absent":      {"test", `null`, true},
		"there, and not expected so": {"test", `false`, false},
		"a member that is not named": {"metadata", `{"a":"1","b":"2","d":"4"}`, true},
		"a member less":              {"metadata", `{"a":"1"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			var got json.RawMessage
			if c.got != "" {
				got = json.RawMessage(c.got)
			}
			if is := values[c.value].Is(got); is != c.is {
				t.Errorf("%s is %s: %v", c.value, c.got, is)
			}
		})
	}
}

// TestASensitiveExpectationIsCovered compares a value that nothing may show.
func TestASensitiveExpectationIsCovered(t *testing.T) {
	const secret = "hunter2-literal"
	tests := readTests(t, writeTest(t, `test "sensitive" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {
    reply { metadata = { password = "`+secret+`" } }
  }
}`))
	if len(tests.List) != 1 {
		t.Fatal(render(t, tests.Diagnostics))
	}
	v := &tests.List[0].Expect.Reply.Attrs[0]
	if !v.Is(json.RawMessage(`{"password":"`+secret+`"}`)) || v.Is(json.RawMessage(`{"password":"other"}`)) {
		t.Error("it does not compare")
	}
	line := tests.Line(v.At)
	if !strings.Contains(line, "metadata = ****") {
		t.Errorf("the line is %s", line)
	}
	for _, shown := range []string{line, string(v.Want()), string(v.Shown(json.RawMessage(`"` + secret + `"`)))} {
		assertNoSecret(t, shown)
	}
}
