package config

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// Kind is what a kind of source adds to the language.
type Kind struct {
	Name string `json:"name"`
	// Source is the source block of the kind, or nil where it needs none.
	Source *Block `json:"source,omitempty"`
	// Types are the event types that it is known to have; there may be others.
	Types []string `json:"types,omitempty"`
	// Event is what its events have beside what all events have.
	Event []router.Attr `json:"event,omitempty"`
	// Shapes are what the events look like, by type.
	Shapes []Shape `json:"shapes,omitempty"`
	// Reply is what its answers can carry; Takes says by event type which of it,
	// where that is not all, and Requires which a success must have.
	Reply    []router.Attr       `json:"reply,omitempty"`
	Takes    map[string][]string `json:"takes,omitempty"`
	Requires map[string]string   `json:"requires,omitempty"`
	// Codes are its error codes.
	Codes []string `json:"codes,omitempty"`
}

// Shape is what the events of some types look like; without types it is of all
// that no other Shape of the kind names. Types of values are as in router.Attr.
type Shape struct {
	On         []string        `json:"on,omitempty"`
	Payload    json.RawMessage `json:"payload,omitempty"`
	Attributes json.RawMessage `json:"attributes,omitempty"`
}

// DescribeKinds tells what the kinds of source add to the language, in the order
// of their names.
func DescribeKinds(kinds map[string]router.SourceKind) []Kind {
	out := []Kind{{Name: ownSource, Types: router.FailureTypes(), Shapes: describedShapes(router.FailureShapes())}}
	for _, kind := range kinds {
		source := sourceBlock().of(kind)
		own := BlockOf(kind.Config)
		source.Attrs = slices.Concat(source.Attrs, own.Attrs)
		source.Blocks = slices.Concat(source.Blocks, own.Blocks)
		source.By = ""
		out = append(out, Kind{
			Name: kind.Name, Source: &source, Types: kind.Types, Event: kind.Extra.Attrs, Shapes: describedShapes(kind.Shapes),
			Reply: kind.Reply.Attrs, Takes: kind.Takes, Requires: kind.Required, Codes: kind.Codes,
		})
	}
	slices.SortFunc(out, func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func describedShapes(shapes []router.Shape) []Shape {
	var out []Shape
	for _, s := range shapes {
		out = append(out, Shape{On: s.On, Payload: s.Payload, Attributes: s.Attributes})
	}
	return out
}

// BlockOf is what a block of that schema takes.
func BlockOf(schema router.Schema) Block {
	var b Block
	for _, attr := range schema.Attrs {
		// One with a default need not be given, whatever else is said of it.
		attr.Required = attr.Required && len(attr.Default) == 0
		b.Attrs = append(b.Attrs, Setting{Attr: attr, Null: !attr.Required})
	}
	for _, nested := range schema.Blocks {
		inner := BlockOf(nested.Schema)
		inner.Name, inner.Doc, inner.Repeats, inner.Required = nested.Name, nested.Doc, nested.Repeats, nested.Required
		b.Blocks = append(b.Blocks, inner)
	}
	return b
}
