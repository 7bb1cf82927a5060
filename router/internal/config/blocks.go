package config

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// specOf turns a schema into what HCL decodes a block by.
func specOf(schema router.Schema) (hcldec.ObjectSpec, error) {
	spec := hcldec.ObjectSpec{}
	fields, err := fieldsOf(schema)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		attr := &hcldec.AttrSpec{Name: f.name, Type: f.ty, Required: f.required && f.preset == cty.NilVal}
		spec[f.name] = attr
		if f.preset != cty.NilVal {
			spec[f.name] = &hcldec.DefaultSpec{Primary: attr, Default: &hcldec.LiteralSpec{Value: f.preset}}
		}
	}
	for _, block := range schema.Blocks {
		nested, err := specOf(block.Schema)
		if err != nil {
			return nil, fmt.Errorf("block %q: %w", block.Name, err)
		}
		if _, taken := spec[block.Name]; taken || block.Name == "" {
			return nil, fmt.Errorf("block %q has no name of its own", block.Name)
		}
		if block.Repeats {
			many := &hcldec.BlockTupleSpec{TypeName: block.Name, Nested: nested}
			if block.Required {
				many.MinItems = 1
			}
			spec[block.Name] = many
			continue
		}
		spec[block.Name] = &hcldec.BlockSpec{TypeName: block.Name, Nested: nested, Required: block.Required}
	}
	return spec, nil
}

// decode reads a block's body, which may hold secrets, by a schema. Also are
// names that can stand in it beside the schema's. It returns a JSON object, and
// false if there was an error.
func (l *loader) decode(schema router.Schema, body hcl.Body, block *hcl.Block, also ...string) (router.Secret, bool) {
	spec, err := specOf(schema)
	if err != nil {
		l.add(errorAt(block.DefRange, "A broken schema", "The schema of this block can't be used: %s. Its author has to mend it.", err))
		return router.Secret{}, false
	}
	l.learnSensitive(schema, body)
	l.secrets.starUnknown(schema, body, also)
	v, diags := hcldec.Decode(tellingBody{body, also}, spec, l.secretContext())
	l.add(hush(diags)...)
	if diags.HasErrors() {
		return router.Secret{}, false
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() {
		return router.Secret{}, false // it hangs on a variable or a local whose own error is told
	}
	if !l.requireValues(schema, v, body, nil) {
		return router.Secret{}, false
	}
	text, err := appendJSON(nil, v)
	if err != nil {
		l.add(errorAt(block.DefRange, "A value can't be used", "This block holds a value that can't be handed on: %s.", err))
		return router.Secret{}, false
	}
	return router.NewSecret(text), true
}

// learnSensitive notes the secrets that are written in the file itself.
func (l *loader) learnSensitive(schema router.Schema, body hcl.Body) {
	switch body := body.(type) {
	case *hclsyntax.Body:
		members := map[string]hcl.Expression{}
		for name, attr := range body.Attributes {
			members[name] = attr.Expr
		}
		l.learnMembers(router.Schema{Attrs: schema.Attrs}, members)
		for _, block := range schema.Blocks {
			for _, written := range body.Blocks {
				if written.Type == block.Name {
					l.learnSensitive(block.Schema, written.Body)
				}
			}
		}
	case jsonBody:
		l.learnMembers(schema, body.members())
	}
}

// learnMembers is learnSensitive for what is written as an object.
func (l *loader) learnMembers(schema router.Schema, members map[string]hcl.Expression) {
	for _, attr := range schema.Attrs {
		if written, ok := members[attr.Name]; ok && attr.Sensitive {
			l.secrets.learnLiterals(written)
			l.warnShown(attr.Name, written)
		}
	}
	for _, block := range schema.Blocks {
		if written, ok := members[block.Name]; ok {
			for _, nested := range membersOf(written) {
				l.learnMembers(block.Schema, nested)
			}
		}
	}
}

// hush takes the reason from the failure of a function that was given a secret:
// it may quote a part of it.
func hush(diags hcl.Diagnostics) hcl.Diagnostics {
	for _, diag := range diags {
		call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](diag)
		if !ok || diag.Expression == nil || slices.Contains(secretFunctions(), call.CalledFunctionName()) {
			continue
		}
		if _, _, found := secretCall(diag.Expression); found {
			diag.Detail = fmt.Sprintf("%s() failed. The reason is not shown, since it may quote the secret.", call.CalledFunctionName())
		}
	}
	return diags
}

// requireValues reports a null where the schema wants a value; HCL is content
// with an attribute being there.
func (l *loader) requireValues(schema router.Schema, v cty.Value, body hcl.Body, path []string) bool {
	complete := true
	for _, attr := range schema.Attrs {
		if attr.Required && v.GetAttr(attr.Name).IsNull() {
			complete = false
			l.add(errorAt(locate(body, append(slices.Clone(path), attr.Name)), "A value is missing", "%s is required; it must not be null.", quote(attr.Name)))
		}
	}
	for _, block := range schema.Blocks {
		nested := v.GetAttr(block.Name)
		if nested.IsNull() {
			continue
		}
		if !block.Repeats {
			complete = l.requireValues(block.Schema, nested, body, append(slices.Clone(path), block.Name)) && complete
			continue
		}
		for i, element := range nested.AsValueSlice() {
			place := append(slices.Clone(path), block.Name, strconv.Itoa(i))
			complete = l.requireValues(block.Schema, element, body, place) && complete
		}
	}
	return complete
}

// locate finds the place that a path of names means in a body, or the nearest
// one above it.
func locate(body hcl.Body, path []string) hcl.Range {
	if written, ok := body.(jsonBody); ok && len(path) > 0 {
		if expr := written.members()[path[0]]; expr != nil {
			return locateIn(expr, path[1:])
		}
	}
	native, ok := body.(*hclsyntax.Body)
	if !ok || len(path) == 0 {
		return body.MissingItemRange()
	}
	if attr, ok := native.Attributes[path[0]]; ok {
		return locateIn(attr.Expr, path[1:])
	}
	var named []*hclsyntax.Block
	for _, block := range native.Blocks {
		if block.Type == path[0] {
			named = append(named, block)
		}
	}
	if len(named) == 0 {
		return body.MissingItemRange()
	}
	rest, block := path[1:], named[0]
	if len(rest) > 0 {
		if i, err := strconv.Atoi(rest[0]); err == nil && i >= 0 && i < len(named) {
			rest, block = rest[1:], named[i]
		}
	}
	if len(rest) == 0 {
		return block.DefRange()
	}
	return locate(block.Body, rest)
}

func locateIn(expr hcl.Expression, path []string) hcl.Range {
	if len(path) == 0 {
		return expr.Range()
	}
	switch expr := expr.(type) {
	case *hclsyntax.ObjectConsExpr:
		if path[0] == "0" {
			path = path[1:] // in JSON, the only block of its kind stands in no list
		}
		if len(path) == 0 {
			return expr.Range()
		}
		for _, item := range expr.Items {
			if key, diags := item.KeyExpr.Value(nil); !diags.HasErrors() && key.Type() == cty.String && key.IsKnown() && !key.IsNull() && key.AsString() == path[0] {
				return locateIn(item.ValueExpr, path[1:])
			}
		}
	case *hclsyntax.TupleConsExpr:
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(expr.Exprs) {
			return locateIn(expr.Exprs[i], path[1:])
		}
	}
	return expr.Range()
}
