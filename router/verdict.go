package router

import "encoding/json"

// VerdictKind is what all outcomes of an event come to.
type VerdictKind string

const (
	// Success: all required deliveries succeeded, and no optional one had
	// failed by then.
	Success VerdictKind = "success"
	// Warning: a success with an optional delivery that failed.
	Warning VerdictKind = "warning"
	// Error: a required delivery was rejected, or the event could not be
	// routed, or an operator or the clock gave up.
	Error VerdictKind = "error"

	// Accepted is no verdict: it is what a caller is told who can't wait for
	// one (202; or success, where the protocol has no later answer).
	Accepted VerdictKind = "accepted"
	// NotNow is no verdict: the daemon can't take the event in.
	NotNow VerdictKind = "not now"
)

// Codes of verdicts that are the router's own. A source maps them to its
// protocol's.
const (
	// CodeUnrouted: no route takes the event.
	CodeUnrouted = "signalbox.unrouted"
	// CodeFailed: a route's expression failed before anything ran.
	CodeFailed = "signalbox.failed"
	// CodeGaveUp: held work was not resolved in time, or an operator ended it.
	CodeGaveUp = "signalbox.gave_up"
	// CodeFetch: the event could not be had, for good.
	CodeFetch = "signalbox.fetch"
)

// Verdict is the content of the one answer an event gets. Once settled it
// never changes.
type Verdict struct {
	Kind VerdictKind `json:"kind"`
	// Code is the plugin's code after the route's mapping, or one of the Code
	// constants; "" on success.
	Code string `json:"code,omitempty"`
	// Message is public: the marketplace's customer may read it.
	Message string `json:"message,omitempty"`
	// Reply holds the reply attributes of the routes, a JSON object, or nil.
	Reply json.RawMessage `json:"reply,omitempty"`
	// Failed are the deliveries that had been rejected by then, and the optional
	// ones that failed in another way, in file order. It is there for the events
	// that Limits calls Synchronous.
	Failed []Failed `json:"failed,omitempty"`
}

// Failed is what the caller may know of a delivery that failed.
type Failed struct {
	Optional bool `json:"optional,omitempty"`
	// Code is the plugin's code after the route's mapping, or "".
	Code string `json:"code,omitempty"`
	// Message is public.
	Message string `json:"message,omitempty"`
}
