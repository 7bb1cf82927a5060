package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
)

// knownTypes are the event types that the route's sources are known to have;
// none where one of them may have any. sources are those whose types the operator
// has declared.
func (r *routeReader) knownTypes() (known, sources []string) {
	for _, from := range r.draft.from {
		facts := r.known.sources[from.text]
		switch declared := facts.declaredTypes(); {
		case len(facts.types) > 0:
			known = append(known, facts.types...)
		case len(declared) > 0:
			known, sources = append(known, declared...), append(sources, from.text)
		default:
			return nil, nil
		}
	}
	return known, sources
}

// declaredTypes are those of a source's schema blocks, if none is for the rest:
// whoever names some types has listed what comes.
func (facts *sourceFacts) declaredTypes() []string {
	rest := slices.ContainsFunc(facts.shapes.text, func(s router.Shape) bool { return len(s.On) == 0 && s.Payload != nil })
	if !facts.declares || rest {
		return nil
	}
	return keys(facts.shapes.byType)
}

// wrongLabels is what HCL calls a block with a label too few or too many.
var wrongLabels = regexp.MustCompile(`^(?:Missing \w+|Extraneous label) for (\w+)$`)

// lostBlocks are the types of the blocks that HCL leaves out for their labels.
func lostBlocks(diags hcl.Diagnostics) map[string]bool {
	lost := map[string]bool{}
	for _, diag := range diags {
		if found := wrongLabels.FindStringSubmatch(diag.Summary); found != nil {
			lost[found[1]] = true
		}
	}
	return lost
}

// wildcards refuses patterns: routes are found by the type, letter by letter.
func (r *routeReader) wildcards() {
	for _, on := range r.draft.on {
		before, _, found := strings.Cut(on.text, "*")
		if !found {
			continue
		}
		r.misspelt = true
		instead := "leave the line out for every type"
		if before != "" {
			instead = "leave the line out, and write when = startswith(event.type, " + quote(before) + ")"
		}
		r.add(errorAt(on.rng, "No wildcards", `"on" compares types letter by letter, so that %s would match no event. List the types, or %s.`, quote(on.text), instead))
	}
	r.draft.on = slices.DeleteFunc(r.draft.on, func(on place) bool { return strings.Contains(on.text, "*") })
}
