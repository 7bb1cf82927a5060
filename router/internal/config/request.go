package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// requestVariable is what a request is called in a source's expressions.
const requestVariable = "request"

// requestAttributes is what is known of a request before it is there. The body
// may be anything.
func requestAttributes() map[string]cty.Value {
	texts := cty.UnknownVal(cty.Map(cty.String)).RefineNotNull()
	return map[string]cty.Value{"headers": texts, "query": texts, "body": cty.DynamicVal}
}

// expressions compiles what a source's block says of its requests. written is
// the same as text.
func (l *loader) expressions(kind router.SourceKind, attrs hcl.Attributes) (out map[string]router.RequestText, written map[string]string) {
	for _, e := range kind.Expressions {
		attr := attrs[e.Name]
		if attr == nil || !l.tryRequest(kind, e, attr.Expr) {
			continue
		}
		if out == nil {
			out, written = map[string]router.RequestText{}, map[string]string{}
		}
		out[e.Name] = newRequestExpression(attr.Expr, l.constants).text
		rng := attr.Expr.Range()
		written[e.Name] = string(rng.SliceBytes(l.files[rng.Filename].Bytes))
	}
	return out, written
}

// tryRequest evaluates an expression with nothing known of the request.
func (l *loader) tryRequest(kind router.SourceKind, e router.Expression, expr hcl.Expression) bool {
	ok := !l.refuseSecret(expr)
	ok = l.learnTemplates(expr) && ok
	for _, traversal := range expr.Variables() {
		ok = l.requestReference(kind, traversal) && ok
	}
	if !ok {
		return false
	}
	l.warnQuoted(expr, func(root, name string) bool {
		_, known := requestAttributes()[name]
		return root == requestVariable && known || l.isNamed(root, name)
	})
	ctx := l.constants.NewChild()
	ctx.Variables = map[string]cty.Value{requestVariable: cty.ObjectVal(requestAttributes())}
	v, diags := expr.Value(ctx)
	l.add(diags...)
	if diags.HasErrors() {
		return false
	}
	v, err := convert.Convert(v, cty.String)
	switch {
	case err != nil:
		l.add(errorAt(expr.Range(), "Wrong type", "%s can't have this value: %s.", quote(e.Name), err))
	case !v.IsKnown():
		return true
	case v.IsNull() || v.AsString() == "":
		l.add(errorAt(expr.Range(), "A value is missing", "%s is empty for every request. Name a part of the request, or leave the line out.", quote(e.Name)))
	case !e.Constant:
		l.add(errorAt(expr.Range(), "The same for every request",
			`%s does not depend on the request, and must. Name a part of it, as in request.headers["X-Delivery"] or request.body.id.`, quote(e.Name)))
	default:
		return true
	}
	return false
}

func (l *loader) requestReference(kind router.SourceKind, traversal hcl.Traversal) bool {
	rng, root := traversal.SourceRange(), traversal.RootName()
	if root != requestVariable {
		l.add(errorAt(rng, "Unknown name", "There is nothing called %s here: the event is only being made of the request.%s A text stands in quotes.",
			quote(root), suggest(root, []string{requestVariable})))
		return false
	}
	known := requestAttributes()
	if path := steps(traversal[:min(len(traversal), 2)]); len(path) == 2 {
		if _, ok := known[path[1]]; !ok {
			l.add(errorAt(rng, "Unknown part of a request", "A request has no %s.%s What the sender wrote is below request.body.", quote(path[1]), suggest(path[1], keys(known))))
			return false
		}
	}
	if len(traversal) > 2 && kind.Hides != nil {
		of, _ := nameOf(traversal[1])
		name, ok := nameOf(traversal[2])
		if ok && (of == "headers" || of == "query") && kind.Hides(name) {
			l.add(errorAt(rng, "A value that is never given", "Headers and parameters whose name is like a secret's, as %s is, are given to no expression: what this is made of is written down. Name another part of the request.", quote(name)))
			return false
		}
	}
	return true
}

// requestExpression is a router.Expression with all that is known of it.
type requestExpression struct {
	expr      hcl.Expression
	constants *hcl.EvalContext
	// named are the parts of the request that the expression names.
	named *paths
	// only are the names, if it is no more than names: most are.
	only []string
	// spelled are the texts in it. A header whose name one of them is, but for
	// the case, is found under it, whatever function is asked.
	spelled []string
}

func newRequestExpression(expr hcl.Expression, constants *hcl.EvalContext) *requestExpression {
	x := &requestExpression{expr: expr, constants: constants, named: &paths{}}
	x.named.note(requestVariable, expr)
	if e, ok := expr.(*hclsyntax.ScopeTraversalExpr); ok {
		if path := steps(e.Traversal); len(path) == len(e.Traversal) {
			for _, name := range path[1:] {
				x.only = append(x.only, cty.NormalizeString(name))
			}
		}
	}
	if node, ok := expr.(hclsyntax.Node); ok {
		_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
			if literal, ok := n.(*hclsyntax.LiteralValueExpr); ok && literal.Val.Type() == cty.String && !literal.Val.IsNull() {
				x.spelled = append(x.spelled, literal.Val.AsString())
			}
			return nil
		})
	}
	return x
}

// text implements router.RequestText.
func (x *requestExpression) text(req router.Request) (string, error) {
	if req.Body == nil {
		req.Body = []byte("null")
	}
	v, ok := x.find(req)
	if !ok {
		request, err := x.view(req)
		if err != nil {
			return "", fmt.Errorf("%s: %w", at(x.expr.Range()), err)
		}
		ctx := x.constants.NewChild()
		ctx.Variables = map[string]cty.Value{requestVariable: request}
		if v, err = evaluate(x.expr, ctx); err != nil {
			return "", err
		}
	}
	v, err := convert.Convert(v, cty.String)
	if err != nil {
		return "", fmt.Errorf("%s: it is neither a text nor a number: %w", at(x.expr.Range()), err)
	}
	if v.IsNull() || !v.IsKnown() {
		return "", nil
	}
	return v.AsString(), nil
}

// find gives what an expression that is only names refers to, null where the
// request lacks it. ok is false for any other expression.
func (x *requestExpression) find(req router.Request) (v cty.Value, ok bool) {
	if len(x.only) < 2 {
		return cty.NilVal, false
	}
	switch below := x.only[1:]; x.only[0] {
	case "headers":
		return joined(req.Headers.Values(below[0])), len(below) == 1
	case "query":
		return joined(req.Query[below[0]]), len(below) == 1
	default:
		r := jsonReader{raw: req.Body}
		if found, _ := r.find(below); !found {
			return cty.NullVal(cty.String), true
		}
		v, err := r.value(everything)
		return v, err == nil
	}
}

// view converts the parts of the request that are named.
func (x *requestExpression) view(req router.Request) (cty.Value, error) {
	attrs := map[string]cty.Value{}
	for name := range requestAttributes() {
		named := x.named.member([]byte(name))
		if named == nil {
			continue
		}
		switch name {
		case "headers":
			attrs[name] = x.texts(req.Headers, strings.ToLower, req.Headers.Values, named)
		case "query":
			attrs[name] = x.texts(req.Query, asWritten, func(name string) []string { return req.Query[name] }, named)
		default:
			v, err := (&jsonReader{raw: req.Body}).value(named)
			if err != nil {
				return cty.NilVal, fmt.Errorf("reading the body: %w", err)
			}
			attrs[name] = v
		}
	}
	return cty.ObjectVal(attrs), nil
}

// texts has all fields, each under its name as spell writes it and under the
// spelling of the expression. What the expression names and the request lacks
// is null.
func (x *requestExpression) texts(all map[string][]string, spell func(string) string, get func(string) []string, named *paths) cty.Value {
	values := map[string]cty.Value{}
	for name, value := range all {
		values[cty.NormalizeString(spell(name))] = joined(value)
	}
	for _, name := range x.spelled {
		if value := get(name); value != nil {
			values[name] = joined(value)
		}
	}
	for name := range named.below {
		values[name] = joined(get(name))
	}
	if len(values) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	return cty.MapVal(values)
}

// asWritten: the names of parameters are told apart by case.
func asWritten(name string) string { return name }

// joined is the value of a field that may stand in a request more than once
// (RFC 9110, 5.3), null where it does not stand there at all.
func joined(values []string) cty.Value {
	if len(values) == 0 {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(strings.Join(values, ", "))
}
