package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// valueOf is what encoding/json makes of a text, as a value.
func valueOf(raw []byte) (cty.Value, error) {
	if err := json.Unmarshal(raw, new(json.RawMessage)); err != nil {
		return cty.NilVal, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	tree, err := treeOf(d)
	if err != nil {
		return cty.NilVal, err
	}
	return treeValue(tree)
}

// treeOf reads token by token, since the order of members is lost in a map: of
// two with one name, as cty sees it, the later one counts.
func treeOf(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			if object[cty.NormalizeString(name.(string))], err = treeOf(d); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			element, err := treeOf(d)
			if err != nil {
				return nil, err
			}
			list = append(list, element)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

func treeValue(tree any) (cty.Value, error) {
	switch t := tree.(type) {
	case string:
		return cty.StringVal(t), nil
	case bool:
		return cty.BoolVal(t), nil
	case json.Number:
		return toNumber(t)
	case []any:
		elements := make([]cty.Value, len(t))
		for i := range t {
			var err error
			if elements[i], err = treeValue(t[i]); err != nil {
				return cty.NilVal, err
			}
		}
		return cty.TupleVal(elements), nil
	case map[string]any:
		attrs := map[string]cty.Value{}
		for name, member := range t {
			if member == nil {
				continue
			}
			var err error
			if attrs[name], err = treeValue(member); err != nil {
				return cty.NilVal, err
			}
		}
		return cty.ObjectVal(attrs), nil
	}
	return cty.NullVal(cty.DynamicPseudoType), nil
}

// FuzzJSON holds the reading of JSON against encoding/json, and references
// against HCL: what is found without it is what it would have given.
func FuzzJSON(f *testing.F) {
	for _, raw := range []string{
		``, ` `, `{}`, `[]`, ` { } `, "\t[\n]\r", `[ 1 , -0.50e+7,2]`, `{ "a" : [ { } , "b" ] , "c":null}`, `-1`, ` 12 `, `true`, `[false,null]`, `null`,
		`{"a":1,"a":{"b":2},"a":3}`, `{"a":1,"a":null}`, `{"a":null,"a":{"b":"x"}}`, `{"a":{"b":1,"b":null}}`, `{"\u0061":{"b":[1]}}`, `{"a":{"b":1e999}}`,
		`{"a":{"x":1e999,"b":true}}`, `{"a":[1e999,1],"a":2}`, `{"a":{"b":1e999},"b":1,"a":null}`, `{"a":1e999,"b":{"a":1}}`, `{"a":[{"b":1}]}`, `{"a":"}","b":{"a":"]\\\""},"c":[[{"d":"["}]]}`, `"\u00e9\ud83d\ude00\ud800\"\\\/\b"`, "{\"a\":\"\xff\u00e9\u2028\"}",
		"{\"a\":{\"\u00e9\":1,\"e\u0301\":2}}", "{\"e\u0301\":1,\"\u00e9\":{\"b\":2}}", "{\"\u00e9\":1,\"e\u0301\":null}", `{"e\u0301":1,"\u00e9":1e999}`, `{"\u00e9":[1e999],"e\u0301":{"a":1}}`,
		"{\"\xff\\n\":1}", `{"":""}`, `{"a":1}x`, `{"a":1}{}`, `{"a":1,}`, `[1,]`, `{,}`, `[01]`, "[1]\x00", `nul`, `"a`, `{"a"}`,
	} {
		f.Add([]byte(raw))
	}
	plan := mustLoad(f, orderRoute).Plan
	var exprs []hcl.Expression
	for _, text := range []string{
		"event.payload.a", "event.payload.a.b", "event.payload.b.a", "event.payload.c", "event.payload.\u00e9", "event.payload.e\u0301", "event.payload.a.e\u0301",
	} {
		expr, diags := hclsyntax.ParseExpression([]byte(text), "x.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			f.Fatal(diags)
		}
		exprs = append(exprs, expr)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		want, wantErr := valueOf(raw)
		got, err := readJSON(raw, everything)
		if (err == nil) != (wantErr == nil) || err == nil && !got.RawEquals(want) {
			t.Fatalf("reading %q: %#v, %v; encoding/json gives %#v, %v", raw, got, err, want, wantErr)
		}
		s := open(t, plan, orderEvent(string(raw))).(*scope)
		for _, expr := range exprs {
			v, ok := s.find("", referenceOf(expr))
			if !ok {
				continue
			}
			named := &paths{}
			named.note("event", expr)
			event, err := s.view(named)
			if err != nil {
				t.Fatal(err)
			}
			ctx := &hcl.EvalContext{Variables: map[string]cty.Value{"event": event}}
			if want, err := evaluate(expr, ctx); err != nil || !v.RawEquals(want) {
				t.Fatalf("%s of %q: %#v; HCL gives %#v, %v", referenceOf(expr).key, raw, v, want, err)
			}
		}
	})
}

// TestNamesOfOneNormalForm: names that cty takes for one are one member, the
// later of them, whichever form the expression is written in.
func TestNamesOfOneNormalForm(t *testing.T) {
	const composed, decomposed = "\u00e9", "e\u0301"
	var routes string
	wants := []string{ // by reference, converted alone, and with all that stands beside it
		"event.payload." + composed, "event.payload." + decomposed, "1 * event.payload." + composed, "1 * event.payload." + decomposed,
		`event.payload["` + decomposed + `"]`, `lookup(event.payload, "` + decomposed + `", 0)`,
	}
	for i, text := range wants {
		routes += fmt.Sprintf("route \"%d\" {\n  from = [source.appdirect.acme]\n  on   = [\"SUBSCRIPTION_ORDER\"]\n  when = %s == event.attributes.want\n}\n", i, text)
	}
	plan := mustLoad(t, routes).Plan
	for name, tc := range map[string]struct{ payload, want string }{
		"composed":                 {`{"` + composed + `":1}`, "1"},
		"decomposed":               {`{"` + decomposed + `":1}`, "1"},
		"decomposed, as an escape": {`{"e\u0301":1}`, "1"},
		"decomposed last":          {`{"` + composed + `":1,"` + decomposed + `":2}`, "2"},
		"composed last":            {`{"` + decomposed + `":1,"` + composed + `":2}`, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			event := orderEvent(tc.payload)
			event.Attributes = json.RawMessage(`{"want":` + tc.want + `}`)
			for range 20 { // a map gives its members in any order
				matched, err := plan.Match(event, open(t, plan, event))
				if err != nil || len(matched) != len(wants) {
					t.Fatalf("of %d expressions %d see it, %v", len(wants), len(matched), err)
				}
			}
		})
	}
}

func TestReference(t *testing.T) {
	s := open(t, mustLoad(t, orderRoute).Plan, orderEvent(`{"a":{"b":"x","n":null,"list":[1]},"s":"text","\u00e9":"y"}`)).(*scope)
	if err := s.Output("order/customer", json.RawMessage(`{"customer_id":"cus_1"}`)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]cty.Value{
		"event.payload.a.b":                  cty.StringVal("x"),
		"event.attributes.creator.email":     cty.StringVal("ann@example.com"),
		"deliver.customer.customer_id":       cty.StringVal("cus_1"),
		"deliver.customer.balance":           cty.NullVal(cty.Number),
		"event.payload.e\u0301":              cty.StringVal("y"),
		"event.payload.a.n":                  cty.NilVal,
		"event.payload.a.none":               cty.NilVal,
		"event.payload.s.b":                  cty.NilVal,
		"event.payload.a.list.b":             cty.NilVal,
		"event.payload":                      cty.NilVal,
		"event.id":                           cty.NilVal,
		"event.payload.a.list[0]":            cty.NilVal,
		`event.payload["a"].b`:               cty.StringVal("x"),
		"deliver.customer.none":              cty.NilVal,
		"deliver.company.company_id":         cty.NilVal,
		"deliver.customer.customer_id.first": cty.NilVal,
		`"${event.payload.a.b}!"`:            cty.NilVal,
	} {
		t.Run(text, func(t *testing.T) {
			expr, diags := hclsyntax.ParseExpression([]byte(text), "x.hcl", hcl.InitialPos)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			for range 2 { // the second one is remembered
				got, ok := s.find("order", referenceOf(expr))
				if ok != (want != cty.NilVal) || ok && !got.RawEquals(want) {
					t.Errorf("found %#v, %v; want %#v", got, ok, want)
				}
			}
			if _, ok := s.find("other", referenceOf(expr)); ok && text[0] == 'd' {
				t.Error("a route sees another route's output")
			}
		})
	}
}
