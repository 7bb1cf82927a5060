package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// valueOf is what encoding/json makes of a text, as a value.
func valueOf(raw []byte) (cty.Value, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return cty.NilVal, err
	}
	if _, err := d.Token(); err != io.EOF {
		return cty.NilVal, errors.New("more follows")
	}
	return treeValue(tree)
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
		"{\"\xff\\n\":1}", `{"":""}`, `{"a":1}x`, `{"a":1}{}`, `{"a":1,}`, `[1,]`, `{,}`, `[01]`, "[1]\x00", `nul`, `"a`, `{"a"}`,
	} {
		f.Add([]byte(raw))
	}
	plan := mustLoad(f, orderRoute).Plan
	var exprs []hcl.Expression
	for _, text := range []string{"event.payload.a", "event.payload.a.b", "event.payload.b.a", "event.payload.c"} {
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
				t.Fatalf("%s of %q: %#v; HCL gives %#v, %v", referenceOf(expr).text, raw, v, want, err)
			}
		}
	})
}

func TestReference(t *testing.T) {
	s := open(t, mustLoad(t, orderRoute).Plan, orderEvent(`{"a":{"b":"x","n":null,"list":[1]},"s":"text"}`)).(*scope)
	if err := s.Output("order/customer", json.RawMessage(`{"customer_id":"cus_1"}`)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]cty.Value{
		"event.payload.a.b":                  cty.StringVal("x"),
		"event.attributes.creator.email":     cty.StringVal("ann@example.com"),
		"deliver.customer.customer_id":       cty.StringVal("cus_1"),
		"deliver.customer.balance":           cty.NullVal(cty.Number),
		"event.payload.a.n":                  cty.NilVal,
		"event.payload.a.none":               cty.NilVal,
		"event.payload.s.b":                  cty.NilVal,
		"event.payload.a.list.b":             cty.NilVal,
		"event.payload":                      cty.NilVal,
		"event.id":                           cty.NilVal,
		"event.payload.a.list[0]":            cty.NilVal,
		`event.payload["a"].b`:               cty.NilVal,
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
