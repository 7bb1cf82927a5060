package config

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// expressionPlace says where an expression stands, and so what it may refer to.
type expressionPlace int

const (
	inWhen expressionPlace = iota
	inWith
	inReply
	inFailure // of a delivery in an on_failure block
)

// eventAttributes is what is known, before it is there, of an event from one of
// these sources. The payload and the attributes may be anything. What the kind
// of one source has of its own is null in the events of those that lack it.
func eventAttributes(sources []sourceFacts) map[string]cty.Value {
	text := cty.UnknownVal(cty.String)
	known := map[string]cty.Value{
		"id":         text.RefineNotNull(),
		"source":     text.RefineNotNull(),
		"type":       text.RefineNotNull(),
		"flag":       text.RefineNotNull(),
		"lane":       text.RefineNotNull(),
		"received":   text.RefineNotNull(),
		"caused_by":  text,
		"payload":    cty.DynamicVal,
		"attributes": cty.DynamicVal,
	}
	for _, facts := range sources {
		for _, f := range facts.extra {
			known[f.name] = extraAttribute(f.name, sources)
		}
	}
	return known
}

// extraAttribute is what is known of an attribute that some of the sources have.
func extraAttribute(name string, sources []sourceFacts) cty.Value {
	t := cty.NilType
	always := true
	for _, facts := range sources {
		f := facts.extra.named(name)
		switch {
		case f == nil:
			always = false
			continue
		case t == cty.NilType:
			t = f.ty
		case !t.Equals(f.ty):
			return cty.DynamicVal
		}
		always = always && f.required
	}
	v := cty.UnknownVal(t.WithoutOptionalAttributesDeep())
	if always {
		v = v.RefineNotNull()
	}
	return v
}

// sources are those that the route takes events from.
func (r *routeReader) sources() []sourceFacts {
	var out []sourceFacts
	for _, from := range r.draft.from {
		out = append(out, r.known.sources[from.text])
	}
	return out
}

// envelope is eventAttributes for the route's sources; nobody writes to it.
func (r *routeReader) envelope() map[string]cty.Value {
	if r.event == nil {
		r.event = eventAttributes(r.sources())
	}
	return r.event
}

// tryContext is what the route's expressions are tried with at load: nothing
// has a value, but much has a type.
func (r *routeReader) tryContext() *hcl.EvalContext {
	event := maps.Clone(r.envelope())
	if r.shape.payload != nil {
		event["payload"], event["attributes"] = r.shape.payload.unknown(), r.shape.attributes.unknown()
	}
	outputs := map[string]cty.Value{}
	for _, d := range r.draft.deliveries {
		outputs[d.name] = cty.DynamicVal
		if d.action != nil {
			outputs[d.name] = d.action.output.unknown()
		}
	}
	ctx := r.constants.NewChild()
	ctx.Functions = unknownClock()
	ctx.Variables = map[string]cty.Value{
		"event":   cty.ObjectVal(event),
		"deliver": cty.ObjectVal(outputs),
		"failure": cty.ObjectVal(failureAttributes()),
	}
	return ctx
}

// try evaluates an expression with nothing known, after its references have
// been checked, which gives better words than the evaluation would.
func (r *routeReader) try(expr hcl.Expression, where expressionPlace) (cty.Value, bool) {
	ok := !r.refuseSecret(expr)
	ok = r.learnTemplates(expr) && ok
	guarded := guardedRanges(expr)
	for _, traversal := range expr.Variables() {
		isGuarded := slices.Contains(guarded, traversal.SourceRange())
		ok = r.reference(traversal, where, isGuarded) && ok
	}
	if !ok || !r.knownElements(expr, guarded) {
		return cty.NilVal, false
	}
	if !r.known.compiled {
		r.warnQuoted(expr, r.names)
	}
	r.shape.tolerate(expr)
	ctx, anyEvent := r.expressions, r.expressions.NewChild()
	anyEvent.Variables = map[string]cty.Value{"event": cty.ObjectVal(r.envelope())}
	if r.leadsOutside(expr, guarded) {
		ctx = anyEvent
	}
	if !r.comparable(expr, ctx) {
		return cty.NilVal, false
	}
	if comparesLists(expr, ctx) {
		ctx = anyEvent
	}
	v, diags := expr.Value(ctx)
	r.add(diags...)
	return v, !diags.HasErrors()
}

// guardedRanges are the places of references inside try() and can(), which may
// lead nowhere.
func guardedRanges(expr hcl.Expression) []hcl.Range { return rangesIn(expr, "try", "can") }

// rangesIn are the places of references inside calls of these functions.
func rangesIn(expr hcl.Expression, functions ...string) []hcl.Range {
	var out []hcl.Range
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return nil
	}
	hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && slices.Contains(functions, call.Name) {
			for _, arg := range call.Args {
				for _, traversal := range arg.Variables() {
					out = append(out, traversal.SourceRange())
				}
			}
		}
		return nil
	})
	return out
}

func (r *routeReader) reference(traversal hcl.Traversal, where expressionPlace, guarded bool) bool {
	rng := traversal.SourceRange()
	root := traversal.RootName()
	switch root {
	case "event":
		return r.eventReference(traversal) && r.knownField(traversal, guarded)
	case "deliver":
		if where == inWhen {
			r.add(errorAt(rng, "An output before its delivery", `This is asked before any delivery runs, so it can't refer to deliver.`))
			return false
		}
		return r.outputReference(traversal, where, guarded)
	case "failure":
		if where == inFailure {
			return r.failureReference(traversal)
		}
	case "var", "local", eachVariable:
		return r.namedValue(traversal)
	case "plugin", "source":
		r.add(errorAt(rng, "Not a value", "%s.… names a part of the configuration. It has no value that an expression could use.", root))
		return false
	}
	known := append([]string{"event"}, keys(r.constants.Variables)...)
	if where != inWhen {
		known = append(known, "deliver")
	}
	if root == "failure" {
		r.add(errorAt(rng, "No failure yet", "What has failed is known in the route's on_failure block, and not here."))
		return false
	}
	r.add(errorAt(rng, "Unknown name", "There is nothing called %s here.%s A text stands in quotes.", quote(root), suggest(root, known)))
	return false
}

func (r *routeReader) failureReference(traversal hcl.Traversal) bool {
	path, known := steps(traversal[:min(len(traversal), 2)]), failureAttributes()
	if len(path) == 2 {
		if _, ok := known[path[1]]; !ok {
			r.add(errorAt(traversal.SourceRange(), "Unknown attribute of a failure", "A failure has no %s.%s", quote(path[1]), suggest(path[1], keys(known))))
			return false
		}
	}
	return true
}

func (r *routeReader) eventReference(traversal hcl.Traversal) bool {
	path := steps(traversal[:min(len(traversal), 2)])
	sources := r.sources()
	known := r.envelope()
	if len(path) == 2 {
		if _, ok := known[path[1]]; !ok {
			if slices.ContainsFunc(sources, func(f sourceFacts) bool { return f.broken }) {
				return false // it may be one that the broken source has
			}
			wayOut := suggest(path[1], keys(known)) + " What the protocol sent is below event.payload and event.attributes."
			if elsewhere := r.elsewhere(traversal); elsewhere != "" {
				wayOut = " Did you mean " + elsewhere + "?"
			}
			r.add(errorAt(traversal.SourceRange(), "Unknown attribute of an event", "An event has no %s.%s", quote(path[1]), wayOut))
			return false
		}
	}
	return true
}

func (r *routeReader) outputReference(traversal hcl.Traversal, where expressionPlace, guarded bool) bool {
	rng := traversal.SourceRange()
	path := steps(traversal[:min(len(traversal), 3)])
	if len(path) < 2 {
		r.add(errorAt(rng, "Not an output", "Name the delivery and its output: deliver.NAME.OUTPUT."))
		return false
	}
	i := slices.IndexFunc(r.draft.deliveries, func(d *deliveryDraft) bool { return d.name == path[1] })
	if i < 0 {
		names := make([]string, len(r.draft.deliveries))
		for i, d := range r.draft.deliveries {
			names[i] = d.name
		}
		r.add(errorAt(rng, "Unknown delivery", "This route has no delivery %s.%s Outputs are seen in their own route only.", quote(path[1]), suggest(path[1], names)))
		return false
	}
	d := r.draft.deliveries[i]
	if d.onFailure && where != inFailure {
		r.add(errorAt(rng, "An output that comes too late",
			"The delivery %s runs only when the event has failed, and after everything else. Only other deliveries of on_failure can refer to it.", quote(d.name)))
		return false
	}
	if len(path) == 3 && d.action != nil && d.action.output.named(path[2]) == nil {
		r.add(errorAt(rng, "Unknown output", "The action %s gives no output %s.%s", d.to, quote(path[2]), suggest(path[2], d.action.output.names())))
		return false
	}
	if where == inReply && d.when != nil && !guarded {
		r.add(errorAt(rng, "A reply that may lack its value",
			"The delivery %s has a condition: it may not have run when the reply is made. Write %s.", quote(d.name), r.insteadOf(traversal)))
		return false
	}
	if where == inReply && d.optional && !guarded {
		r.add(errorAt(rng, "A reply that may lack its value",
			"The delivery %s is optional: it may have failed when the reply is made. Make the delivery required, or write %s.", quote(d.name), r.insteadOf(traversal)))
		return false
	}
	return true
}
