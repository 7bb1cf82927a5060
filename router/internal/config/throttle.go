package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// throttleDraft is a throttle block that has been read.
type throttleDraft struct {
	by    hcl.Expression // nil: all events of the route are alike
	every time.Duration
}

// throttle reads a route's throttle block. Only failures can be throttled: of
// a customer's events none may be left out.
func (r *routeReader) throttle(block *hcl.Block) {
	attrs := r.attributes(block, throttleBlock())
	if slices.ContainsFunc(r.draft.from, func(p place) bool { return p.text != ownSource }) {
		r.add(errorAt(block.DefRange, "A throttle on customers' events",
			"A throttle leaves events out. Only a route of failures can have one: from = [source.%s].", ownSource))
	}
	r.draft.throttle = &throttleDraft{every: r.duration(attrs["every"], 0)}
	by := attrs["by"]
	if by == nil {
		return
	}
	r.draft.throttle.by = by.Expr
	v, ok := r.try(by.Expr, inWhen)
	if !ok {
		return
	}
	if _, err := convert.Convert(v, cty.String); err != nil {
		r.add(errorAt(by.Expr.Range(), "Nothing to tell failures apart by", `"by" must be a text or a number: %s.`, err))
	} else if v.IsKnown() {
		r.add(errorAt(by.Expr.Range(), "Nothing to tell failures apart by",
			`"by" does not depend on the event: all events of the route are alike anyway. Leave the line out, or name something of the event.`))
	}
}

// throttle compiles a throttle block.
func (p *plan) throttle(draft *routeDraft, named *paths) *router.Throttle {
	out := &router.Throttle{Every: draft.throttle.every}
	by := draft.throttle.by
	if by == nil {
		return out
	}
	out.By = func(s router.Scope) (string, error) {
		ctx, err := p.after(s, draft, named)
		if err != nil {
			return "", err
		}
		v, err := evaluate(by, ctx)
		if err != nil {
			return "", err
		}
		if v, err = convert.Convert(v, cty.String); err == nil && v.IsNull() {
			return "", nil // what has no plugin is one thing too
		}
		if err != nil || !v.IsKnown() {
			return "", fmt.Errorf("%s: what the throttle goes by is no text", at(by.Range()))
		}
		return v.AsString(), nil
	}
	return out
}
