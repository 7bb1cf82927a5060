package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
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
}

// newPlan turns drafts without errors into closures.
func newPlan(digest string, drafts []*routeDraft, constants *hcl.EvalContext) *router.Plan {
	p := &plan{constants: constants, candidates: map[string]map[string]*paths{}, outputs: map[string]fields{}}
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
	return &scope{plan: p, event: e, candidates: candidates, views: map[*paths]cty.Value{}}, nil
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
		c := newCondition(draft.when)
		route.When = func(s router.Scope) (bool, error) { return p.when(s, c) }
	}
	// What follows is asked only of a route that has matched: its expressions
	// share one view of the event.
	named := &paths{}
	for _, d := range draft.deliveries {
		if d.with != nil {
			named.note("event", d.with)
		}
		if p.isRead(draft, d.name) {
			p.outputs[draft.name+"/"+d.name] = d.action.output
		}
	}
	for _, expr := range draft.reply {
		named.note("event", expr)
	}
	for _, d := range draft.deliveries {
		route.Deliver = append(route.Deliver, router.Spec{
			Name: d.name, To: d.to, Needs: d.needs, Optional: d.optional, Ordered: d.ordered, Policy: d.policy,
			Input: func(s router.Scope) (json.RawMessage, error) { return p.input(s, draft, d, named) },
		})
	}
	if len(draft.reply) > 0 {
		route.Reply = func(s router.Scope) (json.RawMessage, error) { return p.reply(s, draft, named) }
	}
	return route
}

// isRead reports whether an expression of the route refers to the delivery's
// output.
func (p *plan) isRead(draft *routeDraft, name string) bool {
	for _, d := range draft.deliveries {
		if slices.Contains(d.needs, name) {
			return true
		}
	}
	read := &paths{}
	for _, expr := range draft.reply {
		read.note("deliver", expr)
	}
	return read.below[name] != nil
}

func (p *plan) when(rs router.Scope, c *condition) (bool, error) {
	s, err := p.own(rs)
	if err != nil {
		return false, err
	}
	variables, err := s.conditionVariables()
	if err != nil {
		return false, err
	}
	return c.holds(p.context(variables))
}

func (p *plan) input(rs router.Scope, draft *routeDraft, d *deliveryDraft, named *paths) (json.RawMessage, error) {
	v := cty.EmptyObjectVal
	if d.with != nil {
		ctx, err := p.after(rs, draft, named)
		if err != nil {
			return nil, err
		}
		if v, err = evaluate(d.with, ctx); err != nil {
			return nil, err
		}
	}
	input, err := d.action.input.encode(v)
	if err != nil {
		return nil, fmt.Errorf("%s: the input of %s: %w", at(d.header), d.to, err)
	}
	return input, nil
}

func (p *plan) reply(rs router.Scope, draft *routeDraft, named *paths) (json.RawMessage, error) {
	ctx, err := p.after(rs, draft, named)
	if err != nil {
		return nil, err
	}
	attrs := map[string]cty.Value{}
	for _, name := range keys(draft.reply) {
		if attrs[name], err = evaluate(draft.reply[name], ctx); err != nil {
			return nil, err
		}
	}
	reply, err := draft.replyTo.encode(cty.ObjectVal(attrs))
	if err != nil {
		return nil, fmt.Errorf("%s: the reply: %w", at(draft.header), err)
	}
	return reply, nil
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
	return p.context(map[string]cty.Value{"event": event, "deliver": cty.ObjectVal(s.outputs[draft.name])}), nil
}

// context is a fresh one for each evaluation.
func (p *plan) context(variables map[string]cty.Value) *hcl.EvalContext {
	ctx := p.constants.NewChild()
	ctx.Variables = variables
	return ctx
}

func (p *plan) own(rs router.Scope) (*scope, error) {
	if s, ok := rs.(*scope); ok && s.plan == p {
		return s, nil
	}
	return nil, errors.New("the scope was opened by another plan")
}

// evaluate gives the first error with the words of the expression it is about.
func evaluate(expr hcl.Expression, ctx *hcl.EvalContext) (cty.Value, error) {
	v, diags := expr.Value(ctx)
	for _, diag := range diags {
		if diag.Severity == hcl.DiagError {
			return cty.NilVal, evaluationError(diag, expr)
		}
	}
	return v, nil
}

func evaluationError(diag *hcl.Diagnostic, expr hcl.Expression) error {
	rng := expr.Range()
	if diag.Subject != nil {
		rng = *diag.Subject
	}
	what := diag.Summary
	if reference, ok := diag.Expression.(*hclsyntax.ScopeTraversalExpr); ok {
		what = strings.Join(steps(reference.Traversal), ".")
	}
	return fmt.Errorf("%s: %s: %s", at(rng), what, diag.Detail)
}
