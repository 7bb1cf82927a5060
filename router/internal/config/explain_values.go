package config

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// values evaluates an object, as far as it is known, by name. One of which not
// even the names are known yet is a single value under whole. The error is
// that of an object which is not written out.
func (x *Explainer) values(with hcl.Expression, ctx *hcl.EvalContext, fs fields, schema router.Schema) (map[string]Value, error) {
	out := map[string]Value{}
	if attrs, ok := attributesOf(with); ok {
		for _, a := range attrs {
			out[a.name] = x.expression(a.name, a.expr, ctx, fs, schema)
		}
		return out, nil
	}
	sensitive := len(fs.sensitiveNames()) > 0 // nobody knows which part of the text is whose
	v, err := evaluate(with, ctx)
	if err != nil && sensitive {
		err = hushed(with)
	}
	if err != nil {
		return nil, err
	}
	if !v.IsKnown() {
		out[whole] = x.wait(Value{Name: "with", Sensitive: sensitive}, with, ctx, sensitive)
		return out, nil
	}
	if v.IsNull() || !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return nil, fmt.Errorf("%s: it is no object", at(with.Range()))
	}
	for name, member := range v.AsValueMap() {
		f := fs.named(name)
		if f == nil {
			return nil, fmt.Errorf("%s: there is no %q", at(with.Range()), name)
		}
		value, known := x.value(name, member, *f, schema)
		if !known {
			value = x.wait(value, with, ctx, sensitive)
		}
		out[name] = value
	}
	return out, nil
}

// whole is no name of an input.
const whole = ""

// expression evaluates one attribute.
func (x *Explainer) expression(name string, expr hcl.Expression, ctx *hcl.EvalContext, fs fields, schema router.Schema) Value {
	f := fs.named(name)
	if f == nil {
		return Value{Name: name, Error: "there is no such name"}
	}
	v, err := evaluate(expr, ctx)
	if err != nil {
		if f.sensitive {
			err = hushed(expr)
		}
		return Value{Name: name, Sensitive: f.sensitive, Error: err.Error()}
	}
	out, known := x.value(name, v, *f, schema)
	if !known {
		out = x.wait(out, expr, ctx, out.Sensitive)
	}
	return out
}

// wait has an expression stand for a value that is not known yet.
func (x *Explainer) wait(v Value, expr hcl.Expression, ctx *hcl.EvalContext, sensitive bool) Value {
	v.After, v.Expression, v.Means = waitsFor(expr), x.shown(expr, sensitive), x.meaning(expr, ctx)
	return v
}

// value writes a value as the plugin or the source would see it, if it is known.
func (x *Explainer) value(name string, v cty.Value, f field, schema router.Schema) (out Value, known bool) {
	out.Name = name
	if attr := schema.Attr(name); attr != nil {
		out.Sensitive = attr.Sensitive
	}
	v, err := convertTo(v, f.ty)
	switch {
	case err != nil:
		out.Error = fmt.Sprintf("it has the wrong type: %s", err)
	case !v.IsWhollyKnown():
		return out, false
	case v.IsNull():
	default:
		text, err := appendJSON(nil, v)
		if err != nil {
			out.Error = err.Error()
			return out, true
		}
		out.plain = router.NewSecret(text)
		if out.Value = text; out.Sensitive {
			out.Value = router.Covered()
		}
	}
	return out, true
}

// absent reports that the value is null, and nothing is wrong with it.
func (v Value) absent() bool { return v.Value == nil && v.Expression == "" && v.Error == "" }

// waitsFor names the deliveries whose output an expression reads.
func waitsFor(expr hcl.Expression) []string {
	read := &paths{}
	read.note("deliver", expr)
	return keys(read.below)
}

// reply are the attributes that a success would have from this route, as far as
// they are known. One that is null is left out, as it is in the reply.
func (x *Explainer) reply(source string, draft *routeDraft, ctx *hcl.EvalContext) []Value {
	var out []Value
	for _, name := range keys(draft.reply) {
		v := x.expression(name, draft.reply[name], ctx, draft.replyTo, x.replies[source])
		if !v.absent() {
			out = append(out, v)
		}
	}
	return out
}

// text is the routes as the operator wrote them.
type text []snapshotRoute

// of is the text of an expression, in one line.
func (t text) of(rng hcl.Range) string { return oneLine(t.raw(rng)) }

// raw is the text of an expression as it is written.
func (t text) raw(rng hcl.Range) string {
	// The route that begins last before it: in JSON many may stand on one line.
	found := snapshotRoute{}
	for _, r := range t {
		before := r.Line < rng.Start.Line || r.Line == rng.Start.Line && r.Column <= rng.Start.Column
		if r.File == rng.Filename && before && (found.Line < r.Line || found.Line == r.Line && found.Column < r.Column) {
			found = r
		}
	}
	if !rng.CanSliceBytes([]byte(found.Text)) {
		return ""
	}
	written := string(rng.SliceBytes([]byte(found.Text)))
	if isJSON(found.File) && !strings.HasPrefix(written, `"`) {
		_ = json.Unmarshal([]byte(`"`+written+`"`), &written) // else it stays as it is in the file
	}
	return written
}

// lineEnds are line ends with the white space around them. What stands between
// them in a template's text is shown on one line too.
var lineEnds = regexp.MustCompile(`\s*\n\s*`)

func oneLine(text string) string { return lineEnds.ReplaceAllString(strings.TrimSpace(text), " ") }
