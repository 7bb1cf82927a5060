package router

import (
	"context"
	"encoding/json"
	"time"
)

// OutcomeKind is what an attempt came to.
type OutcomeKind string

const (
	// Succeeded: it is done; Output holds what it gave.
	Succeeded OutcomeKind = "succeeded"
	// Retry: it is not done, and may be later.
	Retry OutcomeKind = "retry"
	// Rejected: it will never be done. Code says why.
	Rejected OutcomeKind = "rejected"
	// Unknown: timed out or the connection was lost; it may have run.
	Unknown OutcomeKind = "unknown"
)

// Outcome is what an attempt of a delivery, or of a callback, came to.
type Outcome struct {
	Kind OutcomeKind
	// Output is a JSON object by the action's output schema.
	Output json.RawMessage
	// After asks that a retry come no sooner.
	After time.Duration
	// Code is the plugin's word for a rejection.
	Code string
	// Public is the only text that may reach the marketplace's customer.
	Public string
	// Detail is for the operator.
	Detail string
	// FreshKey asks that a retry use a new idempotency key.
	FreshKey bool
	// NotSent says that the attempt never left: the plugin was down. It uses up
	// no attempt.
	NotSent bool
	// Lost says that an unknown outcome is the plugin's silence (a time-out, a
	// lost connection) and not its answer. The breaker counts these.
	Lost bool
	// NeedsOperator says that only an operator can help (credentials refused).
	NeedsOperator bool
}

// Call is one attempt of a delivery, as a plugin gets it.
type Call struct {
	To       ActionRef
	Delivery string // event id + "/" + route/name: the same in all attempts
	Key      string // the idempotency key: delivery id + ":" + generation
	Attempt  int    // 1 for the first
	Event    json.RawMessage
	Input    json.RawMessage
	Deadline time.Time
}

// Caller calls plugin actions.
type Caller interface {
	// Call makes one attempt and returns soon after ctx is done, at the latest
	// at c.Deadline, with Unknown. It never panics. Many calls may run at once.
	Call(ctx context.Context, c Call) Outcome
	// Lookup returns the action in the current catalog; false where the plugin
	// or the action is missing.
	Lookup(ref ActionRef) (Action, bool)
}
