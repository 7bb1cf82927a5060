package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// shape is what is known of a part of an event before it is there. Shapes share
// their parts, and never change.
type shape struct {
	// ty is a primitive type, or cty's dynamic one for all else.
	ty cty.Type
	// members of an object, by names normalised as cty's are; nil for anything
	// else.
	members map[string]*shape
	// each is what a list's elements are; nil for anything else.
	each *shape
	// open: it may be something else, or have more members.
	open bool
	// always: it is there wherever what it is a member of is.
	always bool
}

// anything is a part that nothing is known of.
var anything = &shape{ty: cty.DynamicPseudoType, open: true}

// shapeOf is the shape of the values of a type. What an object calls optional is
// not always there.
func shapeOf(t cty.Type, always bool) *shape {
	s := &shape{ty: cty.DynamicPseudoType, always: always}
	switch {
	case t.IsObjectType():
		s.members = map[string]*shape{}
		for name, member := range t.AttributeTypes() {
			s.members[name] = shapeOf(member, !t.AttributeOptional(name))
		}
	case t.IsListType() || t.IsSetType():
		s.each = shapeOf(t.ElementType(), true)
	case t.IsPrimitiveType():
		s.ty = t
	default:
		s.open = true
	}
	return s
}

// union is what is known of a part that is of one shape or of the other.
func (s *shape) union(other *shape) *shape {
	if s == other {
		return s
	}
	out := &shape{ty: cty.DynamicPseudoType, always: s.always && other.always}
	switch {
	case s.members != nil && other.members != nil:
		out.open = s.open || other.open
		out.members = map[string]*shape{}
		for name, member := range s.members {
			out.members[name] = member.unless(other, name)
		}
		for name, member := range other.members {
			if out.members[name] == nil {
				out.members[name] = member.unless(s, name)
			}
		}
	case s.each != nil && other.each != nil:
		out.each = s.each.union(other.each)
	case s.isAnything():
		return other.maybe()
	case other.isAnything():
		return s.maybe()
	case s.isPrimitive() && s.ty == other.ty:
		out.ty = s.ty
	default:
		out.open = true
	}
	return out
}

// maybe is what is known of a part that is of the shape or anything else: its
// names, and no type, since what is something else would be converted to it.
func (s *shape) maybe() *shape {
	out := &shape{ty: cty.DynamicPseudoType, open: true}
	if s.each != nil {
		out.each = s.each.maybe()
	}
	if s.members != nil {
		out.members = make(map[string]*shape, len(s.members))
		for name, member := range s.members {
			out.members[name] = member.maybe()
		}
	}
	return out
}

// unless is the member of that name that one of two objects has, other being the
// other one.
func (s *shape) unless(other *shape, name string) *shape {
	switch member := other.members[name]; {
	case member != nil:
		return s.union(member)
	case other.open:
		return s.maybe()
	case !s.always:
		return s
	}
	sometimes := *s
	sometimes.always = false
	return &sometimes
}

func (s *shape) isPrimitive() bool { return s.ty.IsPrimitiveType() }

func (s *shape) isAnything() bool { return s.open && s.members == nil && s.each == nil }

// closed objects have no other members.
func (s *shape) closed() bool { return s.members != nil && !s.open }

// valueType is what expressions may take a value for before it is there. A list
// is one of anything: at run it is a tuple, which joins as such; whether it is
// equal to anything is not asked of this type (comparesLists).
func (s *shape) valueType() cty.Type {
	switch {
	case s.open:
		return cty.DynamicPseudoType
	case s.members != nil:
		members := make(map[string]cty.Type, len(s.members))
		for name, member := range s.members {
			members[name] = member.valueType()
		}
		return cty.Object(members)
	case s.each != nil:
		return cty.List(cty.DynamicPseudoType)
	}
	return s.ty
}

// unknown is a value of the shape that is there, and that is all.
func (s *shape) unknown() cty.Value {
	t := s.valueType()
	if t == cty.DynamicPseudoType {
		return cty.DynamicVal
	}
	return cty.UnknownVal(t).RefineNotNull()
}

// follow goes down the names and indices of a reference. It gives the shapes it
// came to, one for each step that it could go, and ends where nothing is known.
func (s *shape) follow(rest hcl.Traversal) []*shape {
	var way []*shape
	for _, step := range rest {
		if name, ok := nameOf(step); ok {
			s = s.members[name]
		} else {
			s = s.each
		}
		if s == nil {
			break
		}
		way = append(way, s)
	}
	return way
}

// nameOf is the name that a step of a reference goes to, normalised as cty's are;
// ok is false for an index.
func nameOf(step hcl.Traverser) (name string, ok bool) {
	switch step := step.(type) {
	case hcl.TraverseRoot:
		return step.Name, true
	case hcl.TraverseAttr:
		return cty.NormalizeString(step.Name), true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String {
			return step.Key.AsString(), true
		}
	case orNull:
		return step.name, true
	}
	return "", false
}

// eventShape is what the two documents of an event look like.
type eventShape struct{ payload, attributes *shape }

var anyEvent = eventShape{anything, anything}

func (is eventShape) union(other eventShape) eventShape {
	return eventShape{is.payload.union(other.payload), is.attributes.union(other.attributes)}
}

// of is the document that a reference to the event leads into, and the steps
// within it; nil for any other reference.
func (is eventShape) of(traversal hcl.Traversal) (*shape, hcl.Traversal) {
	if len(traversal) < 3 || traversal.RootName() != "event" {
		return nil, nil
	}
	switch name, _ := nameOf(traversal[1]); name {
	case "payload":
		return is.payload, traversal[2:]
	case "attributes":
		return is.attributes, traversal[2:]
	}
	return nil, nil
}
