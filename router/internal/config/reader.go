package config

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"
)

// reader reads attributes and collects what is wrong with them. Every method
// takes an attribute that may be nil, and then gives the default.
type reader struct {
	// constants evaluates what names neither an event nor a delivery.
	constants *hcl.EvalContext
	templates *templates
	// again parses the text of a route block once more.
	again func(*hcl.Block) *hcl.Block
	diags hcl.Diagnostics
}

func newReader() reader {
	texts := &templates{}
	return reader{constants: &hcl.EvalContext{Functions: functionsWith(texts)}, templates: texts}
}

// add takes diagnostics in. For an unknown function it finds the name that was
// likely meant; HCL finds it only where all functions stand in one context.
func (r *reader) add(diags ...*hcl.Diagnostic) {
	for _, diag := range diags {
		if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallUnknownDiagExtra](diag); ok {
			name := call.CalledFunctionName()
			diag.Detail = fmt.Sprintf("There is no function %s.%s", quote(name), suggest(name, append(keys(r.constants.Functions), secretFunctions()...)))
			if name == "uuid" || name == "uuidv4" || name == "uuidv5" || name == "bcrypt" || strings.HasPrefix(name, "random") {
				diag.Detail = fmt.Sprintf("There is no %s(): the same event comes to the same in a replay. For a name that is new with each event, take event.id.", name)
			}
			if name == "now" || name == "timestamp" {
				diag.Detail = "The time is that at which an event was received, so that a replay comes to the same: now(), in the expressions of routes only."
			}
		}
	}
	r.diags = append(r.diags, diags...)
}

// constant evaluates what must be known at load, is not null and may be shown.
func (r *reader) constant(name string, expr hcl.Expression, want cty.Type) (cty.Value, bool) {
	if r.refuseSecret(expr) {
		return cty.NilVal, false
	}
	for _, traversal := range expr.Variables() {
		if root := traversal.RootName(); (root == "var" || root == "local" || root == eachVariable) && !r.namedValue(traversal) {
			return cty.NilVal, false
		}
	}
	v, diags := expr.Value(r.constants)
	r.add(diags...)
	if diags.HasErrors() {
		return cty.NilVal, false
	}
	v, err := convert.Convert(v, want)
	if err != nil {
		r.add(errorAt(expr.Range(), "Wrong type", "%s can't have this value: %s.", quote(name), err))
		return cty.NilVal, false
	}
	if !v.IsWhollyKnown() {
		return cty.NilVal, false // it hangs on a variable or a local whose own error is told
	}
	if v.IsNull() {
		r.add(errorAt(expr.Range(), "A value is missing", "%s must not be null. Give a value, or leave the line out.", quote(name)))
		return cty.NilVal, false
	}
	return v, true
}

func (r *reader) text(attr *hcl.Attribute, otherwise string) string {
	if text, ok := r.given(attr); ok {
		return text
	}
	return otherwise
}

// given is the text of an attribute that is there and has no error.
func (r *reader) given(attr *hcl.Attribute) (string, bool) {
	if attr == nil {
		return "", false
	}
	v, ok := r.constant(attr.Name, attr.Expr, cty.String)
	if !ok {
		return "", false
	}
	return v.AsString(), true
}

// name is text that must not be empty.
func (r *reader) name(attr *hcl.Attribute, otherwise string) string {
	text, ok := r.given(attr)
	if !ok {
		return otherwise
	}
	if text == "" {
		r.add(errorAt(attr.Expr.Range(), "A value is missing", "%s must not be empty.", quote(attr.Name)))
	}
	return text
}

// word is text out of a closed set.
func (r *reader) word(attr *hcl.Attribute, otherwise string, known ...string) string {
	word, ok := r.given(attr)
	if !ok {
		return otherwise
	}
	if !slices.Contains(known, word) {
		r.add(errorAt(attr.Expr.Range(), "Unknown value", "%s can't be %s.%s", quote(attr.Name), quote(word), suggest(word, known)))
	}
	return word
}

func (r *reader) flag(attr *hcl.Attribute, otherwise bool) bool {
	if attr == nil {
		return otherwise
	}
	v, ok := r.constant(attr.Name, attr.Expr, cty.Bool)
	if !ok {
		return otherwise
	}
	return v.True()
}

// count is a whole number of at least one.
func (r *reader) count(attr *hcl.Attribute, otherwise int) int {
	if attr == nil {
		return otherwise
	}
	v, ok := r.constant(attr.Name, attr.Expr, cty.Number)
	if !ok {
		return otherwise
	}
	var n int32
	if err := gocty.FromCtyValue(v, &n); err != nil || n < 1 {
		r.add(errorAt(attr.Expr.Range(), "Not a count", "%s must be a whole number from 1 to %d.", quote(attr.Name), math.MaxInt32))
		return otherwise
	}
	return int(n)
}

func (r *reader) duration(attr *hcl.Attribute, otherwise time.Duration) time.Duration {
	text, ok := r.given(attr)
	if !ok {
		return otherwise
	}
	d, err := parseDuration(text)
	if err != nil {
		r.add(errorAt(attr.Expr.Range(), "Not a duration", "%s can't be %s: %s.", quote(attr.Name), quote(text), err))
		return otherwise
	}
	return d
}

// place is a text of a list, with where it stands.
type place struct {
	text string
	rng  hcl.Range
}

// textsOf returns the texts of a list.
func textsOf(places []place) []string {
	out := make([]string, len(places))
	for i, p := range places {
		out[i] = p.text
	}
	return out
}

// texts reads a list that is written out, so that each element has its place.
func (r *reader) texts(attr *hcl.Attribute) []place {
	if attr == nil {
		return nil
	}
	elements, diags := hcl.ExprList(attr.Expr)
	if diags.HasErrors() {
		r.add(errorAt(attr.Expr.Range(), "Not a list", "%s must be a list of texts, in brackets: [\"…\"].", quote(attr.Name)))
		return nil
	}
	var out []place
	for _, element := range elements {
		if v, ok := r.constant(attr.Name, element, cty.String); ok {
			out = append(out, place{v.AsString(), element.Range()})
		}
	}
	return out
}

// pair is an entry of a map that is written out.
type pair struct{ key, value place }

func (r *reader) pairs(attr *hcl.Attribute) []pair {
	if attr == nil {
		return nil
	}
	entries, diags := hcl.ExprMap(attr.Expr)
	if diags.HasErrors() {
		r.add(errorAt(attr.Expr.Range(), "Not a map", "%s must be a map of texts, in braces: { name = \"…\" }.", quote(attr.Name)))
		return nil
	}
	var out []pair
	for _, entry := range entries {
		k, okKey := r.constant(attr.Name, entry.Key, cty.String)
		v, okValue := r.constant(attr.Name, entry.Value, cty.String)
		if okKey && okValue {
			out = append(out, pair{place{k.AsString(), entry.Key.Range()}, place{v.AsString(), entry.Value.Range()}})
		}
	}
	return out
}

// unique reports a second definition of the same name.
func (r *reader) unique(what string, seen map[string]hcl.Range, name string, rng hcl.Range) bool {
	if first, ok := seen[name]; ok {
		r.add(errorAt(rng, "A name is used twice", "The %s %s is defined at %s already. Give this one another name.", what, quote(name), at(first)))
		return false
	}
	seen[name] = rng
	return true
}

// once leaves out what is listed again, which changes nothing, and warns of it.
func (r *reader) once(what string, listed []place) []place {
	var out []place
	for _, p := range listed {
		if slices.ContainsFunc(out, func(q place) bool { return q.text == p.text }) {
			r.add(warningAt(p.rng, "Listed twice", "The %s %s stands in the list already. Take it out, or write the one that was meant.", what, quote(p.text)))
			continue
		}
		out = append(out, p)
	}
	return out
}
