package config

// taken is one kind of event: a source and a type; the type "" is every type.
type taken struct{ source, eventType string }

// reportUnreachable reports routes all of whose events an earlier final route
// without a condition takes.
func reportUnreachable(r *reader, drafts []*routeDraft) {
	closed := map[taken]*routeDraft{}
	for _, draft := range drafts {
		if by := closedBy(closed, draft); by != nil {
			r.add(errorAt(draft.header, "A route that nothing reaches",
				`The route %s (%s) is final, has no "when" and takes these events first. Give it a condition, or move this route before it.`, quote(by.name), at(by.header)))
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

// closedBy returns the final route that takes the draft's events, the last of
// them if there are several, or nil if some event gets through.
func closedBy(closed map[taken]*routeDraft, draft *routeDraft) *routeDraft {
	var by *routeDraft
	for _, event := range eventsOf(draft) {
		final := closed[event]
		if final == nil {
			final = closed[taken{event.source, ""}]
		}
		if final == nil {
			return nil
		}
		by = final
	}
	return by
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
