package config

import (
	"encoding/json"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// Expect is what a test expects.
type Expect struct {
	// Routes are those that take the event, nil for any.
	Routes   []string
	RoutesAt Place
	Deliver  []ExpectDelivery
	// Reply is nil if nothing is said of it.
	Reply *ExpectReply
}

// ExpectDelivery is what is expected of a delivery.
type ExpectDelivery struct {
	// Names are route/delivery: of several, which a for_each has made, the one is
	// meant whose route takes the event. There is at least one.
	Names []string
	At    Place
	// Skipped and Absent exclude each other; without them it is made.
	Skipped, Absent bool
	With            []ExpectValue
}

// ExpectReply is what is expected of the answer. What is nil may be anything.
type ExpectReply struct {
	At                           Place
	Verdict, Code, Message, Body *ExpectText
	Attrs                        []ExpectValue
}

// ExpectText is an expected text.
type ExpectText struct {
	Text string
	At   Place
}

// VerdictHeld stands among the verdicts of a test for an event that has none yet.
const VerdictHeld = "held"

func testVerdicts() []string {
	return []string{string(router.Success), string(router.Warning), string(router.Error), VerdictHeld}
}

// ExpectValue is an expected input or reply attribute.
type ExpectValue struct {
	Name      string
	At        Place
	Sensitive bool
	field     field
	want      router.Secret // JSON; null is absent
}

// Is reports whether a JSON value, nil for an absent one, is the one expected.
// What an object has beside the expected members may be as it likes.
func (v *ExpectValue) Is(got json.RawMessage) bool {
	is := cty.NullVal(v.field.ty)
	if got != nil {
		var err error
		if is, err = decodeAs(got, v.field.ty); err != nil {
			return false
		}
	}
	text, err := appendJSON(nil, is)
	return err == nil && hasAll(v.want.Reveal(), text)
}

// Want is the expected value for a person, covered where it is sensitive; nil
// for absent.
func (v *ExpectValue) Want() json.RawMessage { return v.Shown(v.want.Reveal()) }

// Shown is a value of the same name for a person.
func (v *ExpectValue) Shown(value json.RawMessage) json.RawMessage {
	switch {
	case value == nil || string(value) == "null":
		return nil
	case v.Sensitive:
		return router.Covered()
	}
	return value
}

func (r *testReader) expect(block *hcl.Block, source string) Expect {
	content := r.content(block.Body, expectBlock().body())
	blocks := content.Blocks.ByType()
	var out Expect
	if attr := content.Attributes["routes"]; attr != nil {
		out.RoutesAt = placeAt(attr.Range)
		out.Routes = r.routes(attr)
	}
	seen := map[string]hcl.Range{}
	for _, deliver := range blocks["deliver"] {
		names, d, ok := r.find(deliver.Labels[0], deliver.LabelRanges[0])
		if ok && r.once(seen, names, deliver) {
			out.Deliver = append(out.Deliver, r.expectDelivery(names, d, deliver))
		}
	}
	if reply := r.atMostOne(blocks["reply"]); reply != nil {
		out.Reply = r.expectReply(reply, source)
	}
	if len(content.Attributes)+len(content.Blocks) == 0 {
		r.add(errorAt(block.DefRange, "Nothing is expected", "The test could not fail. Say which routes take the event, what is delivered, or what is replied."))
	}
	return out
}

// routes reads the routes that are expected; it is never nil.
func (r *testReader) routes(attr *hcl.Attribute) []string {
	out := []string{}
	var known []string
	for _, draft := range r.x.own.drafts {
		known = append(known, draft.name)
	}
	for _, route := range r.texts(attr) {
		switch {
		case !slices.Contains(known, route.text):
			r.add(errorAt(route.rng, "Unknown route", "There is no route %s.%s", quote(route.text), suggest(route.text, known)))
		case slices.Contains(out, route.text):
			r.add(errorAt(route.rng, "A route twice", "The route %s is listed already.", quote(route.text)))
		}
		out = append(out, route.text)
	}
	return out
}

func (r *testReader) expectDelivery(names []string, d delivered, block *hcl.Block) ExpectDelivery {
	attrs := r.attributes(block, nested("deliver", expectBlock()))
	out := ExpectDelivery{Names: names, At: placeAt(block.DefRange)}
	out.Skipped, out.Absent = r.flag(attrs["skipped"], false), r.flag(attrs["absent"], false)
	if out.Skipped && out.Absent {
		r.add(errorAt(block.DefRange, "Skipped and absent", "An absent delivery is not the event's; a skipped one is, and is not made. Take one of the two out."))
	}
	attr := attrs["with"]
	if attr == nil {
		return out
	}
	if out.Skipped || out.Absent {
		r.add(errorAt(attr.NameRange, "Inputs of nothing", "A delivery that is not made has no inputs."))
	}
	pairs, diags := hcl.ExprMap(attr.Expr)
	if diags.HasErrors() {
		r.add(errorAt(attr.Expr.Range(), "Not an object", `"with" must be an object of inputs, in braces: { name = value }.`))
	}
	for _, pair := range pairs {
		key, ok := r.constant(attr.Name, pair.Key, cty.String)
		if !ok {
			continue
		}
		f := d.action.input.named(key.AsString())
		if f == nil {
			r.add(errorAt(pair.Key.Range(), "Unknown input", "The action %s takes no input %s.%s", d.to, quote(key.AsString()), suggest(key.AsString(), d.action.input.names())))
			continue
		}
		if v, ok := r.expectValue(*f, d.action.action.Input, pair.Value, "input"); ok {
			out.With = append(out.With, v)
		}
	}
	return out
}

// expectValue reads a value that a schema describes. null, where the schema
// requires one, is never come by.
func (r *testReader) expectValue(f field, schema router.Schema, expr hcl.Expression, what string) (ExpectValue, bool) {
	out := ExpectValue{Name: f.name, At: placeAt(expr.Range()), field: f}
	if attr := schema.Attr(f.name); attr != nil && attr.Sensitive {
		out.Sensitive = true
		r.secrets.places = append(r.secrets.places, expr.Range())
	}
	v, ok := r.value(expr)
	if !ok {
		return out, false
	}
	r.fits(v, f, expr.Range(), what)
	is, err := convertTo(v, f.ty)
	if err != nil {
		return out, false
	}
	text, err := said(v, is)
	if err != nil {
		r.add(errorAt(expr.Range(), "Not a value of an "+what, "This can't be written as JSON: %s.", err))
		return out, false
	}
	out.want = router.NewSecret(text)
	return out, true
}

func (r *testReader) expectReply(block *hcl.Block, source string) *ExpectReply {
	attrs, diags := block.Body.JustAttributes()
	r.add(diags...)
	out := &ExpectReply{At: placeAt(block.DefRange)}
	if len(attrs) == 0 && !diags.HasErrors() {
		r.add(errorAt(block.DefRange, "Nothing is expected", "Say what the event ends with: verdict = %s.", quote(string(router.Success))))
	}
	text := func(name string) *ExpectText {
		if attr := attrs[name]; attr != nil {
			return &ExpectText{Text: r.text(attr, ""), At: placeAt(attr.Range)}
		}
		return nil
	}
	if attr := attrs["verdict"]; attr != nil {
		out.Verdict = &ExpectText{Text: r.word(attr, "", testVerdicts()...), At: placeAt(attr.Range)}
	}
	out.Code, out.Message, out.Body = text("code"), text("message"), text("body")
	if out.Code != nil && out.Verdict != nil && out.Verdict.Text != string(router.Error) {
		r.add(errorAt(attrs["code"].NameRange, "A code without an error", "Only an error has a code. Expect the verdict %s, or take the line out.", quote(string(router.Error))))
	}
	own := namesIn(nested("reply", expectBlock()).body())
	replies, schema := r.replies(source)
	for _, name := range keys(attrs) {
		if slices.Contains(own, name) {
			continue
		}
		f := replies.named(name)
		if f == nil {
			r.add(errorAt(attrs[name].NameRange, "Unknown reply attribute", "The reply can't carry %s.%s", quote(name), suggest(name, distinct(slices.Concat(own, replies.names())))))
			continue
		}
		if out.Verdict != nil && (out.Verdict.Text == string(router.Error) || out.Verdict.Text == VerdictHeld) {
			r.add(errorAt(attrs[name].NameRange, "A reply without a success", "Only a success carries %s. Expect the verdict %s, or take the line out.", quote(name), quote(string(router.Success))))
		}
		if v, ok := r.expectValue(optionalField(*f), schema, attrs[name].Expr, "reply attribute"); ok {
			out.Attrs = append(out.Attrs, v)
		}
	}
	return out
}

// replies are what a reply of the source, or of any if it is "", can carry.
func (r *testReader) replies(source string) (fields, router.Schema) {
	var all router.Schema
	for _, s := range r.x.config.Sources {
		if source != "" && source != s.Name {
			continue
		}
		for _, attr := range r.kinds[s.Kind].Reply.Attrs {
			if all.Attr(attr.Name) == nil {
				all.Attrs = append(all.Attrs, attr)
			}
		}
	}
	fs, err := fieldsOf(all)
	if err != nil {
		return nil, all // Load has reported it
	}
	return fs, all
}
