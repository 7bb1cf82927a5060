package router

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// FailureShapes are what failure events look like: Failure as it is written.
// What tells of an event has it; the rest depends on what has failed.
func FailureShapes() []Shape {
	delivery := []string{TypeDeliveryFailed, TypeDeliveryNeedsOperator}
	event := []string{
		TypeEventHeld, TypeEventFailed, TypeEventUnrouted, TypePendingOverdue, TypeFetchUnauthorized, TypeFetchFailed,
		TypeCallbackRefused, TypeCallbackUnauthorized, TypeCallbackFailed,
	}
	return []Shape{
		failureShape(delivery, "event", "delivery", "plugin", "action"),
		failureShape(event, "event"),
		failureShape([]string{TypePluginDown, TypePluginUp}, "plugin"),
		failureShape([]string{TypeSourceRefused}, "source", "count"),
		failureShape(nil),
	}
}

// failureShape is that of the types whose failures always have these members. A
// summary whose last failure is not in the journal any more has none of them; it
// is too rare to warn everybody of.
func failureShape(on []string, always ...string) Shape {
	members := []struct{ name, typ string }{
		{"event", `["object",{"id":"string","source":"string","type":"string","lane":"string"}]`},
		{"source", `"string"`}, {"count", `"number"`},
		{"delivery", `"string"`}, {"plugin", `"string"`}, {"action", `"string"`}, {"attempts", `"number"`},
		{"code", `"string"`}, {"message", `"string"`}, {"may_have_run", `"bool"`},
		{"verdict", `["object",{"kind":"string","code":"string","message":"string","reply":"dynamic","failed":"dynamic"},["code","failed","message","reply"]]`},
		{"suppressed", `"number"`}, {"since", `"string"`}, {"command", `"string"`},
	}
	var types, optional []string
	for _, m := range members {
		types = append(types, fmt.Sprintf("%q:%s", m.name, m.typ))
		if !slices.Contains(always, m.name) {
			optional = append(optional, fmt.Sprintf("%q", m.name))
		}
	}
	return Shape{
		On:         on,
		Payload:    json.RawMessage(`["object",{` + strings.Join(types, ",") + `},[` + strings.Join(optional, ",") + `]]`),
		Attributes: json.RawMessage(`["object",{}]`),
	}
}
