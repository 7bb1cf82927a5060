package admin

import (
	"encoding/json"
	"time"
)

// Status answers GET /v1/status: how the daemon is.
type Status struct {
	Version string `json:"version"`
	// Config is the path that the configuration was loaded from.
	Config string `json:"config"`
	// Plan is the digest of the plan that new events are routed by.
	Plan    string    `json:"plan"`
	Started time.Time `json:"started"`
	// Ready means that events are taken in; those whose plugin is down are, and
	// wait. NotReady says why they are not.
	Ready    bool     `json:"ready"`
	NotReady string   `json:"not_ready,omitempty"`
	Plugins  []Plugin `json:"plugins"`
	Sources  []Source `json:"sources"`
	Events   Counts   `json:"events"`
}

// Plugin is a configured plugin and the process behind it.
type Plugin struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	// State is "running", "restarting" or "stopping".
	State string `json:"state"`
	// PID is 0 while no process runs.
	PID int `json:"pid,omitempty"`
	// Since is when the state began.
	Since time.Time `json:"since,omitzero"`
	// Restarts counts the processes that were started after the first.
	Restarts  int    `json:"restarts"`
	LastError string `json:"last_error,omitempty"`
}

// Source is a configured source.
type Source struct {
	// Name is "kind.label": "appdirect.acme".
	Name string `json:"name"`
	Kind string `json:"kind"`
	// Path is where it is mounted.
	Path string `json:"path"`
}

// Counts are numbers of events that are cheap to know.
type Counts struct {
	// Unfinished events are in the daemon's hands, with something left to do.
	Unfinished int `json:"unfinished"`
	// Held events wait for an operator. They are counted up to 1000.
	Held int `json:"held"`
}

// Events answers GET /v1/events: one page, newest first.
type Events struct {
	Events []Event `json:"events"`
	// Next is the value of the parameter before that gives the next page;
	// absent on the last one.
	Next string `json:"next,omitempty"`
}

// Event is an event as lists show it.
type Event struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	// Type is the protocol's own name; "" while the event is not fetched yet.
	Type string `json:"type"`
	// Flag is "", "STATELESS" or "DEVELOPMENT".
	Flag     string    `json:"flag"`
	Lane     string    `json:"lane"`
	Received time.Time `json:"received"`
	// CausedBy is the event that this failure event tells of.
	CausedBy string `json:"caused_by,omitempty"`
	// Plan is the digest of the plan that the event is routed by.
	Plan string `json:"plan,omitempty"`
	// Phase is "noticed", "open", "held", "settled", "resolved elsewhere",
	// "discarded" or "abandoned".
	Phase string `json:"phase"`
	// Since is when the phase began, for "noticed" and "held".
	Since time.Time `json:"since,omitzero"`
	// Why tells why the event is held or failed.
	Why string `json:"why,omitempty"`
	// Told is what the caller is known to have been told: "nothing", "later"
	// (a callback follows), "accepted" (for good) or "replied" (the verdict).
	Told string `json:"told"`
	// Verdict is absent until the event is settled, and never changes then.
	Verdict *Verdict `json:"verdict,omitempty"`
	// Callback is absent where none was tried and none is parked.
	Callback *Callback `json:"callback,omitempty"`
	// Routes are the names of those that took the event.
	Routes []string `json:"routes,omitempty"`
	// Ended is when nothing was left to do, as far as it is recorded.
	Ended time.Time `json:"ended,omitzero"`
}

// Verdict is the content of the one answer an event gets.
type Verdict struct {
	// Kind is "success", "warning" or "error".
	Kind    string `json:"kind"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	// Reply holds the reply attributes, an object.
	Reply json.RawMessage `json:"reply,omitempty"`
}

// Callback is how the telling of a verdict after the connection was gone goes.
type Callback struct {
	// Status is "sending", "parked", "confirmed", "resolved elsewhere",
	// "refused", "exhausted" or "discarded".
	Status string    `json:"status"`
	Due    time.Time `json:"due,omitzero"`
	Detail string    `json:"detail,omitempty"`
	// Attempts are given in stories only.
	Attempts []Attempt `json:"attempts,omitempty"`
}

// Story answers GET /v1/events/{id}: all that is known of one event.
type Story struct {
	Event
	// Marketplace is the base address that answers go to, Address where the
	// event was fetched; both are absent where the protocol has none.
	Marketplace string `json:"marketplace,omitempty"`
	Address     string `json:"address,omitempty"`
	// Emptied: retention has taken the documents; it can't be replayed.
	Emptied bool `json:"emptied,omitempty"`
	// Payload and Attributes are objects, as routes and plugins see them.
	Payload    json.RawMessage `json:"payload"`
	Attributes json.RawMessage `json:"attributes"`
	// Extra is what routes and plugins see beside the payload of events of this
	// protocol only, an object.
	Extra json.RawMessage `json:"extra,omitempty"`
	// TakenBy are the routes that took the event, and where they stand.
	TakenBy []Route `json:"taken_by,omitempty"`
	// Deliveries stand in file order.
	Deliveries []Delivery `json:"deliveries"`
	// Missing are the plugins of deliveries that the configuration in force does
	// not have: what is left to do waits for them, and what they were given and
	// gave is covered.
	Missing []string `json:"missing,omitempty"`
	// Fetches are the attempts to fetch the event behind a 202 that was given
	// before it was known.
	Fetches []Attempt `json:"fetches,omitempty"`
	// Caused are the failure events that tell of this event.
	Caused []Caused `json:"caused"`
}

// Route is a route that took an event.
type Route struct {
	Name string `json:"name"`
	// At is "file:line" in the event's plan; absent where that is gone.
	At string `json:"at,omitempty"`
}

// Delivery is one call of one plugin action for one event.
type Delivery struct {
	// Name is route/name.
	Name   string   `json:"name"`
	Plugin string   `json:"plugin"`
	Action string   `json:"action"`
	Needs  []string `json:"needs,omitempty"`
	// Optional deliveries don't decide the verdict; those on failure run only
	// after an error; ordered ones wait for the event's turn in its lane.
	Optional  bool `json:"optional,omitempty"`
	OnFailure bool `json:"on_failure,omitempty"`
	Ordered   bool `json:"ordered,omitempty"`
	// Status is "waiting", "running", "parked", "succeeded", "rejected",
	// "exhausted" or "skipped".
	Status string `json:"status"`
	// Due is when a parked delivery is tried again.
	Due time.Time `json:"due,omitzero"`
	// Generation counts the idempotency keys; the first is 0.
	Generation int `json:"generation"`
	// MayHaveRun: the result of the present idempotency key is unknown.
	MayHaveRun bool   `json:"may_have_run,omitempty"`
	Code       string `json:"code,omitempty"`
	// PublicMessage may be read by the marketplace's customer; Detail not.
	PublicMessage string `json:"public_message,omitempty"`
	Detail        string `json:"detail,omitempty"`
	// Input is absent before the first attempt, Output before a success.
	Input    json.RawMessage `json:"input,omitempty"`
	Output   json.RawMessage `json:"output,omitempty"`
	Attempts []Attempt       `json:"attempts"`
}

// Attempt is one try of a delivery, a callback or a fetch.
type Attempt struct {
	// Number counts from 1, anew after a replay. An attempt that a restart has
	// perhaps cut off has neither a number nor a time.
	Number     int       `json:"number"`
	Generation int       `json:"generation"`
	Began      time.Time `json:"began,omitzero"`
	// TookMS is in milliseconds, with fractions.
	TookMS float64 `json:"took_ms"`
	// Outcome is "succeeded", "retry", "rejected" or "unknown".
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// Caused names a failure event.
type Caused struct {
	ID string `json:"id"`
	// Type is "event.held", "delivery.failed", …; "" once retention took it.
	Type string `json:"type"`
}

// Reload is the body of POST /v1/reload.
type Reload struct {
	// Force lets go of sources and plugins that still owe work.
	Force bool `json:"force,omitempty"`
}

// Reloaded answers a reload that took place.
type Reloaded struct {
	// Diagnostics are warnings; Text shows them with the lines they are about.
	Diagnostics []Diagnostic `json:"diagnostics"`
	Text        string       `json:"text,omitempty"`
	// Unchanged: the configuration is the one that was in force. Programs of
	// plugins and the files of certificates may be new all the same.
	Unchanged bool `json:"unchanged,omitempty"`
}

// Diagnostic is an error or a warning about the configuration.
type Diagnostic struct {
	// Severity is "error" or "warning".
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	Range    *Range `json:"range,omitempty"`
}

// Range is a place in the configuration.
type Range struct {
	File  string   `json:"file"`
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// Position counts from 1.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Refusal is the body of every answer that is not 200.
type Refusal struct {
	Error string `json:"error"`
	// Diagnostics and Text tell why a configuration was not reloaded.
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
	Text        string       `json:"text,omitempty"`
}

// Health answers GET /-/healthy and /-/ready.
type Health struct {
	OK bool `json:"ok"`
}
