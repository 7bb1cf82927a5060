package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// shapes are those that a source's events have.
type shapes struct {
	// text is what they were read from, which goes into the snapshot.
	text []router.Shape
	// byType are those of named types, rest that of all others.
	byType map[string]eventShape
	rest   eventShape
}

func shapesOf(text []router.Shape) (shapes, error) {
	out := shapes{text: text, byType: map[string]eventShape{}, rest: anyEvent}
	for _, s := range text {
		var is eventShape
		var err error
		if is.payload, err = documentShape(s.Payload); err == nil {
			is.attributes, err = documentShape(s.Attributes)
		}
		if err != nil {
			return shapes{rest: anyEvent}, fmt.Errorf("the shape of %s: %w", strings.Join(s.On, ", "), err)
		}
		if s.More {
			more := *is.attributes
			more.open = true
			is.attributes = &more
		}
		for _, on := range s.On {
			out.byType[on] = is
		}
		if len(s.On) == 0 {
			out.rest = is
		}
	}
	return out, nil
}

func documentShape(typ json.RawMessage) (*shape, error) {
	if typ == nil {
		return anything, nil
	}
	t, err := ctyjson.UnmarshalType(typ)
	if err != nil {
		return nil, err
	}
	return shapeOf(t, true), nil
}

// of is what an event of that type looks like.
func (ss *shapes) of(eventType string) eventShape {
	if is, ok := ss.byType[eventType]; ok {
		return is
	}
	return ss.ofRest()
}

func (ss *shapes) ofRest() eventShape {
	if ss.rest.payload == nil {
		return anyEvent
	}
	return ss.rest
}

// ofAll is what an event of any type may look like.
func (ss *shapes) ofAll() eventShape {
	out := ss.ofRest()
	for _, eventType := range keys(ss.byType) {
		out = out.union(ss.byType[eventType])
	}
	return out
}

// shapeOf is what the events look like that come from these sources and are of
// these types, or of any where none is named. A thousand routes have a few.
func (w *world) shapeOf(from, on []place) eventShape {
	key := strings.Join(slices.Concat(textsOf(from), []string{""}, textsOf(on)), "\x00")
	if is, ok := w.eventShapes[key]; ok {
		return is
	}
	var all []eventShape
	for _, source := range from {
		facts := w.sources[source.text]
		if len(on) == 0 {
			all = append(all, facts.shapes.ofAll())
		}
		for _, eventType := range on {
			all = append(all, facts.shapes.of(eventType.text))
		}
	}
	is := anyEvent
	if len(all) > 0 {
		is = all[0]
		for _, other := range all[1:] {
			is = is.union(other)
		}
	}
	if w.eventShapes == nil {
		w.eventShapes = map[string]eventShape{}
	}
	w.eventShapes[key] = is
	return is
}
