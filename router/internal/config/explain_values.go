package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// values evaluates an object, as far as it is known, by name. The error is that
// of an object which is not written out.
func (x *Explainer) values(with hcl.Expression, ctx *hcl.EvalContext, fs fields, schema router.Schema) (map[string]Value, error) {
	out := map[string]Value{}
	if attrs, ok := attributesOf(with); ok {
		for _, a := range attrs {
			out[a.name] = x.expression(a.name, a.expr, ctx, fs, schema)
		}
		return out, nil
	}
	v, err := evaluate(with, ctx)
	if err != nil {
		return nil, err
	}
	if !v.IsKnown() || v.IsNull() || !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return nil, fmt.Errorf("%s: it is not known before %s", at(with.Range()), strings.Join(waitsFor(with), ", "))
	}
	for name, member := range v.AsValueMap() {
		f := fs.named(name)
		if f == nil {
			return nil, fmt.Errorf("%s: there is no %q", at(with.Range()), name)
		}
		out[name] = x.after(with, x.value(name, member, x.text.of(with.Range()), *f, schema))
	}
	return out, nil
}

// expression evaluates one attribute.
func (x *Explainer) expression(name string, expr hcl.Expression, ctx *hcl.EvalContext, fs fields, schema router.Schema) Value {
	f := fs.named(name)
	if f == nil {
		return Value{Name: name, Error: "there is no such name"}
	}
	v, err := evaluate(expr, ctx)
	if err != nil {
		return Value{Name: name, Error: err.Error()}
	}
	return x.after(expr, x.value(name, v, x.text.of(expr.Range()), *f, schema))
}

// after notes what a value that is not known yet waits for.
func (x *Explainer) after(expr hcl.Expression, v Value) Value {
	if v.Expression != "" {
		v.After = waitsFor(expr)
	}
	return v
}

// value writes a value as the plugin or the source would see it. written is its
// expression, which stands for it while it is not known.
func (x *Explainer) value(name string, v cty.Value, written string, f field, schema router.Schema) Value {
	out := Value{Name: name}
	if attr := schema.Attr(name); attr != nil {
		out.Sensitive = attr.Sensitive
	}
	v, err := convert.Convert(v, f.ty)
	switch {
	case err != nil:
		out.Error = fmt.Sprintf("it has the wrong type: %s", err)
	case !v.IsWhollyKnown():
		out.Expression = written
	case v.IsNull():
	case out.Sensitive:
		out.Value = router.Covered()
	default:
		if out.Value, err = appendJSON(nil, v); err != nil {
			out.Value, out.Error = nil, err.Error()
		}
	}
	return out
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
func (t text) of(rng hcl.Range) string {
	i := slices.IndexFunc(t, func(r snapshotRoute) bool {
		last := r.Line + strings.Count(r.Text, "\n")
		return r.File == rng.Filename && r.Line <= rng.Start.Line && rng.End.Line <= last && rng.CanSliceBytes([]byte(r.Text))
	})
	if i < 0 {
		return ""
	}
	return oneLine(string(rng.SliceBytes([]byte(t[i].Text))))
}

// lineEnds are line ends with the white space around them. What stands between
// them in a template's text is shown on one line too.
var lineEnds = regexp.MustCompile(`\s*\n\s*`)

func oneLine(text string) string { return lineEnds.ReplaceAllString(strings.TrimSpace(text), " ") }
