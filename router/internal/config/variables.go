package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Values that a configuration names once and uses in many places: var.NAME comes
// from outside, local.NAME is computed. Both are known at load, may be shown, and
// go into the plan's snapshot.

// variablePrefix begins the name of the environment variable that sets a
// variable.
const variablePrefix = "SIGNALBOX_VAR_"

// variables reads the variable and locals blocks, and lets all that is read
// after them refer to what they name.
func (l *loader) variables(variables, locals hcl.Blocks) {
	given := map[string]cty.Value{}
	seen := map[string]hcl.Range{}
	for _, block := range variables {
		name := block.Labels[0]
		l.identifier("variable", name, block.LabelRanges[0])
		if l.unique("variable", seen, name, block.DefRange) {
			given[name] = l.variable(name, block)
		}
	}
	for _, name := range keys(l.env.Variables) {
		if _, ok := given[name]; !ok {
			l.add(&hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Unknown variable",
				Detail: fmt.Sprintf("The command line sets the variable %s, which the configuration does not have.%s", quote(name), suggest(name, keys(given))),
			})
		}
	}
	l.warnUnheard(keys(given))
	if len(variables)+len(locals) == 0 {
		return
	}
	l.constants.Variables = map[string]cty.Value{"var": cty.ObjectVal(given), "local": cty.EmptyObjectVal}
	l.locals(locals)
}

// warnUnheard tells of variables that the environment sets and the configuration
// does not have. It is no error: one environment may serve several.
func (l *loader) warnUnheard(known []string) {
	if l.env.Environ == nil {
		return
	}
	for _, entry := range l.env.Environ() {
		set, _, _ := strings.Cut(entry, "=")
		if name, ours := strings.CutPrefix(set, variablePrefix); ours && !slices.Contains(known, name) {
			l.add(&hcl.Diagnostic{
				Severity: hcl.DiagWarning, Summary: "Unknown variable",
				Detail: fmt.Sprintf("The environment sets %s, and the configuration has no variable %s.%s", set, quote(name), suggest(name, known)),
			})
		}
	}
}

// variable reads one variable block: its type, and its value from the command
// line, the environment, or its default. A value that can't be had stays unknown.
func (l *loader) variable(name string, block *hcl.Block) cty.Value {
	attrs := l.attributes(block, variableBlock())
	ty := cty.String
	if attr := attrs["type"]; attr != nil {
		var diags hcl.Diagnostics
		if ty, diags = typeexpr.TypeConstraint(attr.Expr); diags.HasErrors() {
			l.add(diags...)
			return cty.DynamicVal
		}
	}
	_ = l.text(attrs["description"], "")
	text, ok := l.env.Variables[name]
	origin := "the command line"
	if !ok {
		text, ok = l.env.Getenv(variablePrefix + name)
		origin = "the environment (" + variablePrefix + name + ")"
	}
	if ok {
		v, err := variableValue(text, ty)
		if err != nil {
			l.add(errorAt(block.DefRange, "Wrong type", "%s can't have the value that %s gives it: %s.", quote(name), origin, err))
			return cty.UnknownVal(ty)
		}
		return v
	}
	attr := attrs["default"]
	if attr == nil {
		l.add(errorAt(block.DefRange, "A variable without a value",
			"%s has no default, and nobody sets it. Give it a default, write --var %s=VALUE, or set %s%s in the environment.", quote(name), name, variablePrefix, name))
		return cty.UnknownVal(ty)
	}
	if v, ok := l.constant("default", attr.Expr, ty); ok {
		return v
	}
	return cty.UnknownVal(ty)
}

// variableValue reads the text that somebody gives a variable: as it stands
// where a text is wanted, else as an expression without references.
func variableValue(text string, ty cty.Type) (cty.Value, error) {
	if ty == cty.String {
		return cty.StringVal(text), nil
	}
	if diag := tooDeep([]byte(text), "value", hcl.InitialPos); diag != nil {
		return cty.NilVal, fmt.Errorf("%s", strings.ToLower(diag.Summary))
	}
	shown := quote(strings.Trim(text, `"`))
	if len(text) > maxShown {
		shown = "this"
	}
	wanted := fmt.Errorf("it must be %s, and %s is none", typeInWords(ty.FriendlyName()), shown)
	if ty == cty.Bool {
		wanted = fmt.Errorf("it must be true or false, and %s is neither", shown)
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "value", hcl.InitialPos)
	if diags.HasErrors() {
		return cty.NilVal, wanted
	}
	v, diags := expr.Value(&hcl.EvalContext{})
	if diags.HasErrors() {
		return cty.NilVal, wanted
	}
	if v, err := convert.Convert(v, ty); err == nil && !v.IsNull() {
		return v, nil
	}
	return cty.NilVal, wanted
}

// locals computes the locals of all blocks, each after those that it refers to.
func (l *loader) locals(blocks hcl.Blocks) {
	exprs := map[string]*hcl.Attribute{}
	for _, block := range blocks {
		attrs, diags := block.Body.JustAttributes()
		l.add(diags...)
		for _, name := range keys(attrs) {
			if first := exprs[name]; first != nil {
				l.add(errorAt(attrs[name].NameRange, "A name twice", "local.%s stands at %s already.", name, at(first.NameRange)))
				continue
			}
			exprs[name] = attrs[name]
		}
	}
	known := map[string]cty.Value{}
	for _, name := range keys(exprs) {
		l.local(name, exprs, known, nil)
	}
}

// local computes one local, and before it those that it refers to.
func (l *loader) local(name string, exprs map[string]*hcl.Attribute, known map[string]cty.Value, way []string) {
	if _, done := known[name]; done {
		return
	}
	attr := exprs[name]
	way = append(way, name)
	for _, traversal := range attr.Expr.Variables() {
		path := steps(traversal[:min(len(traversal), 2)])
		if len(path) != 2 || path[0] != "local" || exprs[path[1]] == nil {
			continue
		}
		if i := slices.Index(way, path[1]); i >= 0 {
			l.add(errorAt(attr.Expr.Range(), "Locals that need each other",
				"None of these has a value: local.%s. Take one of the references out.", strings.Join(append(way[i:], path[1]), " needs local.")))
			known[name] = cty.DynamicVal
			break
		}
		l.local(path[1], exprs, known, way)
	}
	if _, done := known[name]; !done {
		known[name] = cty.DynamicVal
		if l.namesExist(attr.Expr, exprs) {
			if v, ok := l.constant(name, attr.Expr, cty.DynamicPseudoType); ok {
				known[name] = v
			}
		}
	}
	l.constants.Variables["local"] = cty.ObjectVal(known)
}

// namesExist reports what an expression of a local refers to that is not there.
func (l *loader) namesExist(expr hcl.Expression, locals map[string]*hcl.Attribute) bool {
	ok := true
	for _, traversal := range expr.Variables() {
		if traversal.RootName() == "local" {
			path := steps(traversal[:min(len(traversal), 2)])
			if len(path) == 2 && locals[path[1]] == nil {
				l.add(unknownName(traversal, path[1], keys(locals)))
				ok = false
			}
			continue
		}
		ok = l.namedValue(traversal) && ok
	}
	return ok
}

// namedValue reports a reference to a variable or a local that is not there, or
// to anything else.
func (r *reader) namedValue(traversal hcl.Traversal) bool {
	root := traversal.RootName()
	if root == eachVariable {
		return r.eachReference(traversal)
	}
	if root != "var" && root != "local" {
		r.add(errorAt(traversal.SourceRange(), "Unknown name", "There is nothing called %s here.%s A text stands in quotes.", quote(root), suggest(root, []string{"var", "local"})))
		return false
	}
	named := r.constants.Variables[root]
	var known []string
	if named != cty.NilVal {
		known = keys(named.AsValueMap())
	}
	path := steps(traversal[:min(len(traversal), 2)])
	if len(path) == 2 && !slices.Contains(known, path[1]) {
		r.add(unknownName(traversal, path[1], known))
		return false
	}
	return true
}

func unknownName(traversal hcl.Traversal, name string, known []string) *hcl.Diagnostic {
	summary, kind, block := "Unknown local", "local", "locals { "+name+" = … }"
	if traversal.RootName() == "var" {
		summary, kind, block = "Unknown variable", "variable", "variable "+quote(name)+" { default = … }"
	}
	wayOut := suggest(name, known)
	if len(known) == 0 {
		wayOut = " Write one: " + block + "."
	}
	return errorAt(traversal.SourceRange(), summary, "There is no %s %s.%s", kind, quote(name), wayOut)
}
