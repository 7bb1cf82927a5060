package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// scope is what the expressions of a plan see of one event.
type scope struct {
	plan  *plan
	event *router.Event
	// candidates is what the conditions of the event's routes name, and
	// conditions what those conditions see once one has been asked.
	candidates *paths
	conditions map[string]cty.Value
	// operands of conditions that were evaluated already.
	operands map[*operand]cty.Value
	// views are the parts of the event that were converted already.
	views map[*paths]cty.Value
	// found are the values of references, by their keys.
	found                      map[string]cty.Value
	payload, attributes, extra document
	// outputs by route and delivery.
	outputs map[string]map[string]cty.Value
	// failure is cty.NilVal unless the event has failed.
	failure cty.Value
}

// document is a JSON value of the event, checked when the first expression
// names something of it.
type document struct {
	raw     json.RawMessage
	checked bool
	err     error
}

func newDocument(raw json.RawMessage) document {
	if len(raw) == 0 {
		raw = json.RawMessage("{}")
	}
	return document{raw: raw}
}

// check fails for what is not JSON, and for what has too many values.
func (d *document) check() error {
	if !d.checked {
		d.checked = true
		if d.err = checkJSON(d.raw); d.err == nil {
			d.err = checkValues(d.raw)
		}
	}
	return d.err
}

// read converts the parts that are named.
func (d *document) read(named *paths) (cty.Value, error) {
	if err := d.check(); err != nil {
		return cty.NilVal, err
	}
	return (&jsonReader{raw: d.raw}).value(named)
}

// members converts the named members of an object.
func (d *document) members(named *paths) (map[string]cty.Value, error) {
	v, err := d.read(named)
	if err != nil {
		return nil, err
	}
	if !v.Type().IsObjectType() {
		return nil, errors.New("it is not an object")
	}
	return v.AsValueMap(), nil
}

// absent stands for what an object does not have, or has as null.
var absent = cty.NilVal

// find converts the value under these names, one below the other, or gives
// absent. ok is false where the way leads through what is no object.
func (d *document) find(names []string) (v cty.Value, ok bool) {
	r := jsonReader{raw: d.raw}
	if d.check() != nil {
		return absent, false
	}
	found, lacking := r.find(names)
	if !found {
		return absent, lacking
	}
	v, err := r.value(everything)
	return v, err == nil
}

// view converts the parts of the event that p names.
func (s *scope) view(p *paths) (cty.Value, error) {
	if v, ok := s.views[p]; ok {
		return v, nil
	}
	named := p
	if p.whole {
		var err error
		if named, err = s.wholeEvent(); err != nil {
			return cty.NilVal, err
		}
	}
	attrs := make(map[string]cty.Value, len(named.below))
	for name, below := range named.below {
		v, err := s.attribute(name, below)
		if err != nil {
			return cty.NilVal, fmt.Errorf("reading the event's %s: %w", name, err)
		}
		attrs[name] = v
	}
	v := cty.ObjectVal(attrs)
	s.views[p] = v
	return v, nil
}

// conditionVariables are shared by all conditions asked of the event; nothing
// writes to them.
func (s *scope) conditionVariables() (map[string]cty.Value, error) {
	if s.conditions == nil {
		event, err := s.view(s.candidates)
		if err != nil {
			return nil, err
		}
		s.conditions = map[string]cty.Value{"event": event}
	}
	return s.conditions, nil
}

// wholeEvent names all that the event has.
func (s *scope) wholeEvent() (*paths, error) {
	all := &paths{below: map[string]*paths{}}
	for name := range eventAttributes(nil) {
		all.below[name] = everything
	}
	extra, err := s.extra.members(everything)
	if err != nil {
		return nil, fmt.Errorf("reading what the event's source adds to it: %w", err)
	}
	for name := range extra {
		all.below[name] = everything
	}
	return all, nil
}

// attribute is the envelope's attribute of that name (router.Envelope), except
// that caused_by is null where there is no cause, and so is what only events of
// other kinds have.
func (s *scope) attribute(name string, p *paths) (cty.Value, error) {
	e := s.event
	switch name {
	case "id":
		return cty.StringVal(e.ID), nil
	case "source":
		return cty.StringVal(e.Source), nil
	case "type":
		return cty.StringVal(e.Type), nil
	case "flag":
		return cty.StringVal(string(e.Flag)), nil
	case "lane":
		return cty.StringVal(e.Lane), nil
	case "received":
		return cty.StringVal(e.Received.UTC().Format(time.RFC3339Nano)), nil
	case "caused_by":
		if e.CausedBy == "" {
			return cty.NullVal(cty.String), nil
		}
		return cty.StringVal(e.CausedBy), nil
	case "payload":
		return s.payload.read(p)
	case "attributes":
		return s.attributes.read(p)
	}
	extra, err := s.extra.members(&paths{below: map[string]*paths{name: p}})
	if v, ok := extra[name]; ok {
		return v, err
	}
	return cty.NullVal(cty.DynamicPseudoType), err
}

// Output implements router.Scope.
func (s *scope) Output(delivery string, v json.RawMessage) error {
	output, ok := s.plan.outputs[delivery]
	if !ok {
		return nil // nobody refers to it
	}
	value, err := output.decode(v)
	if err != nil {
		return fmt.Errorf("reading the output of %s: %w", delivery, err)
	}
	route, name, _ := strings.Cut(delivery, "/")
	if s.outputs == nil {
		s.outputs = map[string]map[string]cty.Value{}
	}
	if s.outputs[route] == nil {
		s.outputs[route] = map[string]cty.Value{}
	}
	s.outputs[route][name] = value
	return nil
}
