package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Plugin is a program's whole offer. The functions may use what Configure has
// set up; Handle functions run many at a time.
type Plugin struct {
	// Name and Version show in logs and in `signalbox plugins list`.
	Name, Version string
	Doc           string
	// Config is the schema of the plugin's config block.
	Config Schema
	// Validate checks a configuration beyond its schema, with no side effects.
	// Optional.
	Validate func(Values) []Diagnostic
	// Configure is called once, before the first delivery. Optional.
	Configure func(context.Context, Values) error
	// Check says whether what the plugin needs can be reached. Optional.
	Check   func(context.Context) error
	Actions []Action
}

// Action is a named thing the plugin can do.
type Action struct {
	Name, Doc     string
	Input, Output Schema
	// KeyLifetime is for how long the system behind the action remembers an
	// idempotency key; 0 means for ever.
	KeyLifetime time.Duration
	// Handle makes one attempt. It should end by ctx's deadline. A panic is an
	// unknown outcome: the attempt is repeated with the same key.
	Handle func(context.Context, *Delivery) Outcome
}

// Schema describes named values. Where attributes are not enough, Blocks are
// nested blocks of a configuration.
type Schema struct {
	Attrs  []Attr
	Blocks []Block
}

// Attr is one named value.
type Attr struct {
	Name string
	Type Type
	// Required values are given and not null.
	Required bool
	// Sensitive values are sealed where they are kept, and covered where they are
	// shown.
	Sensitive bool
	// Values are the texts that a String can have, if there are no others. A
	// configuration with another is refused at load; what is computed of an event
	// is for the plugin to check.
	Values []string
	// Default is the value of an absent attribute: a string, bool, number,
	// slice or map; nil for none.
	Default any
	Doc     string
}

// Block is a nested block. Its value is an object under its name, or a list of
// objects if it repeats.
type Block struct {
	Name     string
	Schema   Schema
	Required bool
	Repeats  bool
	Doc      string
}

// Type is a type in cty's JSON form.
type Type string

const (
	String  Type = `"string"`
	Number  Type = `"number"`
	Bool    Type = `"bool"`
	Dynamic Type = `"dynamic"` // anything
)

// List is a list of t.
func List(t Type) Type { return Type(fmt.Sprintf(`["list",%s]`, t)) }

// Map is a map from strings to t.
func Map(t Type) Type { return Type(fmt.Sprintf(`["map",%s]`, t)) }

// Values is a JSON object: a configuration, or an action's input.
type Values json.RawMessage

// Decode reads the values into v, a pointer to a struct with json tags.
func (v Values) Decode(into any) error {
	if len(v) == 0 {
		return nil
	}
	return json.Unmarshal(v, into)
}

// Diagnostic is a complaint about a configuration. Path names the attribute,
// outermost block first; signalbox shows it on the operator's own line.
type Diagnostic struct {
	Warning bool
	Summary string
	Detail  string
	Path    []string
}

// Delivery is one attempt's task.
type Delivery struct {
	// ID is the same in all attempts.
	ID string
	// Key is the idempotency key: two calls with one key must have one effect.
	Key string
	// Attempt is 1 for the first.
	Attempt int
	Event   Event
	Input   Values
}

// Outcome is what an attempt came to. Make one with Succeeded, Retry or
// Rejected.
type Outcome struct {
	kind          kind
	output        any
	after         time.Duration
	message       string
	freshKey      bool
	needsOperator bool
	mayHaveRun    bool
	code, public  string
}

type kind int

const (
	succeeded kind = iota + 1
	retry
	rejected
)

// Succeeded: done. Output is a struct or map that becomes a JSON object by the
// action's output schema; nil is {}.
func Succeeded(output any) Outcome { return Outcome{kind: succeeded, output: output} }

// Retry: not done, may be later. The reason is for the operator.
func Retry(reason string) Outcome { return Outcome{kind: retry, message: reason} }

// After asks that the next attempt come no sooner than in d.
func (o Outcome) After(d time.Duration) Outcome { o.after = d; return o }

// FreshKey asks that the next attempt use a new idempotency key, because the
// system behind would repeat its first answer to this one.
func (o Outcome) FreshKey() Outcome { o.freshKey = true; return o }

// NeedsOperator says that only an operator can help: credentials refused, say.
func (o Outcome) NeedsOperator() Outcome { o.needsOperator = true; return o }

// MayHaveRun says that the attempt may have had its effect: the system behind
// gave no answer, say. The next attempt keeps the idempotency key, and none is
// made once the key is older than the action's KeyLifetime.
func (o Outcome) MayHaveRun() Outcome { o.mayHaveRun = true; return o }

// Rejected: it will never be done. Code is a short word in lower case with
// underscores. Public may reach the marketplace's customer; detail is for the
// operator only.
func Rejected(code, public, detail string) Outcome {
	return Outcome{kind: rejected, code: code, public: public, message: detail}
}
