package config

import (
	"encoding/json"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/signalbox/signalbox/router"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// What an operator says that a sender's payloads look like.

// declared reads the schema blocks of a source, and gives the kind's shapes with
// what they say. What events have beside the payload is the kind's affair.
func (l *loader) declared(kind router.SourceKind, source *hcl.Block) []router.Shape {
	byKind, err := shapesOf(kind.Shapes)
	if err != nil || !kind.Declares {
		return kind.Shapes // sourceFacts tells the error
	}
	content, _, _ := source.Body.PartialContent(Block{Blocks: []Block{declaredBlock()}}.body()) // l.source tells what is wrong with it
	out := slices.Clone(kind.Shapes)
	seen := map[string]hcl.Range{}
	for _, block := range content.Blocks {
		attrs := l.attributes(block, declaredBlock())
		on := l.texts(attrs["on"])
		if attr := attrs["on"]; attr != nil && len(on) == 0 {
			if elements, diags := hcl.ExprList(attr.Expr); !diags.HasErrors() && len(elements) == 0 {
				l.add(errorAt(attr.Expr.Range(), "No event type", `"on" lists no type, so that the schema would be of no event. Leave the line out for every type.`))
			}
			continue
		}
		payload, ok := l.payloadType(attrs["payload"])
		if !l.firstSchema(seen, on, block) || !ok && len(on) == 0 {
			continue // types whose payload can't be read are known all the same: one error is enough
		}
		shape := byKind.textOf("")
		if len(on) > 0 {
			shape = byKind.textOf(on[0].text)
		}
		shape.On, shape.Payload = textsOf(on), payload
		if len(on) == 0 {
			out = slices.DeleteFunc(out, func(s router.Shape) bool { return len(s.On) == 0 })
		}
		out = append(out, shape)
	}
	return out
}

// payloadType reads a type as an operator writes it.
func (l *loader) payloadType(attr *hcl.Attribute) (json.RawMessage, bool) {
	if attr == nil {
		return nil, false
	}
	ty, diags := typeexpr.TypeConstraint(attr.Expr)
	l.add(diags...)
	if diags.HasErrors() {
		return nil, false
	}
	text, err := ctyjson.MarshalType(ty)
	if err != nil {
		l.add(errorAt(attr.Expr.Range(), "Not a type", "This type can't be kept: %s.", err))
		return nil, false
	}
	return text, true
}

// firstSchema reports a second schema for a type, or for all types.
func (l *loader) firstSchema(seen map[string]hcl.Range, on []place, block *hcl.Block) bool {
	if len(on) == 0 {
		if first, twice := seen[""]; twice {
			l.add(errorAt(block.DefRange, "Two schemas of the same events",
				`The schema at %s is for every type that has none of its own, and so is this one. Say in "on" which types it is for.`, at(first)))
			return false
		}
		seen[""] = block.DefRange
		return true
	}
	for _, eventType := range on {
		if first, twice := seen[eventType.text]; twice {
			l.add(errorAt(eventType.rng, "Two schemas of the same events",
				"The type %s has its schema at %s. Take it out here, or there; what differs from event to event is optional().", quote(eventType.text), at(first)))
			return false
		}
		seen[eventType.text] = eventType.rng
	}
	return true
}

// textOf is the shape of a type as it was given, without the types it is for.
func (ss *shapes) textOf(eventType string) router.Shape {
	i := slices.IndexFunc(ss.text, func(s router.Shape) bool { return slices.Contains(s.On, eventType) })
	if i < 0 {
		i = slices.IndexFunc(ss.text, func(s router.Shape) bool { return len(s.On) == 0 })
	}
	if i < 0 {
		return router.Shape{}
	}
	return ss.text[i]
}
