package config

import (
	"encoding/json"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// jsonBody is a body in HCL's JSON syntax whose expressions are those of the
// native syntax: a text is read as a template, once. So the checks that walk
// through expressions (secrets, guards, conditions, reasons) see no other kind,
// and an event does not wait for a parser.
type jsonBody struct {
	hcl.Body
	src []byte // what its places count in
}

// Content implements hcl.Body.
func (b jsonBody) Content(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Diagnostics) {
	content, diags := b.Body.Content(schema)
	return content, append(diags, b.native(content)...)
}

// PartialContent implements hcl.Body.
func (b jsonBody) PartialContent(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Body, hcl.Diagnostics) {
	content, rest, diags := b.Body.PartialContent(schema)
	return content, jsonBody{rest, b.src}, append(diags, b.native(content)...)
}

// JustAttributes implements hcl.Body.
func (b jsonBody) JustAttributes() (hcl.Attributes, hcl.Diagnostics) {
	attrs, diags := b.Body.JustAttributes()
	return attrs, append(diags, b.nativeAttributes(attrs)...)
}

func (b jsonBody) native(content *hcl.BodyContent) hcl.Diagnostics {
	for _, block := range content.Blocks {
		block.Body = jsonBody{block.Body, b.src}
		// HCL calls the bracket before it the block's place, which may be that of
		// many, and lines below its name.
		block.DefRange = block.TypeRange
		if n := len(block.LabelRanges); n > 0 {
			block.DefRange = block.LabelRanges[n-1]
		}
	}
	return b.nativeAttributes(content.Attributes)
}

func (b jsonBody) nativeAttributes(attrs hcl.Attributes) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range keys(attrs) {
		expr, more := b.expression(attrs[name].Expr)
		attrs[name].Expr = expr
		diags = append(diags, more...)
	}
	return diags
}

// expression gives the native expression that means the same.
func (b jsonBody) expression(expr hcl.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	rng := expr.Range()
	var diags hcl.Diagnostics
	if elements, notList := hcl.ExprList(expr); !notList.HasErrors() {
		tuple := &hclsyntax.TupleConsExpr{SrcRange: rng, OpenRange: expr.StartRange()}
		for _, element := range elements {
			native, more := b.expression(element)
			diags = append(diags, more...)
			tuple.Exprs = append(tuple.Exprs, native)
		}
		return tuple, diags
	}
	if members, notMap := hcl.ExprMap(expr); !notMap.HasErrors() {
		object := &hclsyntax.ObjectConsExpr{SrcRange: rng, OpenRange: expr.StartRange()}
		for _, member := range members {
			key, keyDiags := b.expression(member.Key)
			value, valueDiags := b.expression(member.Value)
			diags = slices.Concat(diags, keyDiags, valueDiags)
			object.Items = append(object.Items, hclsyntax.ObjectConsItem{KeyExpr: key, ValueExpr: value})
		}
		return object, diags
	}
	if rng.CanSliceBytes(b.src) && rng.Start.Byte < rng.End.Byte && b.src[rng.Start.Byte] == '"' {
		return b.template(expr, rng)
	}
	v, diags := expr.Value(nil)
	return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: rng}, diags
}

// maxEscaped is the longest text whose escapes are followed: the place of each
// of its bytes is noted for as long as it is read.
const maxEscaped = 1 << 20

// template reads a text with what is interpolated in it. A text that is one
// interpolation is what stands in it.
func (b jsonBody) template(expr hcl.Expression, rng hcl.Range) (hclsyntax.Expression, hcl.Diagnostics) {
	nothing := &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: rng}
	var text string
	if err := json.Unmarshal(rng.SliceBytes(b.src), &text); err != nil {
		return nothing, hcl.Diagnostics{errorAt(rng, "Not a text", "This text can't be read: %s.", err)}
	}
	start := rng.Start
	start.Byte++
	start.Column++
	if diag := tooDeepTemplate([]byte(text), rng.Filename, start); diag != nil {
		diag.Subject = &rng
		return nothing, hcl.Diagnostics{diag}
	}
	parsed, diags := hclsyntax.ParseTemplate([]byte(text), rng.Filename, start)
	if raw := b.src[start.Byte : rng.End.Byte-1]; len(raw) != len(text) {
		if len(raw) > maxEscaped {
			return nothing, hcl.Diagnostics{errorAt(rng, "A text that is too long", "A text with escapes may have %d bytes.", maxEscaped)}
		}
		places := newEscapes(raw, rng.Filename, start)
		places.moveExpression(parsed)
		places.moveDiagnostics(diags)
	}
	if diags.HasErrors() {
		return nothing, diags
	}
	ownOperators(parsed)
	switch native := parsed.(type) {
	case *hclsyntax.TemplateWrapExpr:
		return native.Wrapped, diags
	case *hclsyntax.TemplateExpr:
		native.SrcRange = rng
		if native.IsStringLiteral() {
			return &jsonText{TemplateExpr: native, written: expr}, diags
		}
	}
	return parsed, diags
}

// jsonText is a text without interpolations. Where HCL wants a reference or a
// type, and no value, JSON has nothing but a text to write it in.
type jsonText struct {
	*hclsyntax.TemplateExpr
	written hcl.Expression
}

// AsTraversal implements hcl.AbsTraversalForExpr.
func (t *jsonText) AsTraversal() hcl.Traversal {
	traversal, diags := hcl.AbsTraversalForExpr(t.written)
	if diags.HasErrors() {
		return nil
	}
	return traversal
}

// ExprCall implements hcl.ExprCall.
func (t *jsonText) ExprCall() *hcl.StaticCall {
	call, diags := hcl.ExprCall(t.written)
	if diags.HasErrors() {
		return nil
	}
	return call
}

// members are all that stands in the body, as if none of it was a block.
func (b jsonBody) members() map[string]hcl.Expression {
	attrs, _ := b.JustAttributes() // what can't be read is told by who reads it
	members := map[string]hcl.Expression{}
	for name, attr := range attrs {
		members[name] = attr.Expr
	}
	return members
}

// membersOf takes apart what a block may be written as: an object, or a list of
// them.
func membersOf(expr hcl.Expression) []map[string]hcl.Expression {
	if elements, diags := hcl.ExprList(expr); !diags.HasErrors() {
		var out []map[string]hcl.Expression
		for _, element := range elements {
			out = append(out, membersOf(element)...)
		}
		return out
	}
	attrs, ok := attributesOf(expr)
	if !ok {
		return nil
	}
	members := map[string]hcl.Expression{}
	for _, attr := range attrs {
		members[attr.name] = attr.expr
	}
	return []map[string]hcl.Expression{members}
}

// unquoted says how a reference is written where this stands. JSON can't do
// without quotes.
func unquoted(expr hcl.Expression) string {
	if _, ok := expr.(*jsonText); ok {
		return ""
	}
	return " without quotes"
}
