package router

import (
	"encoding/json"
	"fmt"
	"time"
)

// Schema says what a configuration block, an action's input or its output
// holds. It is the one description that the configuration, the plugins, the
// sources and the simulator share; no foreign type shows in it.
type Schema struct {
	Attrs  []Attr  `json:"attrs,omitempty"`
	Blocks []Block `json:"blocks,omitempty"`
}

// Attr is one named value of a Schema.
type Attr struct {
	Name string `json:"name"`
	// Type is a type in cty's JSON form: "string", "number", "bool",
	// ["list","string"], ["map","string"], ["object",{"a":"string"}], "dynamic".
	Type json.RawMessage `json:"type"`
	// Required means that the attribute must be given and not be null.
	Required bool `json:"required,omitempty"`
	// Sensitive values are sealed where they are kept, and covered where they are
	// shown.
	Sensitive bool `json:"sensitive,omitempty"`
	// Values are the texts that it can have, if there are no others. What is known
	// at load is checked by them; the rest is for whoever is given the value.
	Values []string `json:"values,omitempty"`
	// Default is the JSON value that an absent attribute has, or nil.
	Default json.RawMessage `json:"default,omitempty"`
	Doc     string          `json:"doc,omitempty"`
}

// Block is a nested block of a configuration Schema. In the decoded JSON it is
// an object under its name, or a list of objects where it may repeat.
type Block struct {
	Name     string `json:"name"`
	Schema   Schema `json:"schema"`
	Required bool   `json:"required,omitempty"`
	Repeats  bool   `json:"repeats,omitempty"`
	Doc      string `json:"doc,omitempty"`
}

// Attr returns the attribute of that name, or nil.
func (s Schema) Attr(name string) *Attr {
	for i := range s.Attrs {
		if s.Attrs[i].Name == name {
			return &s.Attrs[i]
		}
	}
	return nil
}

// SettingError is a setting that can't be what it is. Attr is the attribute or
// block of the schema. One in a block is written after the block's name, as in
// limits.per_second; a block that repeats is followed by its number from 0, as in
// store.1.username.
type SettingError struct {
	Attr string
	Err  error
}

func (e *SettingError) Error() string { return e.Attr + ": " + e.Err.Error() }
func (e *SettingError) Unwrap() error { return e.Err }

// Setting makes a SettingError.
func Setting(attr, format string, args ...any) error {
	return &SettingError{Attr: attr, Err: fmt.Errorf(format, args...)}
}

// PluginInfo is what a plugin says of itself, configured or not.
type PluginInfo struct {
	Name, Version, Doc string
	Config             Schema
	Actions            []Action
}

// Action returns the action of that name, or nil.
func (p *PluginInfo) Action(name string) *Action {
	for i := range p.Actions {
		if p.Actions[i].Name == name {
			return &p.Actions[i]
		}
	}
	return nil
}

// Action is a named thing that a plugin can do.
type Action struct {
	Name, Doc     string
	Input, Output Schema
	// KeyLifetime is for how long the system behind the action remembers an
	// idempotency key; 0 means for ever.
	KeyLifetime time.Duration
}

// SourceKind is a protocol as the configuration sees it.
type SourceKind struct {
	// Name is the block's label: source "appdirect" "acme" → "appdirect".
	Name string
	// Config is the schema of the source's block.
	Config Schema
	// Expressions are attributes of the block beside Config's that are evaluated
	// for each request.
	Expressions []Expression
	// Hides reports whether a header or parameter of that name is like a secret's,
	// so that no Expression is given it; nil is none.
	Hides func(name string) bool
	// Types are the event types that the protocol is known to have. The set is
	// open; it serves spelling.
	Types []string
	// Extra is what events of the protocol have at the top of the envelope beside
	// what all have (Event.Extra), under names that the envelope does not have.
	// Required: every event of it has the value.
	Extra Schema
	// Shapes say what its events look like. Of types that none is for nothing is
	// known.
	Shapes []Shape
	// Declares: the block may have schema blocks, in which the operator says what
	// payloads look like.
	Declares bool
	// Reply is what the protocol lets a reply carry.
	Reply Schema
	// Takes says which attributes of Reply a success of an event type may hold;
	// the source leaves out what it may not. A type that is not here takes all.
	Takes map[string][]string
	// Codes are the error codes that the protocol knows.
	Codes []string
	// Required says which attribute a successful reply must have, by event type.
	Required map[string]string
	// New builds the source from its decoded block.
	New func(name string, config Secret, deps SourceDeps) (Source, error)
}
