package admin

import "encoding/json"

// What an operator orders done to an event, and what is answered.

// Replay is the body of POST /v1/events/{id}/replay.
type Replay struct {
	// Deliveries are names (route/name); none means all that did not succeed.
	Deliveries []string `json:"deliveries,omitempty"`
	// FreshKey gives them new idempotency keys although the result of the
	// present one is unknown.
	FreshKey bool `json:"fresh_key,omitempty"`
	// Preview asks what would be done; nothing is.
	Preview bool `json:"preview,omitempty"`
}

// Replayed answers a replay: it has begun, or would.
type Replayed struct {
	// Deliveries run again.
	Deliveries []string `json:"deliveries"`
	// Warnings are sentences on what the operator may not expect.
	Warnings []string `json:"warnings"`
}

// Retry is the body of POST /v1/events/{id}/retry.
type Retry struct {
	// Preview asks what would be done; nothing is.
	Preview bool `json:"preview,omitempty"`
}

// Retried answers a retry: what waited for its next try is tried now, or would
// be.
type Retried struct {
	// Deliveries are called now, or as soon as their turn in the lane comes.
	Deliveries []string `json:"deliveries"`
	// Fetch: the event itself is fetched. Callback: the caller is told the verdict.
	Fetch    bool `json:"fetch"`
	Callback bool `json:"callback"`
	// Warnings are sentences on what the operator may not expect.
	Warnings []string `json:"warnings"`
}

// Discard is the body of POST /v1/events/{id}/discard.
type Discard struct {
	// Reason is for the log and for who looks at the event later.
	Reason string `json:"reason,omitempty"`
	// Preview asks what would be done; nothing is.
	Preview bool `json:"preview,omitempty"`
}

// Discarded answers a discard: what was left of the event has ended, or
// would.
type Discarded struct {
	// Deliveries are those that had not ended.
	Deliveries []string `json:"deliveries"`
	// Warnings are sentences on what the operator may not expect.
	Warnings []string `json:"warnings"`
}

// Resolve is the body of POST /v1/events/{id}/resolve.
type Resolve struct {
	// Verdict is "success" or "failure".
	Verdict string `json:"verdict"`
	// Message may be read by the marketplace's customer.
	Message string `json:"message,omitempty"`
	// Set gives the reply's attributes, for a success only.
	Set map[string]json.RawMessage `json:"set,omitempty"`
}

// Resolved answers a resolve: the verdict is settled, and is told.
type Resolved struct {
	Verdict Verdict `json:"verdict"`
}
