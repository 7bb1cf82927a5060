package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A route with for_each is as many routes as its collection has elements. They
// are named ROUTE[KEY], and see their element as each.key and each.value. The
// collection is known at load, so that a plan's snapshot holds the block, and
// the names it depends on, once, and comes to the same routes every time.

const (
	eachVariable = "each"
	// maxInstances of one route are as many as a configuration is made for.
	maxInstances = 10_000
	// maxKey bytes leave room for a name in log lines and metrics.
	maxKey = 128
)

// instance is an element of a for_each.
type instance struct {
	key   string
	value cty.Value
}

// readRoute reads a route block: as one route, or as those of its for_each.
func readRoute(r *reader, block *hcl.Block, known *world) []*routeDraft {
	var written map[eventShape]*hcl.Block
	one := func(r *reader, name string) *routeDraft {
		rr := &routeReader{reader: r, known: known, written: written, draft: &routeDraft{name: name, header: block.DefRange, rng: wholeRange(block), constants: r.constants}}
		rr.read(block)
		return rr.draft
	}
	// What is wrong with the rest of the block is told when all of it is read.
	content, _, _ := block.Body.PartialContent(forEachBody)
	attr := content.Attributes["for_each"]
	if attr == nil {
		return []*routeDraft{one(r, block.Labels[0])}
	}
	written = map[eventShape]*hcl.Block{}
	instances, ok := r.instances(attr.Expr)
	if !ok || len(instances) == 0 {
		unknown := r.forEach(instance{value: cty.DynamicVal})
		one(unknown, block.Labels[0]) // for what is wrong with any element
		r.diags = append(r.diags, unknown.diags...)
		return nil
	}
	var out []*routeDraft
	for _, i := range instances {
		own := r.forEach(i)
		draft := one(own, block.Labels[0]+"["+i.key+"]")
		draft.again = len(out) > 0
		out = append(out, draft)
		if own.diags.HasErrors() {
			for _, diag := range own.diags {
				diag.Detail += " (For each.key = " + quote(i.key) + ".)"
			}
			r.diags = append(r.diags, own.diags...)
			break // the others would mostly say the same
		}
		r.diags = append(r.diags, own.diags...)
	}
	return out
}

// ownBlock is the block that an instance reads. Its expressions learn what the
// instance's events may lack (tolerate), so that only instances whose events look
// the same can share them.
func (r *routeReader) ownBlock(block *hcl.Block) *hcl.Block {
	if _, native := block.Body.(*hclsyntax.Body); !native || r.written == nil {
		return block // of JSON, every reading makes new expressions
	}
	own := r.written[r.shape]
	if own == nil {
		own = block
		if len(r.written) > 0 {
			own = r.again(block)
		}
		r.written[r.shape] = own
	}
	return own
}

// forEach is the reader of one instance.
func (r *reader) forEach(i instance) *reader {
	key := cty.UnknownVal(cty.String).RefineNotNull()
	if i.key != "" {
		key = cty.StringVal(i.key)
	}
	own := *r
	own.diags = nil
	own.constants = &hcl.EvalContext{Functions: r.constants.Functions, Variables: map[string]cty.Value{}}
	maps.Copy(own.constants.Variables, r.constants.Variables)
	own.constants.Variables[eachVariable] = cty.ObjectVal(map[string]cty.Value{"key": key, "value": i.value})
	return &own
}

// instances evaluates a for_each: a map or an object, by its names; a set or a
// list of texts, by the texts, in their order.
func (r *reader) instances(expr hcl.Expression) ([]instance, bool) {
	for _, traversal := range expr.Variables() {
		if root := traversal.RootName(); root != "var" && root != "local" {
			r.add(errorAt(traversal.SourceRange(), "Not known at load",
				"for_each says which routes there are, before any event has come: it can refer to var and local, and not to %s.", quote(root)))
			return nil, false
		}
	}
	v, ok := r.constant("for_each", expr, cty.DynamicPseudoType)
	if !ok {
		return nil, false
	}
	t := v.Type()
	if !v.CanIterateElements() {
		r.add(errorAt(expr.Range(), "Nothing to go through", "for_each must be a map, an object, or a list of texts, and not %s.", t.FriendlyName()))
		return nil, false
	}
	if n := v.LengthInt(); n > maxInstances {
		r.add(errorAt(expr.Range(), "Too many routes", "for_each has %d elements; %d are allowed. Decide by the event in the route itself.", n, maxInstances))
		return nil, false
	}
	var out []instance
	if t.IsMapType() || t.IsObjectType() {
		members := v.AsValueMap()
		for _, key := range keys(members) {
			out = append(out, instance{key, members[key]})
		}
	} else {
		for _, element := range v.AsValueSlice() {
			text, err := convert.Convert(element, cty.String)
			if err != nil || text.IsNull() {
				r.add(errorAt(expr.Range(), "Nothing to go through", "A list for for_each must hold texts only, which name the routes. For more than a name write a map: { name = … }."))
				return nil, false
			}
			out = append(out, instance{text.AsString(), text})
		}
	}
	return out, r.checkKeys(expr, out)
}

// checkKeys: a key is part of the route's name.
func (r *reader) checkKeys(expr hcl.Expression, all []instance) bool {
	seen := map[string]bool{}
	for _, i := range all {
		switch {
		case i.key == "" || len(i.key) > maxKey || strings.ContainsFunc(i.key, noNamePart):
			r.add(errorAt(expr.Range(), "Not a name", "A key of for_each becomes part of a route's name. It must not be empty, be longer than %d bytes or have / in it; %s won't do.", maxKey, quote(i.key)))
			return false
		case seen[i.key]:
			r.add(errorAt(expr.Range(), "A name is used twice", "for_each has %s twice. Two routes can't have the same name.", quote(i.key)))
			return false
		}
		seen[i.key] = true
	}
	return true
}

// noNamePart: a route's name stands before / in the names of its deliveries, and
// in lines of text.
func noNamePart(c rune) bool { return c == '/' || c < ' ' || c == 0x7f }

// eachReference reports a reference to each that leads nowhere.
func (r *reader) eachReference(traversal hcl.Traversal) bool {
	if _, ok := r.constants.Variables[eachVariable]; !ok {
		r.add(errorAt(traversal.SourceRange(), "Nothing to go through", "each is an element of a route's for_each. There is none here."))
		return false
	}
	known := []string{"key", "value"}
	if path := steps(traversal[:min(len(traversal), 2)]); len(path) == 2 && !slices.Contains(known, path[1]) {
		r.add(errorAt(traversal.SourceRange(), "Unknown name", "each has no %s.%s", quote(path[1]), suggest(path[1], known)))
		return false
	}
	return true
}

// refersTo reports whether an expression refers to a name.
func refersTo(expr hcl.Expression, root string) bool {
	return slices.ContainsFunc(expr.Variables(), func(t hcl.Traversal) bool { return t.RootName() == root })
}

// expressions are all that are evaluated for an event.
func (d *routeDraft) expressions() []hcl.Expression {
	var out []hcl.Expression
	if d.when != nil {
		out = append(out, d.when)
	}
	for _, delivery := range d.deliveries {
		out = append(out, delivery.expressions()...)
	}
	for _, name := range keys(d.reply) {
		out = append(out, d.reply[name])
	}
	if d.throttle != nil && d.throttle.by != nil {
		out = append(out, d.throttle.by)
	}
	return out
}
