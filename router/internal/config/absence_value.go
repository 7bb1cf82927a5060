package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// computed warns of a value that can't be computed for events that lack a field:
// a text with a null in it, or a function that takes none. Such an input or reply
// would pass every test with a whole event, and fail for the first customer who
// has no first name.
func (w *valueWalker) computed(expr hcl.Expression, have there) {
	if _, diags := w.valueWithout(expr); diags.HasErrors() { // it hangs on a variable of a `for`, or on what is told elsewhere
		return
	}
	for _, l := range w.shape.lacks(expr) {
		if w.told[pathKey(l.names)] {
			continue
		}
		for _, path := range slices.Backward(l.missing) {
			if have.has(path) {
				continue
			}
			if _, diags := w.valueWithout(expr, path); diags.HasErrors() {
				w.told[pathKey(l.names)] = true
				rng := failedAt(expr, diags)
				w.add(warningAt(rng, "A value that may be lacking", "For an event without %s this can't be computed: %s, %s. Write coalesce(%s, %s)%s.",
					l.text, w.consequence(), readsNull, l.text, l.example(), wayInTemplate(expr, rng)))
				break
			}
		}
	}
}

// consequence is what becomes of the event.
func (w *valueWalker) consequence() string {
	switch {
	case w.delivery == nil:
		return "the event is held, without an answer"
	case w.delivery.spared():
		return "this delivery fails"
	}
	return "the event fails, or is held if a call was made before"
}

// spared: what becomes of the delivery does not decide what becomes of the event.
func (d *deliveryDraft) spared() bool { return d.optional || d.onFailure }

// example is a value that could take the field's place.
func (l *lack) example() string {
	switch l.ty {
	case cty.String:
		return `"…"`
	case cty.Number:
		return "0"
	case cty.Bool:
		return "false"
	}
	return "…"
}

// wayInTemplate: a text that stands by itself can ask for what it is given.
func wayInTemplate(expr hcl.Expression, failed hcl.Range) string {
	for _, call := range callsIn(expr, "template", "templatefile") {
		if call.Range().ContainsPos(failed.Start) {
			return ", or have the text ask: %{ if NAME != null }…%{ endif }"
		}
	}
	return ""
}

// failedAt is where an evaluation failed, if that is in the expression, else the expression.
func failedAt(expr hcl.Expression, diags hcl.Diagnostics) hcl.Range {
	whole := expr.Range()
	for _, diag := range diags {
		if rng := rangeOf(diag); diag.Severity == hcl.DiagError && rng.Filename == whole.Filename && whole.ContainsPos(rng.Start) {
			return rng
		}
	}
	return whole
}
