package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// reply reads the attributes of the answer.
func (r *routeReader) reply(block *hcl.Block) {
	attrs, diags := block.Body.JustAttributes()
	r.add(diags...)
	var protocols []string
	unknown := false
	for _, from := range r.draft.from {
		facts := r.known.sources[from.text]
		unknown = unknown || facts.broken
		protocols = append(protocols, facts.kind)
		for _, f := range facts.reply {
			if r.draft.replyTo.named(f.name) == nil {
				r.draft.replyTo = append(r.draft.replyTo, optionalField(f))
			}
		}
	}
	for i := range r.draft.replyTo { // by one source's schema a reply is sealed, and it must be the same by all
		f := &r.draft.replyTo[i]
		f.sensitive = !slices.ContainsFunc(r.sources(), func(facts sourceFacts) bool {
			own := facts.reply.named(f.name)
			return own == nil || !own.sensitive
		})
	}
	slices.SortFunc(r.draft.replyTo, func(a, b field) int { return strings.Compare(a.name, b.name) })
	r.draft.reply = map[string]hcl.Expression{}
	for _, name := range keys(attrs) {
		attr := attrs[name]
		r.draft.reply[name] = attr.Expr
		f := r.draft.replyTo.named(name)
		if f == nil && !unknown && len(protocols) > 0 {
			r.add(errorAt(attr.NameRange, "Unknown reply attribute", "A reply by the protocol %s can't carry %s.%s",
				list(slices.Compact(slices.Sorted(slices.Values(protocols)))), quote(name), suggest(name, r.draft.replyTo.names())))
		}
		if f != nil && !f.sensitive {
			r.refuseSensitive(attr.Expr, "the reply attribute "+quote(name), r.draft.replyTo.sensitiveNames())
		}
		r.owedTo = r.typeOwed(name)
		if v, ok := r.try(attr.Expr, inReply); ok && f != nil {
			r.fits(v, *f, attr.Expr.Range(), "reply attribute")
			r.warnValue(nil, attr.Expr, inReply)
			r.warnOwed(name, attr.Expr)
		}
		r.owedTo = ""
	}
}

// optionalField: what a reply must have depends on the event; the source says
// so when the verdict is there.
func optionalField(f field) field {
	f.required = false
	return f
}

// reportLost warns of reply attributes that none of the route's types takes:
// the source would leave them out.
func (r *routeReader) reportLost(block *hcl.Block) {
	taken := map[string]bool{}
	for _, facts := range r.sources() {
		for _, on := range r.draft.on {
			attrs, known := facts.takes[on.text]
			if !known {
				return
			}
			for _, name := range attrs {
				taken[name] = true
			}
		}
	}
	attrs, _ := block.Body.JustAttributes()
	for _, name := range keys(attrs) {
		if len(r.draft.on) > 0 && !taken[name] && r.draft.replyTo.named(name) != nil {
			r.add(warningAt(attrs[name].NameRange, "An attribute that is not sent",
				"The answer to %s does not hold %s; it is left out.", list(textsOf(r.draft.on)), quote(name)))
		}
	}
}

// reportUnanswered reports types that the protocol wants an attribute of, and
// no route that takes them replies with it: each such event would be held.
// Where only routes for every type take them, it may be that none ever comes:
// that is a warning, and only if the source's routes answer no such type.
func reportUnanswered(r *reader, drafts []*routeDraft, known *world) {
	for _, source := range keys(known.sources) {
		required := known.sources[source].required
		var open *routeDraft
		var waiting []string
		said := false
		for _, eventType := range keys(required) {
			attr := required[eventType]
			takers := takersOf(drafts, source, eventType)
			named := slices.IndexFunc(takers, func(d *routeDraft) bool { return len(d.on) > 0 })
			switch {
			case len(takers) == 0:
			case slices.ContainsFunc(takers, func(d *routeDraft) bool { return d.reply[attr] != nil }):
				said = true
				r.reportHalfAnswered(source, eventType, attr, takers)
			case named >= 0:
				said = true
				r.add(errorAt(takers[named].header, "No answer to give",
					"A success of %s must reply with %s, and no route that takes it from %s does: each such event would be held. Add reply { %s = … } to the route.",
					eventType, attr, source, attr))
			default:
				open = takers[0]
				waiting = append(waiting, eventType+" with "+attr)
			}
		}
		if open != nil && !said {
			r.add(warningAt(open.header, "No answer to give",
				"This route takes every event from %s, and no route replies to %s: a success of such an event would be held. Add a route with a reply for it.",
				source, strings.Join(waiting, " or to ")))
		}
	}
}

// reportHalfAnswered warns of a route that may take such an event when none that
// replies does: those that reply all have conditions.
func (r *reader) reportHalfAnswered(source, eventType, attr string, takers []*routeDraft) {
	for _, d := range takers {
		if d.reply[attr] != nil && d.when == nil {
			return
		}
	}
	for _, d := range takers {
		if d.reply[attr] == nil && len(d.on) > 0 {
			r.add(warningAt(d.header, "An answer that may be lacking",
				"A success of %s must reply with %s. The routes that give it for %s have conditions: an event that only this route takes would be held. Add reply { %s = … } here too.",
				eventType, attr, source, attr))
		}
	}
}

// takersOf are the routes that take such an event, in file order.
func takersOf(drafts []*routeDraft, source, eventType string) []*routeDraft {
	var out []*routeDraft
	for _, d := range drafts {
		from := slices.ContainsFunc(d.from, func(p place) bool { return p.text == source })
		on := len(d.on) == 0 || slices.ContainsFunc(d.on, func(p place) bool { return p.text == eventType })
		if from && on {
			out = append(out, d)
		}
	}
	return out
}
