package router

import (
	"encoding/json"
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
	// Sensitive values are masked wherever they are shown.
	Sensitive bool `json:"sensitive,omitempty"`
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
	// Types are the event types that the protocol is known to have. The set is
	// open; it serves spelling.
	Types []string
	// Reply is what the protocol lets a reply carry.
	Reply Schema
	// Codes are the error codes that the protocol knows.
	Codes []string
	// New builds the source from its decoded block.
	New func(name string, config Secret, deps SourceDeps) (Source, error)
}
