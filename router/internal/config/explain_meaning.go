package config

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Meaning is an expression whose value is not known yet, as it is compared: what
// is written, without comments and white space, and the values of the variables,
// locals, elements and files that it names. For one event, two that are equal
// come to the same when the rest is known.
type Meaning struct {
	written router.Secret // there may be a secret among its literals
	names   parts
}

// Equal reports whether both mean the same.
func (m Meaning) Equal(other Meaning) bool {
	return bytes.Equal(m.written.Reveal(), other.written.Reveal()) && len(m.Differing(other)) == 0
}

// Differing are the names that both have and that stand for something else, as
// in local.free and templatefile("mail.txt"). What only one of them names
// stands in what is written.
func (m Meaning) Differing(other Meaning) []string {
	if !bytes.Equal(m.written.Reveal(), other.written.Reveal()) {
		return nil
	}
	return differing(m.names, other.names)
}

// meaning reads an expression; nil means nothing.
func (x *Explainer) meaning(expr hcl.Expression, ctx *hcl.EvalContext) Meaning {
	if expr == nil {
		return Meaning{}
	}
	m := Meaning{written: router.NewSecret([]byte(meant(x.text.raw(expr.Range())))), names: parts{}}
	for _, traversal := range expr.Variables() {
		switch traversal.RootName() {
		case "var", "local", eachVariable:
			if v, diags := traversal.TraverseAbs(ctx); !diags.HasErrors() {
				m.names.text(x.text.of(traversal.SourceRange()), v.GoString())
			}
		}
	}
	for _, call := range callsIn(expr, "templatefile") {
		if path, ok := constantText(call, ctx); ok {
			m.names.text(fileName(path), x.files[path])
		}
	}
	return m
}

// constantText is the first argument of a call.
func constantText(call *hclsyntax.FunctionCallExpr, ctx *hcl.EvalContext) (string, bool) {
	if len(call.Args) == 0 {
		return "", false
	}
	v, diags := call.Args[0].Value(ctx)
	v, err := convert.Convert(v, cty.String)
	if diags.HasErrors() || err != nil || !v.IsKnown() || v.IsNull() {
		return "", false
	}
	return v.AsString(), true
}

// meant is a text of the configuration without comments and white space.
func meant(text string) string {
	tokens, _ := hclsyntax.LexConfig([]byte(text), "", hcl.InitialPos)
	var out strings.Builder
	for _, token := range tokens {
		if token.Type != hclsyntax.TokenComment && token.Type != hclsyntax.TokenNewline {
			out.Write(token.Bytes)
			out.WriteByte(0)
		}
	}
	return out.String()
}

// shown is the text of an expression. Of one for a sensitive value it is covered
// where there are literals in it, of which one may be a secret.
func (x *Explainer) shown(expr hcl.Expression, sensitive bool) string {
	var found secrets
	if sensitive {
		found.learnLiterals(expr)
	}
	if len(found.places) > 0 {
		return CoveredText
	}
	return x.text.of(expr.Range())
}

// CoveredText stands for an expression that is not shown.
const CoveredText = "(secret)"
