package admin

import "encoding/json"

// What a plan is, and what a reload would make of it.

// Plan answers GET /v1/plan: what new events are routed by.
type Plan struct {
	Digest string `json:"digest"`
	// Snapshot is what the journal keeps of it: the routes' text, and what they
	// refer to, in a form that the same version of signalbox reads. It holds no
	// secret but one that is written out in a route, of which loading warns.
	Snapshot json.RawMessage `json:"snapshot"`
	// Sources are those of the configuration.
	Sources []PlanSource `json:"sources"`
}

// PlanSource is a source as far as routing goes.
type PlanSource struct {
	Name string `json:"name"`
	// AcceptUnrouted: an event that no route takes is answered with success,
	// rather than with an error.
	AcceptUnrouted bool `json:"accept_unrouted,omitempty"`
}

// Stories answers GET /v1/stories: one page, newest first.
type Stories struct {
	// Stories lack what only a single one is asked for: attempts, what took the
	// event, and what it caused.
	Stories []Story `json:"stories"`
	// Next is the value of the parameter before that gives the next page; absent
	// on the last one. A page may hold fewer than its limit.
	Next string `json:"next,omitempty"`
}

// DryRun answers POST /v1/reload/dry-run: what a reload would do.
type DryRun struct {
	// Refused says why a reload would be refused; "" if it would go through.
	Refused string `json:"refused,omitempty"`
	// Diagnostics are of the configuration; Text shows them with the lines they
	// are about.
	Diagnostics []Diagnostic `json:"diagnostics"`
	Text        string       `json:"text,omitempty"`
	// Changes and Plan are absent where the configuration has errors.
	Changes *Changes `json:"changes,omitempty"`
	// Plan is what new events would be routed by.
	Plan *Plan `json:"plan,omitempty"`
}

// Changes are the parts of the configuration that a reload would change, each
// kind by name or in file order.
type Changes struct {
	Settings  []Change `json:"settings,omitempty"`
	Sources   []Change `json:"sources,omitempty"`
	Plugins   []Change `json:"plugins,omitempty"`
	Variables []Change `json:"variables,omitempty"`
	Routes    []Change `json:"routes,omitempty"`
	// Starts are the plugins that would get a new process, Keeps those that
	// would go on with the one they have.
	Starts []string `json:"starts,omitempty"`
	Keeps  []string `json:"keeps,omitempty"`
}

// Empty reports that a reload would change nothing.
func (c *Changes) Empty() bool {
	return len(c.Settings)+len(c.Sources)+len(c.Plugins)+len(c.Variables)+len(c.Routes)+len(c.Starts) == 0
}

// Change is a part of the configuration that would not be as it is.
type Change struct {
	Name string `json:"name"`
	// Change is "added", "removed", "changed" or "moved".
	Change string `json:"change"`
	// What says more of what has changed, where there is more to say.
	What []string `json:"what,omitempty"`
}
