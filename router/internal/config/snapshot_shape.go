package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/signalbox/signalbox/router"
)

// snapshotShape is a router.Shape as the snapshot has it: most events of a
// protocol share most of their types.
type snapshotShape struct {
	On []string `json:"on,omitempty"`
	// Payload and Attributes are places in the snapshot's Types, counted from 1;
	// 0 is a document of which nothing is known.
	Payload    int  `json:"payload,omitempty"`
	Attributes int  `json:"attributes,omitempty"`
	More       bool `json:"more,omitempty"`
}

// keepShapes puts the types of these shapes among the snapshot's.
func (s *snapshot) keepShapes(shapes []router.Shape) []snapshotShape {
	var out []snapshotShape
	for _, shape := range shapes {
		out = append(out, snapshotShape{On: shape.On, Payload: s.keepType(shape.Payload), Attributes: s.keepType(shape.Attributes), More: shape.More})
	}
	return out
}

func (s *snapshot) keepType(typ json.RawMessage) int {
	if typ == nil {
		return 0
	}
	i := slices.IndexFunc(s.Types, func(kept json.RawMessage) bool { return bytes.Equal(kept, typ) })
	if i < 0 {
		i = len(s.Types)
		s.Types = append(s.Types, typ)
	}
	return i + 1
}

// shapes are those that keepShapes was given for the source.
func (s *snapshot) shapes(source snapshotSource) ([]router.Shape, error) {
	var out []router.Shape
	for _, kept := range source.Shapes {
		shape := router.Shape{On: kept.On, More: kept.More}
		for _, document := range []struct {
			into *json.RawMessage
			at   int
		}{{&shape.Payload, kept.Payload}, {&shape.Attributes, kept.Attributes}} {
			switch {
			case document.at == 0:
			case document.at < 0 || document.at > len(s.Types):
				return nil, fmt.Errorf("the snapshot has no type %d", document.at)
			default:
				*document.into = s.Types[document.at-1]
			}
		}
		out = append(out, shape)
	}
	return out, nil
}
