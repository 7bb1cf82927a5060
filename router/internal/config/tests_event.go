package config

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

func testFlags() []string {
	return []string{string(router.FlagDevelopment), string(router.FlagStateless)}
}

// event reads what is known of a test's event.
func (r *testReader) event(block *hcl.Block) TestEvent {
	attrs := r.attributes(block, testEventBlock())
	e := TestEvent{At: placeAt(block.DefRange)}
	e.Source = r.source(attrs["source"])
	if attr := attrs["type"]; attr != nil {
		e.Type = r.eventType(attr, e.Source)
	}
	if file := attrs["file"]; file != nil {
		e.FileAt = placeAt(file.Expr.Range())
		if name := r.name(file, ""); name != "" {
			e.File = beside(name, block.DefRange.Filename)
		}
		for _, name := range []string{"payload", "attributes"} {
			if attr := attrs[name]; attr != nil {
				r.add(errorAt(attr.NameRange, "Two documents", `The file has the event's %s. Write what differs from it with "set".`, name))
			}
		}
	} else if attrs["type"] == nil {
		r.add(errorAt(block.DefRange, "An event without a type", "Say the event's type, or name a file that has it."))
	}
	if attr := attrs["flag"]; attr != nil {
		flag := r.word(attr, "", testFlags()...)
		e.Set = append(e.Set, TestSet{Path: attr.Name, Value: appendText(nil, flag), At: placeAt(attr.Range)})
	}
	is := r.shapeOf(e.Source, e.Type)
	for name, s := range map[string]*shape{"payload": is.payload, "attributes": is.attributes} {
		if attr := attrs[name]; attr != nil {
			e.Set = append(e.Set, r.object(attr, s)...)
		}
	}
	return r.set(e, attrs["set"])
}

// source reads a reference, as a route's from has it.
func (r *testReader) source(attr *hcl.Attribute) string {
	if attr == nil {
		return ""
	}
	known := []string{ownSource}
	for _, source := range r.x.config.Sources {
		known = append(known, source.Name)
	}
	traversal, diags := hcl.AbsTraversalForExpr(attr.Expr)
	path := steps(traversal)
	name := strings.TrimPrefix(strings.Join(path, "."), "source.") // it is clear without
	switch {
	case diags.HasErrors() || len(path) == 0 || slices.Equal(path, []string{"source"}):
		r.add(errorAt(attr.Expr.Range(), "Not a source", "Refer to a source without quotes: source.KIND.NAME, or source.%s for failures.", ownSource))
	case !slices.Contains(known, name):
		r.add(errorAt(attr.Expr.Range(), "Unknown source", "There is no source %s.%s", quote(name), suggest(name, known)))
	default:
		return name
	}
	return ""
}

// eventType reads a type. Those of a protocol are an open set, but a test is of
// one that the protocol or a route knows.
func (r *testReader) eventType(attr *hcl.Attribute, source string) string {
	eventType := r.name(attr, "")
	known, open := r.types(source)
	if eventType != "" && !open && !slices.Contains(known, eventType) {
		r.add(errorAt(attr.Expr.Range(), "Unknown event type", "Neither the source nor a route knows the type %s.%s", quote(eventType), suggest(eventType, known)))
	}
	return eventType
}

// types are those that a source, or any if it is "", is known to have; open is
// that others are as good.
func (r *testReader) types(source string) (known []string, open bool) {
	if source == "" || source == ownSource {
		known = append(known, router.FailureTypes()...)
	}
	for _, s := range r.x.config.Sources {
		if source == "" || source == s.Name {
			types := r.kinds[s.Kind].Types
			known, open = append(known, types...), open || len(types) == 0
		}
	}
	for _, draft := range r.x.own.drafts {
		for _, from := range draft.from {
			if source == "" || source == from.text {
				known = append(known, textsOf(draft.on)...)
			}
		}
	}
	return distinct(known), open
}

// object reads the payload or the attributes.
func (r *testReader) object(attr *hcl.Attribute, s *shape) []TestSet {
	text, ok := r.document(attr.Expr)
	if !ok {
		return nil
	}
	if text[0] != '{' {
		r.add(errorAt(attr.Expr.Range(), "Not an object", "%s must be an object, in braces: { name = value }.", quote(attr.Name)))
		return nil
	}
	r.fields(attr.Expr, s, "event."+attr.Name)
	return []TestSet{{Path: attr.Name, Value: text, At: placeAt(attr.Range)}}
}

// set reads paths with their values.
func (r *testReader) set(e TestEvent, attr *hcl.Attribute) TestEvent {
	if attr == nil {
		return e
	}
	pairs, diags := hcl.ExprMap(attr.Expr)
	if diags.HasErrors() {
		r.add(errorAt(attr.Expr.Range(), "Not a map", `"set" must be a map of paths, in braces: { "payload.order.editionCode" = "FREE" }.`))
		return e
	}
	for _, pair := range pairs {
		key, okKey := r.constant(attr.Name, pair.Key, cty.String)
		value, ok := r.document(pair.Value)
		if okKey && ok {
			e.Set = append(e.Set, TestSet{Path: key.AsString(), Value: value, At: placeAt(pair.Key.Range())})
		}
	}
	return e
}

// given reads what deliveries come to; those that nothing is said of succeed.
func (r *testReader) given(blocks hcl.Blocks) map[string]router.Outcome {
	outcomes := map[string]router.Outcome{}
	seen := map[string]hcl.Range{}
	for _, block := range blocks {
		names, d, ok := r.find(block.Labels[0], block.LabelRanges[0])
		if !ok || !r.once(seen, names, block) {
			continue
		}
		outcome := r.outcome(block, d)
		for _, name := range names {
			outcomes[name] = outcome
		}
	}
	for name, d := range r.deliveries {
		if _, said := outcomes[name]; !said {
			outcomes[name] = r.succeeded(d, nil)
		}
	}
	return outcomes
}

func (r *testReader) outcome(block *hcl.Block, d delivered) router.Outcome {
	attrs := r.attributes(block, givenBlock())
	exhausted := r.flag(attrs["exhausted"], false)
	said := 0
	for _, is := range []bool{attrs["output"] != nil, attrs["rejected"] != nil, exhausted} {
		if is {
			said++
		}
	}
	if said != 1 {
		r.add(errorAt(block.DefRange, "What a delivery comes to", `A given says one of: "output", "rejected", "exhausted = true".`))
	}
	switch {
	case attrs["rejected"] != nil:
		return r.rejected(attrs["rejected"])
	case exhausted:
		return router.Outcome{Kind: router.Retry, Detail: "the test has it fail"}
	case attrs["output"] != nil:
		return r.succeeded(d, r.output(attrs["output"], d))
	}
	return router.Outcome{}
}

// output reads the members of an output, by name.
func (r *testReader) output(attr *hcl.Attribute, d delivered) map[string]cty.Value {
	pairs, diags := hcl.ExprMap(attr.Expr)
	if diags.HasErrors() {
		r.add(errorAt(attr.Expr.Range(), "Not an object", `"output" must be an object, in braces: { name = value }.`))
		return nil
	}
	given := map[string]cty.Value{}
	for _, pair := range pairs {
		name, ok := r.constant(attr.Name, pair.Key, cty.String)
		if !ok {
			continue
		}
		f := d.action.output.named(name.AsString())
		if f == nil {
			r.add(errorAt(pair.Key.Range(), "Unknown output", "The action %s gives no output %s.%s", d.to, quote(name.AsString()), suggest(name.AsString(), d.action.output.names())))
			continue
		}
		if a := d.action.action.Output.Attr(f.name); a != nil && a.Sensitive {
			r.secrets.places = append(r.secrets.places, pair.Value.Range())
		}
		if v, ok := r.value(pair.Value); ok {
			r.fits(v, *f, pair.Value.Range(), "output")
			given[f.name] = v
		}
	}
	return given
}

// succeeded is a success with this output. A text that the action always gives,
// and the test doesn't, is its own name.
func (r *testReader) succeeded(d delivered, given map[string]cty.Value) router.Outcome {
	if given == nil {
		given = map[string]cty.Value{}
	}
	for _, f := range d.action.output {
		if _, ok := given[f.name]; ok {
			continue
		}
		given[f.name] = cty.NullVal(f.ty)
		if f.required && f.ty == cty.String {
			given[f.name] = cty.StringVal("(" + d.name + "." + f.name + ")")
		}
	}
	text, err := appendJSON(nil, cty.ObjectVal(given))
	if err != nil {
		text = json.RawMessage("{}") // what can't be written has an error of its own
	}
	return router.Outcome{Kind: router.Succeeded, Output: text}
}

// rejected reads a plugin's refusal.
func (r *testReader) rejected(attr *hcl.Attribute) router.Outcome {
	out := router.Outcome{Kind: router.Rejected, Detail: "the test has it rejected"}
	for _, pair := range r.pairs(attr) {
		switch pair.key.text {
		case "code":
			out.Code = pair.value.text
		case "message":
			out.Public = pair.value.text
		default:
			r.add(errorAt(pair.key.rng, "Unknown part of a rejection", "A rejection has no %s.%s", quote(pair.key.text), suggest(pair.key.text, []string{"code", "message"})))
		}
	}
	return out
}
