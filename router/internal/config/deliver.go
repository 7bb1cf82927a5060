package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// deliveryDraft is a deliver block that has been read.
type deliveryDraft struct {
	name   string
	header hcl.Range
	to     router.ActionRef
	// action is nil where it is not known; an error or a broken plugin says why.
	action            *actionFacts
	with              hcl.Expression // nil is {}
	when              hcl.Expression // nil is always true
	needs             []string
	optional, ordered bool
	// onFailure: it stands in the route's on_failure block.
	onFailure bool
	policy    router.Policy
}

// expressions are those of the delivery that there are.
func (d *deliveryDraft) expressions() (out []hcl.Expression) {
	for _, expr := range []hcl.Expression{d.with, d.when} {
		if expr != nil {
			out = append(out, expr)
		}
	}
	return out
}

// waits is where the delivery says what it needs.
func (d *deliveryDraft) waits() hcl.Range {
	for _, expr := range d.expressions() {
		for _, traversal := range expr.Variables() {
			if traversal.RootName() == "deliver" {
				return expr.Range()
			}
		}
	}
	return d.header
}

// deliver reads all of a delivery but what its input refers to: for that, every
// delivery of the route must be known.
func (r *routeReader) deliver(block *hcl.Block, seen map[string]hcl.Range) *deliveryDraft {
	d := &deliveryDraft{name: block.Labels[0], header: block.DefRange}
	r.identifier("delivery", d.name, block.LabelRanges[0])
	r.unique("delivery", seen, d.name, block.DefRange)
	content := r.content(block.Body, deliverBody)
	attrs := content.Attributes
	if to := attrs["to"]; to != nil {
		r.to(d, to.Expr)
	}
	if with := attrs["with"]; with != nil {
		d.with = with.Expr
	}
	if when := attrs["when"]; when != nil {
		d.when = when.Expr
	}
	d.optional = r.flag(attrs["optional"], false)
	d.ordered = r.flag(attrs["ordered"], true)
	d.policy = r.policy(attrs, r.atMostOne(content.Blocks))
	return d
}

// policy is how a delivery is tried, where the block says nothing else.
func (r *routeReader) policy(attrs hcl.Attributes, retry *hcl.Block) router.Policy {
	policy := router.DefaultPolicy()
	timeout := attrs["timeout"]
	policy.Timeout = r.duration(timeout, policy.Timeout)
	if retry == nil {
		return policy
	}
	attrs = r.content(retry.Body, retryBody).Attributes
	policy.Attempts = r.count(attrs["attempts"], policy.Attempts)
	policy.Initial = r.duration(attrs["initial"], policy.Initial)
	policy.Max = r.duration(attrs["max"], max(policy.Max, policy.Initial))
	policy.Within = r.duration(attrs["within"], policy.Within)
	if policy.Initial > policy.Max {
		r.add(errorAt(attrs["max"].Expr.Range(), "Waits that shrink", `"max" is shorter than "initial", the wait after the first attempt. Make it at least %s.`, policy.Initial))
	}
	if policy.Timeout > policy.Within {
		at := attrs["within"]
		if at == nil {
			at = timeout
		}
		r.add(warningAt(at.Expr.Range(), "No time for a second attempt",
			`An attempt may take %s ("timeout"), and %s after the first began no other is made ("within"): what is slow once is not tried again. Make "timeout" shorter.`, policy.Timeout, policy.Within))
	}
	return policy
}

// to reads a reference: plugin.NAME.ACTION.
func (r *routeReader) to(d *deliveryDraft, expr hcl.Expression) {
	traversal, diags := hcl.AbsTraversalForExpr(expr)
	path := steps(traversal)
	if diags.HasErrors() || len(path) != 3 || path[0] != "plugin" {
		r.add(errorAt(expr.Range(), "Not an action", "Refer to a plugin's action%s: plugin.NAME.ACTION.", unquoted(expr)))
		return
	}
	d.to = router.ActionRef{Plugin: path[1], Action: path[2]}
	facts, ok := r.known.plugins[d.to.Plugin]
	if !ok && r.known.lost["plugin"] {
		return
	}
	if !ok {
		r.add(errorAt(expr.Range(), "Unknown plugin", "There is no plugin %s.%s", quote(d.to.Plugin), suggest(d.to.Plugin, keys(r.known.plugins))))
		return
	}
	if facts.broken {
		return
	}
	if d.action = facts.actions[d.to.Action]; d.action == nil {
		r.add(errorAt(expr.Range(), "Unknown action", "Plugin %s has no action %s.%s", quote(d.to.Plugin), quote(d.to.Action), suggest(d.to.Action, keys(facts.actions))))
	}
}

// with checks a delivery's input against the action's, and learns what it needs.
func (r *routeReader) with(d *deliveryDraft) {
	if d.with == nil {
		r.lacksNothing(d, nil, d.header)
		return
	}
	entries, diags := hcl.ExprMap(d.with)
	if diags.HasErrors() {
		r.withWhole(d)
		return
	}
	given := map[string]hcl.Range{}
	complete := true
	for _, entry := range entries {
		key, diags := entry.Key.Value(nil)
		if diags.HasErrors() || !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
			complete = false // a name that is computed: checked when it is known
			for _, expr := range []hcl.Expression{entry.Key, entry.Value} {
				r.try(expr, d.place())
				r.refuseSensitive(expr, "an input whose name is computed", nil)
			}
			continue
		}
		name := key.AsString()
		if first, twice := given[name]; twice {
			r.add(errorAt(entry.Key.Range(), "An input twice", "The input %s is given at %s already.", quote(name), at(first)))
		}
		given[name] = entry.Key.Range()
		r.input(d, name, entry)
	}
	if complete {
		r.lacksNothing(d, given, d.with.Range())
	}
}

// place is where the delivery's expressions stand.
func (d *deliveryDraft) place() expressionPlace {
	if d.onFailure {
		return inFailure
	}
	return inWith
}

// input checks one input.
func (r *routeReader) input(d *deliveryDraft, name string, entry hcl.KeyValuePair) {
	v, ok := r.try(entry.Value, d.place())
	if d.action == nil {
		return
	}
	f := d.action.input.named(name)
	if f == nil {
		r.add(errorAt(entry.Key.Range(), "Unknown input", "The action %s takes no input %s.%s", d.to, quote(name), suggest(name, d.action.input.names())))
		return
	}
	if f.sensitive {
		r.warnLiteral(d, name, entry.Value)
	} else {
		r.refuseSensitive(entry.Value, "the input "+quote(name)+" of "+d.to.String(), d.action.input.sensitiveNames())
	}
	if ok {
		before := len(r.diags)
		r.fits(v, *f, entry.Value.Range(), "input")
		r.warnValue(d, entry.Value, d.place())
		if len(r.diags) == before {
			r.warnNull(d, *f, entry.Value)
		}
	}
}

// withWhole checks an input that is computed as a whole: merge(…), say.
func (r *routeReader) withWhole(d *deliveryDraft) {
	v, ok := r.try(d.with, d.place())
	if !ok {
		return
	}
	t := v.Type()
	var inputs []string
	if t.IsObjectType() {
		inputs = keys(t.AttributeTypes())
	}
	r.refuseSensitiveWith(d, inputs)
	r.warnValue(d, d.with, d.place())
	if t == cty.DynamicPseudoType {
		return
	}
	if !t.IsObjectType() && !t.IsMapType() {
		r.add(errorAt(d.with.Range(), "Wrong type", `"with" must be an object of inputs, in braces, and not %s.`, typeInWords(t.FriendlyName())))
		return
	}
	if d.action == nil || !t.IsObjectType() {
		return
	}
	given := map[string]hcl.Range{}
	for _, name := range inputs {
		given[name] = d.with.Range()
		if d.action.input.named(name) == nil {
			r.add(errorAt(d.with.Range(), "Unknown input", "The action %s takes no input %s.%s", d.to, quote(name), suggest(name, d.action.input.names())))
		}
	}
	r.lacksNothing(d, given, d.with.Range())
}

// lacksNothing reports required inputs that are not given.
func (r *routeReader) lacksNothing(d *deliveryDraft, given map[string]hcl.Range, rng hcl.Range) {
	if d.action == nil {
		return
	}
	var missing []string
	for _, f := range d.action.input {
		if _, ok := given[f.name]; !ok && f.required && f.preset == cty.NilVal {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		r.add(errorAt(rng, "A required input is missing", "The action %s needs %s in its \"with\".", d.to, list(missing)))
	}
}

// fits reports a value that can't be converted to the field's type, a null that is
// known to be one, and a text that is none of the field's values.
func (r *reader) fits(v cty.Value, f field, rng hcl.Range, what string) {
	converted, err := convert.Convert(v, f.ty)
	if err != nil {
		r.add(errorAt(rng, "Wrong type", "The %s %s can't have this value: %s.", what, quote(f.name), err))
		return
	}
	if f.required && f.preset == cty.NilVal && converted.IsNull() {
		r.add(errorAt(rng, "A value is missing", "The %s %s is required; it must not be null.", what, quote(f.name)))
	}
	if v, _ := converted.Unmark(); len(f.values) > 0 && !f.sensitive && v.Type() == cty.String && v.IsKnown() && !v.IsNull() && !slices.Contains(f.values, v.AsString()) {
		r.add(errorAt(rng, "Unknown value", "The %s %s can't be %s.%s", what, quote(f.name), quote(v.AsString()), suggest(v.AsString(), f.values)))
	}
}

// steps gives the names of a traversal, or nil if it has anything else.
func steps(traversal hcl.Traversal) []string {
	var out []string
	for _, step := range traversal {
		name, ok := nameOf(step)
		if !ok {
			return nil
		}
		out = append(out, name)
	}
	return out
}

// needs names the deliveries of the route that a delivery refers to, in file
// order. References to what is not there are reported where they are tried. What
// runs on failure comes when the others have ended: it does not need what it
// only tries to refer to.
func (r *routeReader) needs(d *deliveryDraft) []string {
	named := map[string]bool{}
	for _, expr := range d.expressions() {
		guarded := guardedRanges(expr)
		for _, traversal := range expr.Variables() {
			if d.onFailure && slices.Contains(guarded, traversal.SourceRange()) {
				continue
			}
			if path := steps(traversal[:min(len(traversal), 2)]); len(path) == 2 && path[0] == "deliver" {
				named[path[1]] = true
			}
		}
	}
	var out []string
	for _, d := range r.draft.deliveries {
		if named[d.name] {
			out = append(out, d.name)
		}
	}
	return out
}
