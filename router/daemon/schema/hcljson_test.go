package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// jsonForm writes a configuration in HCL's JSON syntax: a level for each label,
// arrays where a block stands more than once, and expressions as "${…}".
func jsonForm(t *testing.T, name string, src []byte) []byte {
	t.Helper()
	file, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	text, err := json.MarshalIndent(form{src}.body(file.Body.(*hclsyntax.Body)), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// form is the text that expressions are quoted from.
type form struct{ src []byte }

func (f form) body(body *hclsyntax.Body) map[string]any {
	out := map[string]any{}
	for name, attr := range body.Attributes {
		if name == "from" || name == "to" || name == "type" {
			out[name] = f.references(attr.Expr)
			continue
		}
		out[name] = f.value(attr.Expr)
	}
	for _, block := range body.Blocks {
		at := out
		for _, step := range append([]string{block.Type}, block.Labels...)[:len(block.Labels)] {
			if at[step] == nil {
				at[step] = map[string]any{}
			}
			at = at[step].(map[string]any)
		}
		last := append([]string{block.Type}, block.Labels...)[len(block.Labels)]
		switch there := at[last].(type) {
		case nil:
			at[last] = f.body(block.Body)
		case []any:
			at[last] = append(there, f.body(block.Body))
		default:
			at[last] = []any{there, f.body(block.Body)}
		}
	}
	return out
}

// references are written bare: "plugin.billing.create_subscription".
func (f form) references(expr hclsyntax.Expression) any {
	switch expr := expr.(type) {
	case *hclsyntax.TupleConsExpr:
		out := []any{}
		for _, element := range expr.Exprs {
			out = append(out, f.references(element))
		}
		return out
	case *hclsyntax.ScopeTraversalExpr:
		return string(expr.Range().SliceBytes(f.src))
	}
	return f.value(expr)
}

func (f form) value(expr hclsyntax.Expression) any {
	switch expr := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		switch {
		case expr.Val.IsNull():
			return nil
		case expr.Val.Type() == cty.Bool:
			return expr.Val.True()
		default:
			return json.Number(string(expr.Range().SliceBytes(f.src)))
		}
	case *hclsyntax.TemplateExpr:
		text := string(expr.Range().SliceBytes(f.src))
		if strings.HasPrefix(text, `"`) {
			return strings.ReplaceAll(strings.Trim(text, `"`), `\"`, `"`)
		}
	case *hclsyntax.TupleConsExpr:
		out := []any{}
		for _, element := range expr.Exprs {
			out = append(out, f.value(element))
		}
		return out
	case *hclsyntax.ObjectConsExpr:
		out := map[string]any{}
		for _, item := range expr.Items {
			key, diags := item.KeyExpr.Value(nil)
			if diags.HasErrors() {
				return "${" + string(expr.Range().SliceBytes(f.src)) + "}"
			}
			out[key.AsString()] = f.value(item.ValueExpr)
		}
		return out
	}
	return "${" + string(expr.Range().SliceBytes(f.src)) + "}"
}
