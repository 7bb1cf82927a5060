package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// plan is what all scopes of a router.Plan share. It never changes.
type plan struct {
	constants *hcl.EvalContext
	// candidates by source and type: what the conditions of the routes that
	// router.Plan.Candidates gives name. The type "" stands for those that no
	// route names.
	candidates map[string]map[string]*paths
	// outputs that expressions refer to, by route/delivery.
	outputs map[string]fields
	// operands of conditions, by their keys.
	operands map[string]*operand
	// drafts are what the routes were made of, in their order.
	drafts []*routeDraft
}

// newPlan turns drafts without errors into closures.
func newPlan(digest string, drafts []*routeDraft, constants *hcl.EvalContext) *router.Plan {
	p := &plan{constants: constants, candidates: map[string]map[string]*paths{}, outputs: map[string]fields{}, operands: map[string]*operand{}, drafts: drafts}
	routes := make([]*router.Route, len(drafts))
	for i, draft := range drafts {
		routes[i] = p.route(draft)
	}
	out := router.NewPlan(digest, routes, p.open)
	p.indexCandidates(out, drafts)
	return out
}

func (p *plan) open(e *router.Event) (router.Scope, error) {
	byType := p.candidates[e.Source]
	candidates, ok := byType[e.Type]
	if !ok {
		candidates = byType[""]
	}
	if candidates == nil {
		candidates = &paths{}
	}
	return &scope{
		plan: p, event: e, candidates: candidates, views: map[*paths]cty.Value{},
		payload: newDocument(e.Payload), attributes: newDocument(e.Attributes), extra: newDocument(e.Extra),
	}, nil
}

// indexCandidates notes, for each source and type, what all conditions that
// will be asked of such an event name together.
func (p *plan) indexCandidates(out *router.Plan, drafts []*routeDraft) {
	conditions := map[string]*paths{}
	for _, draft := range drafts {
		conditions[draft.name] = &paths{}
		if draft.when != nil {
			conditions[draft.name].note("event", draft.when)
		}
		for _, from := range draft.from {
			if p.candidates[from.text] == nil {
				p.candidates[from.text] = map[string]*paths{"": {}}
			}
			for _, on := range draft.on {
				p.candidates[from.text][on.text] = &paths{}
			}
		}
	}
	for source, byType := range p.candidates {
		for eventType, named := range byType {
			for _, route := range out.Candidates(source, eventType) {
				named.merge(conditions[route.Name])
			}
		}
	}
}

func (p *plan) route(draft *routeDraft) *router.Route {
	route := &router.Route{
		Name: draft.name, At: at(draft.header), From: textsOf(draft.from), On: textsOf(draft.on),
		Codes: draft.codes, Final: draft.final,
	}
	if draft.when != nil {
		condition := p.condition(draft)
		route.When = func(s router.Scope) (bool, error) { return p.when(s, draft, condition) }
	}
	// What follows is asked only of a route that has matched: its expressions
	// share one view of the event.
	named := &paths{}
	draft.asksTime = slices.ContainsFunc(draft.expressions(), func(expr hcl.Expression) bool { return len(callsIn(expr, "now")) > 0 })
	for _, d := range draft.deliveries {
		named.note("event", d.expressions()...)
		if p.isRead(draft, d.name) {
			p.outputs[draft.name+"/"+d.name] = d.action.output
		}
	}
	for _, expr := range draft.reply {
		named.note("event", expr)
	}
	if draft.throttle != nil {
		if draft.throttle.by != nil {
			named.note("event", draft.throttle.by)
		}
		route.Throttle = p.throttle(draft, named)
	}
	for _, d := range draft.deliveries {
		spec := router.Spec{
			Name: d.name, To: d.to, Needs: d.needs, Optional: d.optional, Ordered: d.ordered, OnFailure: d.onFailure, Policy: d.policy,
			Input: func(s router.Scope) (json.RawMessage, error) { return p.inputWhole(s, draft, d, named) },
		}
		if attrs, ok := attributesOf(d.with); ok {
			draft.hush(attrs)
			spec.Input = func(s router.Scope) (json.RawMessage, error) { return p.input(s, draft, d, attrs, named) }
		}
		if d.when != nil {
			spec.When = func(s router.Scope) (bool, error) {
				ctx, err := p.after(s, draft, named)
				if err != nil {
					return false, err
				}
				return holds(d.when, ctx)
			}
		}
		route.Deliver = append(route.Deliver, spec)
	}
	if len(draft.reply) > 0 {
		attrs := attributesNamed(draft.reply)
		draft.hush(attrs)
		route.Reply = func(s router.Scope) (json.RawMessage, error) { return p.reply(s, draft, attrs, named) }
	}
	return route
}

// isRead reports whether an expression of the route refers to the delivery's
// output.
func (p *plan) isRead(draft *routeDraft, name string) bool {
	read := &paths{}
	for _, d := range draft.deliveries {
		read.note("deliver", d.expressions()...)
	}
	for _, expr := range draft.reply {
		read.note("deliver", expr)
	}
	return read.below[name] != nil
}

func (p *plan) when(rs router.Scope, draft *routeDraft, condition term) (bool, error) {
	s, err := p.own(rs)
	if err != nil {
		return false, err
	}
	if answer := condition.ask(s); answer != unclear {
		return answer == yes, nil
	}
	variables, err := s.conditionVariables()
	if err != nil {
		return false, err
	}
	return holds(draft.when, s.context(draft, variables))
}

// input evaluates a `with` attribute by attribute.
func (p *plan) input(rs router.Scope, draft *routeDraft, d *deliveryDraft, attrs []attribute, named *paths) (json.RawMessage, error) {
	given, err := p.evaluateEach(rs, draft, attrs, named)
	if err != nil {
		return nil, err
	}
	input, err := d.action.input.encodeMembers(given)
	return input, inputError(d, err)
}

// inputWhole is input for a `with` whose attributes show only in its value.
func (p *plan) inputWhole(rs router.Scope, draft *routeDraft, d *deliveryDraft, named *paths) (json.RawMessage, error) {
	ctx, err := p.after(rs, draft, named)
	if err != nil {
		return nil, err
	}
	v, err := evaluate(d.with, ctx)
	if err != nil {
		if _, _, sensitive := draft.sensitiveOutput(d.with); sensitive {
			err = hushed(d.with)
		}
		return nil, err
	}
	input, err := d.action.input.encode(v)
	return input, inputError(d, err)
}

func inputError(d *deliveryDraft, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: the input of %s: %w", at(d.header), d.to, err)
}

func (p *plan) reply(rs router.Scope, draft *routeDraft, attrs []attribute, named *paths) (json.RawMessage, error) {
	given, err := p.evaluateEach(rs, draft, attrs, named)
	if err != nil {
		return nil, err
	}
	reply, err := draft.replyTo.encodeMembers(given)
	if err != nil {
		return nil, fmt.Errorf("%s: the reply: %w", at(draft.header), err)
	}
	return reply, nil
}

// evaluateEach evaluates attributes that may refer to outputs.
func (p *plan) evaluateEach(rs router.Scope, draft *routeDraft, attrs []attribute, named *paths) (map[string]cty.Value, error) {
	s, err := p.own(rs)
	if err != nil {
		return nil, err
	}
	values := make(map[string]cty.Value, len(attrs))
	var ctx *hcl.EvalContext
	for _, a := range attrs {
		if v, ok := s.find(draft.name, a.ref); ok {
			values[a.name] = v
			continue
		}
		if ctx == nil {
			if ctx, err = p.after(rs, draft, named); err != nil {
				return nil, err
			}
		}
		if values[a.name], err = evaluate(a.expr, ctx); err != nil {
			if a.hushed {
				err = hushed(a.expr)
			}
			return nil, err
		}
	}
	return values, nil
}

// after is what expressions see once the route's deliveries have begun.
func (p *plan) after(rs router.Scope, draft *routeDraft, named *paths) (*hcl.EvalContext, error) {
	s, err := p.own(rs)
	if err != nil {
		return nil, err
	}
	event, err := s.view(named)
	if err != nil {
		return nil, err
	}
	deliver := cty.EmptyObjectVal
	if outputs := s.outputs[draft.name]; len(outputs) > 0 {
		deliver = cty.ObjectVal(outputs)
	}
	variables := map[string]cty.Value{"event": event, "deliver": deliver}
	if s.failure != cty.NilVal {
		variables["failure"] = s.failure
	}
	return s.context(draft, variables), nil
}

// context is a fresh one for each evaluation.
func (s *scope) context(draft *routeDraft, variables map[string]cty.Value) *hcl.EvalContext {
	ctx := draft.constants.NewChild()
	ctx.Variables = variables
	if draft.asksTime {
		ctx.Functions = clock(cty.StringVal(s.event.Received.UTC().Format(time.RFC3339Nano)))
	}
	return ctx
}

func (p *plan) own(rs router.Scope) (*scope, error) {
	if s, ok := rs.(*scope); ok && s.plan == p {
		return s, nil
	}
	return nil, errors.New("the scope was opened by another plan")
}
