package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/signalbox/signalbox/router"
)

// failureAttributes are what the deliveries of an on_failure block know of the
// failure: the delivery ("route/name") that decided it, or null; the plugin's
// code, or the verdict's own; the operator's text.
func failureAttributes() map[string]cty.Value {
	return map[string]cty.Value{
		"delivery": cty.UnknownVal(cty.String),
		"code":     cty.UnknownVal(cty.String),
		"message":  cty.UnknownVal(cty.String).RefineNotNull(),
	}
}

// failureOf is the same of a failure that has happened.
func failureOf(f router.Failing) cty.Value {
	orNull := func(text string) cty.Value {
		if text == "" {
			return cty.NullVal(cty.String)
		}
		return cty.StringVal(text)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"delivery": orNull(f.Delivery), "code": orNull(f.Code), "message": cty.StringVal(f.Message),
	})
}

// Failed implements router.Scope.
func (s *scope) Failed(f router.Failing) { s.failure = failureOf(f) }

// onFailure reads the deliveries that run when the verdict is an error. Their
// names are unique among all of the route's.
func (r *routeReader) onFailure(block *hcl.Block, seen map[string]hcl.Range) {
	content, diags := block.Body.Content(onFailureBlock().body())
	r.add(diags...)
	if len(content.Blocks) == 0 && !diags.HasErrors() {
		r.add(errorAt(block.DefRange, "Nothing to do on failure", "The block on_failure has no delivery. Add one, or take the block out."))
	}
	for _, deliver := range content.Blocks {
		d := r.deliver(deliver, seen)
		d.onFailure = true
		r.draft.deliveries = append(r.draft.deliveries, d)
	}
}
