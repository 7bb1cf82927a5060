package config

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// expression compiles one as a source's block has it.
func expression(t testing.TB, text string) router.RequestText {
	t.Helper()
	path := write(t, fmt.Sprintf("source \"hook\" \"h\" {\n  path = \"/hook\"\n  type = %s\n}\n", text))
	config, diags := Load(context.Background(), path, testEnv())
	if diags.HasErrors() {
		t.Fatalf("loading failed:\n%s", render(t, diags))
	}
	return config.Sources[0].Expressions["type"]
}

func delivery() router.Request {
	return router.Request{
		Headers: http.Header{"X-Github-Event": {"push"}, "X-Many": {"a", "b"}},
		Query:   url.Values{"Tenant": {"t1"}, "n": {"1", "2"}},
		Body: json.RawMessage(`{"id":"evt_1","n":12345678901234567890,"yes":true,"none":null,"data":{"object":{"customer":"cus_1"}},` +
			`"list":[{"id":"first"}],"a.b":"dotted","é":"accent"}`),
	}
}

func TestRequestExpression(t *testing.T) {
	for name, tc := range map[string]struct{ expr, want, fails string }{
		"a header as it is sent":               {expr: `request.headers["X-Github-Event"]`, want: "push"},
		"a header as its documentation has it": {expr: `request.headers["X-GitHub-Event"]`, want: "push"},
		"a header as an attribute":             {expr: `request.headers.x-github-event`, want: "push"},
		"a header twice":                       {expr: `request.headers["x-many"]`, want: "a, b"},
		"a header that is not there":           {expr: `request.headers["X-None"]`},
		"a header in a template":               {expr: `"github.${request.headers["X-GitHub-Event"]}"`, want: "github.push"},
		"a header in lookup, other case":       {expr: `lookup(request.headers, "X-GITHUB-Event", "none")`, want: "push"},
		"an absent header in lookup":           {expr: `lookup(request.headers, "X-None", "none")`, want: "none"},
		"an absent header in coalesce":         {expr: `coalesce(request.headers["X-None"], request.headers.X-GITHUB-EVENT)`, want: "push"},
		"an absent header in a template":       {expr: `"${request.headers["X-None"]}!"`, fails: "null"},
		"all headers":                          {expr: `join(" ", keys(request.headers))`, want: "x-github-event x-many"},
		"a parameter":                          {expr: `request.query.Tenant`, want: "t1"},
		"a parameter twice":                    {expr: `request.query["n"]`, want: "1, 2"},
		"a parameter in another case":          {expr: `request.query.tenant`},
		"a parameter in a template":            {expr: `"${request.query.Tenant}-${coalesce(request.query.x, "x")}"`, want: "t1-x"},
		"a text of the body":                   {expr: `request.body.id`, want: "evt_1"},
		"a text below":                         {expr: `request.body.data.object.customer`, want: "cus_1"},
		"an exact number":                      {expr: `request.body.n`, want: "12345678901234567890"},
		"a truth value":                        {expr: `request.body.yes`, want: "true"},
		"a null":                               {expr: `request.body.none`},
		"absent":                               {expr: `request.body.data.thing.customer`},
		"below what is no object":              {expr: `request.body.id.customer`},
		"an object":                            {expr: `request.body.data`, fails: "neither a text nor a number"},
		"an element":                           {expr: `request.body.list[0].id`, want: "first"},
		"an element that is not there":         {expr: `request.body.list[1].id`, fails: "config.hcl:3"},
		"a name with a dot":                    {expr: `request.body["a.b"]`, want: "dotted"},
		"a name that is composed":              {expr: `request.body["é"]`, want: "accent"},
		"a function":                           {expr: `upper(request.body.data.object.customer)`, want: "CUS_1"},
		"absent in a function":                 {expr: `upper(request.body.data.object.nobody)`, fails: "nobody"},
		"absent in try":                        {expr: `try(request.body.data.object.nobody, request.body.id)`, want: "evt_1"},
		"a choice":                             {expr: `request.body.yes ? request.body.id : null`, want: "evt_1"},
		"a constant":                           {expr: `"ping"`, want: "ping"},
		"the whole of it":                      {expr: `strlen(jsonencode(request)) > 100 ? "long" : "short"`, want: "long"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := expression(t, tc.expr)(delivery())
			if tc.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fails) {
					t.Errorf("got %q, %v; want an error that says %q", got, err, tc.fails)
				}
				return
			}
			if got != tc.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

// TestRequestWithoutABody: a source whose request has none gives nil.
func TestRequestWithoutABody(t *testing.T) {
	for _, expr := range []string{`request.body.id`, `try(request.body.id, null)`} {
		if got, err := expression(t, expr)(router.Request{}); got != "" || err != nil {
			t.Errorf("%s is %q, %v", expr, got, err)
		}
	}
}

// TestExpressionsReachTheSource: what Load gives is what New is tried with.
func TestExpressionsReachTheSource(t *testing.T) {
	env := testEnv()
	kind := env.Sources["hook"]
	var given map[string]router.RequestText
	kind.New = func(_ string, _ router.Secret, deps router.SourceDeps) (router.Source, error) {
		given = deps.Expressions
		return nil, nil
	}
	env.Sources["hook"] = kind
	config, diags := Load(context.Background(), write(t, "source \"hook\" \"h\" {\n path = \"/h\"\n id = request.body.id\n}\n"), env)
	if diags.HasErrors() {
		t.Fatal(render(t, diags))
	}
	for _, expressions := range []map[string]router.RequestText{given, config.Sources[0].Expressions} {
		if len(expressions) != 1 {
			t.Fatalf("there are %d expressions", len(expressions))
		}
		if got, err := expressions["id"](delivery()); got != "evt_1" || err != nil {
			t.Errorf("id is %q, %v", got, err)
		}
	}
}

// FuzzRequestExpression: no request makes an expression panic.
func FuzzRequestExpression(f *testing.F) {
	f.Add("X-Github-Event", "push", []byte(delivery().Body))
	f.Add("X-\xff", "\xff", []byte(`[{"id":"\ud800"}]`))
	f.Add("", "", []byte(`{"id":{"id":1e999}}`))
	var all []router.RequestText
	for _, expr := range []string{
		`request.body.id`, `request.headers["X-GitHub-Event"]`, `"${request.body.id}.${try(request.headers.x, "")}"`,
		`join(",", keys(request.headers))`, `jsonencode(request)`, `lookup(request.query, "X", request.body.list[0].id)`,
	} {
		all = append(all, expression(f, expr))
	}
	f.Fuzz(func(t *testing.T, name, value string, body []byte) {
		if !json.Valid(body) {
			return
		}
		for _, text := range all {
			_, _ = text(router.Request{Headers: http.Header{name: {value}}, Query: url.Values{name: {value}}, Body: body})
		}
	})
}

func BenchmarkRequestExpression(b *testing.B) {
	for name, expr := range map[string]string{"names": `request.body.data.object.customer`, "template": `"${request.body.id}/${request.headers["X-GitHub-Event"]}"`} {
		b.Run(name, func(b *testing.B) {
			text, req := expression(b, expr), delivery()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := text(req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
