package config

import "slices"

// taken is one kind of event: a source and a type; the type "" is every type.
type taken struct{ source, eventType string }

// reportUnreachable reports routes all of whose events an earlier final route
// without a condition takes.
func reportUnreachable(r *reader, drafts []*routeDraft) {
	closed := map[taken]*routeDraft{}
	for _, draft := range drafts {
		if by := closedBy(closed, draft); len(by) > 0 {
			who, it := "The route "+by[0]+` is final, has no "when" and takes`, "it"
			if len(by) > 1 {
				who, it = "The routes "+join(by)+` are final, have no "when" and take`, "them"
			}
			r.add(errorAt(draft.header, "A route that nothing reaches",
				"%s these events first. Give %s a condition, or move this route before %s.", who, it, it))
		}
		if !draft.final || draft.when != nil {
			continue
		}
		for _, event := range eventsOf(draft) {
			if closed[event] == nil {
				closed[event] = draft
			}
		}
	}
}

// closedBy names the final routes that take the draft's events, in the order of those,
// or nothing if some event gets through.
func closedBy(closed map[taken]*routeDraft, draft *routeDraft) []string {
	var by []*routeDraft
	for _, event := range eventsOf(draft) {
		final := closed[event]
		if final == nil {
			final = closed[taken{event.source, ""}]
		}
		if final == nil {
			return nil
		}
		if !slices.Contains(by, final) {
			by = append(by, final)
		}
	}
	var names []string
	for _, final := range by {
		names = append(names, quote(final.name)+" ("+at(final.header)+")")
	}
	return names
}

func eventsOf(draft *routeDraft) []taken {
	var out []taken
	for _, from := range draft.from {
		if len(draft.on) == 0 {
			out = append(out, taken{from.text, ""})
		}
		for _, on := range draft.on {
			out = append(out, taken{from.text, on.text})
		}
	}
	return out
}
