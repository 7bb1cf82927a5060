package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// A text with interpolations that is used in several places, or is too long for
// the place it is used in, stands by itself: template(text, {name = value}) and
// templatefile("mails/failure.txt", {name = value}). It sees the names that it
// is given, and nothing else. Which texts there are is known at load: a file is
// read then, and stands in the plan's snapshot, since plans outlive their files.

// maxTemplate bounds a text: it is stored with every plan.
const maxTemplate = 256 << 10

// templates are the texts of one configuration. They change while it is loaded
// only.
type templates struct {
	// read gives a file's text; nil where all that there are are known.
	read func(path string) ([]byte, error)
	// files are the texts of files, by the path that the operator wrote.
	files map[string]string
	// parsed by name and text.
	parsed map[[2]string]hclsyntax.Expression
	// loaded: no text comes to these any more.
	loaded bool
	// functions are those that a text can call: not template and templatefile,
	// since one that is made of itself would never end.
	functions map[string]function.Function
}

// function is template or templatefile, which differ in how they name a text.
func (t *templates) function(param, doc string) function.Function {
	return function.New(&function.Spec{
		Description: doc,
		Params: []function.Parameter{
			{Name: param, Type: cty.String, AllowUnknown: true},
			{Name: "vars", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true},
		},
		Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsKnown() {
				return cty.UnknownVal(cty.String), nil // an argument that is not known at load has an error of its own
			}
			text, name := args[0].AsString(), "the text"
			if param == "path" {
				name = text
				var err error
				if text, err = t.file(name); err != nil {
					return cty.NilVal, function.NewArgError(0, err)
				}
			}
			expr, err := t.parse(text, name)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return t.interpolate(expr, name, args[1])
		},
	})
}

// file is the text of a file.
func (t *templates) file(path string) (string, error) {
	if text, ok := t.files[path]; ok {
		return text, nil
	}
	if t.read == nil || t.loaded {
		return "", fmt.Errorf("%s was not read when the configuration was loaded", path)
	}
	src, err := t.read(path)
	if err != nil {
		return "", err
	}
	if diag := notText(src, path, hcl.InitialPos); diag != nil {
		return "", fmt.Errorf("%s: %s", path, strings.TrimSuffix(diag.Detail, "."))
	}
	if t.files == nil {
		t.files = map[string]string{}
	}
	t.files[path] = string(normalise(src))
	return t.files[path], nil
}

// parse parses a text, once.
func (t *templates) parse(text, name string) (hclsyntax.Expression, error) {
	key := [2]string{name, text}
	if expr := t.parsed[key]; expr != nil {
		return expr, nil
	}
	if t.loaded {
		return nil, errors.New("the text was not known when the configuration was loaded")
	}
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxTemplate)
	}
	if diag := tooDeepTemplate([]byte(text), name, hcl.InitialPos); diag != nil {
		return nil, templateError(name, diag)
	}
	expr, diags := hclsyntax.ParseTemplate([]byte(text), name, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, templateError(name, diags[0])
	}
	ownOperators(expr)
	if t.parsed == nil {
		t.parsed = map[[2]string]hclsyntax.Expression{}
	}
	t.parsed[key] = expr
	return expr, nil
}

// interpolate evaluates a template with the names that it is given.
func (t *templates) interpolate(expr hclsyntax.Expression, name string, vars cty.Value) (cty.Value, error) {
	if vars.IsNull() {
		return cty.NilVal, function.NewArgErrorf(1, "it must be an object of the names that the text refers to, { name = value }, and not null")
	}
	ty := vars.Type()
	if ty == cty.DynamicPseudoType || ty.IsMapType() && !vars.IsKnown() {
		return cty.UnknownVal(cty.String), nil
	}
	if !ty.IsObjectType() && !ty.IsMapType() {
		return cty.NilVal, function.NewArgErrorf(1, "it must be an object of the names that the text refers to, { name = value }")
	}
	given := map[string]cty.Value{}
	if vars.IsKnown() {
		given = vars.AsValueMap()
	} else {
		for attr, ty := range ty.AttributeTypes() {
			given[attr] = cty.UnknownVal(ty)
		}
	}
	for _, traversal := range expr.Variables() {
		if _, ok := given[traversal.RootName()]; !ok {
			return cty.NilVal, function.NewArgErrorf(1, "%s refers to %s in line %d, which is not among them%s", name,
				quote(traversal.RootName()), traversal.SourceRange().Start.Line, inPassing(suggest(traversal.RootName(), keys(given))))
		}
	}
	v, diags := expr.Value(&hcl.EvalContext{Variables: given, Functions: t.functions})
	for _, diag := range diags {
		if diag.Severity == hcl.DiagError {
			return cty.NilVal, templateError(name, diag)
		}
	}
	v, err := convert.Convert(v, cty.String)
	if err == nil && v.IsKnown() && v.IsNull() {
		return cty.StringVal(""), nil
	}
	return v, err
}

func templateError(name string, diag *hcl.Diagnostic) error {
	return fmt.Errorf("%s, line %d: %s", name, rangeOf(diag).Start.Line, strings.TrimSuffix(diag.Detail, "."))
}

// learnTemplates finds the texts that an expression names, and reports one that
// is not known at load. They are read now, also where an evaluation with nothing
// known would not come to them: in the second argument of try().
func (r *reader) learnTemplates(expr hcl.Expression) bool {
	ok := true
	for _, call := range callsIn(expr, "template", "templatefile") {
		if len(call.Args) == 0 {
			continue // HCL says what lacks
		}
		v, diags := call.Args[0].Value(r.constants)
		v, err := convert.Convert(v, cty.String)
		if diags.HasErrors() || err != nil || !v.IsKnown() {
			r.add(errorAt(call.Args[0].Range(), "Not known at load",
				"%s() must be given a text that is known before any event has come. What belongs to the event goes into its second argument, { name = value }.", call.Name))
			ok = false
			continue
		}
		if v.IsNull() {
			continue // the evaluation says so
		}
		f := r.constants.Functions[call.Name]
		_, err = f.Call([]cty.Value{v, cty.DynamicVal})
		if err != nil {
			r.add(errorAt(call.Args[0].Range(), "A text that can't be used", "%s() can't have this text: %s.", call.Name, err))
			ok = false
		}
	}
	return ok
}

// callsIn are the calls of these functions in an expression.
func callsIn(expr hcl.Expression, names ...string) []*hclsyntax.FunctionCallExpr {
	var out []*hclsyntax.FunctionCallExpr
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return nil
	}
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && slices.Contains(names, call.Name) {
			out = append(out, call)
		}
		return nil
	})
	return out
}
