package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// routeDraft is a route block that has been read: all of it is known but the
// values that its expressions will have.
type routeDraft struct {
	name string
	// constants are what its expressions see beside the event.
	constants *hcl.EvalContext
	// asksTime: an expression calls now().
	asksTime bool
	// again: the block's for_each has made an earlier route of it.
	again    bool
	rng      hcl.Range // of the whole block
	header   hcl.Range
	from, on []place
	when     hcl.Expression // nil is always true
	codes    map[string]string
	final    bool

	throttle   *throttleDraft // or nil
	deliveries []*deliveryDraft
	reply      map[string]hcl.Expression
	// replyTo are the reply attributes that the route's protocols have.
	replyTo fields
}

// readRoutes reads the route blocks, in file order.
func readRoutes(r *reader, blocks hcl.Blocks, known *world) []*routeDraft {
	var drafts []*routeDraft
	seen := map[string]hcl.Range{}
	for _, block := range blocks {
		name := block.Labels[0]
		if name == "" || strings.ContainsFunc(name, noNamePart) {
			r.add(errorAt(block.LabelRanges[0], "Not a name", "The name of a route must not be empty and have no / in it; %s won't do.", quote(name)))
		}
		for _, draft := range readRoute(r, block, known) {
			r.unique("route", seen, draft.name, block.DefRange)
			drafts = append(drafts, draft)
		}
	}
	reportUnreachable(r, drafts)
	reportUnanswered(r, drafts, known)
	return drafts
}

func wholeRange(block *hcl.Block) hcl.Range {
	switch body := block.Body.(type) {
	case *hclsyntax.Body:
		return hcl.RangeBetween(block.TypeRange, body.SrcRange)
	case jsonBody:
		return hcl.RangeBetween(block.DefRange, body.MissingItemRange()) // where it is closed
	}
	return block.DefRange
}

// routeReader reads one route block.
type routeReader struct {
	*reader
	known *world
	draft *routeDraft
	// shape is what the route's events look like.
	shape eventShape
	// written are the route's block for the shapes that instances of its for_each
	// have had so far; nil for a route without.
	written map[eventShape]*hcl.Block
	// event is what envelope has found.
	event map[string]cty.Value
	// truths and proofs are what without and proves have found.
	truths map[asked]truth
	proofs map[asked]there
	// misspelt: a type in `on` looks like a slip, so that what its events lack is
	// not worth a word.
	misspelt bool
	// owedTo is the event type whose success must carry the reply attribute that is
	// being read, or "".
	owedTo string
	// expressions is what the route's expressions are tried with at load.
	expressions *hcl.EvalContext
}

func (r *routeReader) read(block *hcl.Block) {
	content := r.content(block.Body, routeBody)
	blocks := content.Blocks.ByType()
	r.from(content.Attributes["from"])
	r.on(content.Attributes["on"])
	r.draft.final = r.flag(content.Attributes["final"], false)
	r.codes(content.Attributes["codes"])

	r.shape = r.known.shapeOf(r.draft.from, r.draft.on)
	if own := r.ownBlock(block); own != block {
		content, _ = own.Body.Content(routeBody) // what is wrong with it has been told
		blocks = content.Blocks.ByType()
	}
	seen := map[string]hcl.Range{}
	for _, deliver := range blocks["deliver"] {
		r.draft.deliveries = append(r.draft.deliveries, r.deliver(deliver, seen))
	}
	if onFailure := r.atMostOne(blocks["on_failure"]); onFailure != nil {
		r.onFailure(onFailure, seen)
	}
	r.expressions = r.tryContext()
	if when := content.Attributes["when"]; when != nil {
		r.draft.when = when.Expr
		r.condition(when.Expr, inWhen)
	}
	if throttle := r.atMostOne(blocks["throttle"]); throttle != nil {
		r.throttle(throttle)
	}
	for _, delivery := range r.draft.deliveries {
		delivery.needs = r.needs(delivery)
		r.with(delivery)
		if delivery.when != nil {
			r.condition(delivery.when, delivery.place())
		}
	}
	r.reportKnots()
	if reply := r.atMostOne(blocks["reply"]); reply != nil {
		r.reply(reply)
		r.reportLost(reply)
	}
}

// from reads references: source.KIND.NAME, or source.signalbox.
func (r *routeReader) from(attr *hcl.Attribute) {
	if attr == nil {
		return
	}
	elements, diags := hcl.ExprList(attr.Expr)
	if diags.HasErrors() || len(elements) == 0 {
		summary := "Not a list"
		if !diags.HasErrors() {
			summary = "No source"
		}
		r.add(errorAt(attr.Expr.Range(), summary, `"from" must list sources, in brackets: [source.appdirect.acme].`))
		return
	}
	for _, element := range elements {
		traversal, diags := hcl.AbsTraversalForExpr(element)
		name := strings.Join(steps(traversal), ".")
		bare, isSource := strings.CutPrefix(name, "source.")
		switch {
		case diags.HasErrors() || !isSource:
			r.add(errorAt(element.Range(), "Not a source", "Refer to a source%s: source.KIND.NAME, or source.%s for failures.", unquoted(element), ownSource))
		case r.known.sources[bare].kind == "" && r.known.sources[nearest(bare, keys(r.known.sources))].broken:
			r.draft.from = append(r.draft.from, place{nearest(bare, keys(r.known.sources)), element.Range()}) // the slip is there, and was told
		case r.known.sources[bare].kind == "" && r.known.lost["source"]:
		case r.known.sources[bare].kind == "":
			r.add(errorAt(element.Range(), "Unknown source", "There is no source %s.%s", quote(bare), suggest(bare, keys(r.known.sources))))
		default:
			r.draft.from = append(r.draft.from, place{bare, element.Range()})
		}
	}
	r.draft.from = r.once("source", r.draft.from)
}

// on reads event types. They are an open set, so an unknown one is a warning.
func (r *routeReader) on(attr *hcl.Attribute) {
	r.draft.on = r.once("event type", r.texts(attr))
	if attr == nil {
		return
	}
	if elements, diags := hcl.ExprList(attr.Expr); !diags.HasErrors() && len(elements) == 0 {
		r.add(errorAt(attr.Expr.Range(), "No event type", `"on" lists no type, so that no event could match. Leave the line out for every type.`))
	}
	r.misspelt = len(r.draft.on) == 0
	r.wildcards()
	known, sources := r.knownTypes()
	for _, on := range r.draft.on {
		if len(known) == 0 || slices.Contains(known, on.text) {
			continue
		}
		r.misspelt = r.misspelt || nearest(on.text, known) != ""
		if len(sources) > 0 {
			r.add(warningAt(on.rng, "Unknown event type", "No schema of %s knows %s; the route waits for it all the same, and nothing that it says of such an event is checked.%s",
				join(sources), quote(on.text), suggest(on.text, known)))
			continue
		}
		r.add(warningAt(on.rng, "Unknown event type", "The sources of this route are not known to have events of type %s; the route waits for them all the same.%s", quote(on.text), suggest(on.text, known)))
	}
}

// codes reads the mapping from plugin codes to the protocol's.
func (r *routeReader) codes(attr *hcl.Attribute) {
	if attr == nil {
		return
	}
	var known []string
	for _, from := range r.draft.from {
		known = append(known, r.known.sources[from.text].codes...)
	}
	r.draft.codes = map[string]string{}
	for _, entry := range r.pairs(attr) {
		r.draft.codes[entry.key.text] = entry.value.text
		if len(known) > 0 && !slices.Contains(known, entry.value.text) {
			r.add(warningAt(entry.value.rng, "Unknown code", "The protocol is not known to have the code %s.%s", quote(entry.value.text), suggest(entry.value.text, known)))
		}
	}
}

// condition checks a `when`: of the route, or of one of its deliveries.
func (r *routeReader) condition(expr hcl.Expression, where expressionPlace) {
	v, ok := r.try(expr, where)
	r.refuseSensitive(expr, "a condition", nil)
	if !ok {
		return
	}
	b, err := convert.Convert(v, cty.Bool)
	why := "does not depend on the event"
	if refersTo(expr, "event") || refersTo(expr, "deliver") {
		why = "comes to the same whatever the event has"
	}
	matches, never := "every event of this route's types matches", "this route would never run. Take the route out"
	if where != inWhen {
		matches, never = "the delivery always runs", "the delivery would never run. Take it out"
	}
	switch {
	case err != nil:
		hint := ""
		if _, text := expr.(*jsonText); text {
			hint = ` In JSON, an expression stands in "${…}".`
		}
		r.add(errorAt(expr.Range(), "Not a condition", `"when" can't have this value: %s.%s`, err, hint))
	case !b.IsKnown():
		r.warnAbsent(expr, where)
	case b.IsNull():
		r.add(errorAt(expr.Range(), "Not a condition", `"when" is null for every event. Write a comparison, or leave the line out.`))
	case refersTo(expr, eachVariable): // it may be so for some elements only
	case b.True():
		r.add(errorAt(expr.Range(), "A condition that is always true", `"when" %s: %s. Leave the line out, or compare something of the event.`, why, matches))
	default:
		r.add(errorAt(expr.Range(), "A condition that is always false", `"when" %s: %s, or compare something of the event.`, why, never))
	}
}
