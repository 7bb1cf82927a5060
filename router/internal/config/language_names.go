package config

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Language is all that a configuration can say, but for what kinds of source and
// plugins add to it.
type Language struct {
	Configuration Block `json:"configuration"`
	// Tests is a file of tests, which is no part of a configuration.
	Tests Block `json:"tests"`
	// Names are what expressions can refer to.
	Names     []Name     `json:"names"`
	Functions []Function `json:"functions"`
}

// Name is the first word of a reference.
type Name struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
	// Attrs are what stands behind the dot, where it is always the same. Required
	// ones are never null.
	Attrs []router.Attr `json:"attrs,omitempty"`
}

// Function is a function that expressions can call.
type Function struct {
	Name string          `json:"name"`
	Doc  string          `json:"doc"`
	Args []Arg           `json:"args"`
	Rest *Arg            `json:"rest,omitempty"` // any number of further arguments
	Type json.RawMessage `json:"type"`
	// Secret: it gives a secret, for source blocks and a plugin's config and env.
	Secret bool `json:"secret,omitempty"`
}

// Arg is an argument of a function.
type Arg struct {
	Name string          `json:"name"`
	Type json.RawMessage `json:"type"`
}

// DescribeLanguage tells the language that this binary reads.
func DescribeLanguage() Language {
	out := Language{Configuration: rootBlock(), Tests: testsBlock(), Names: describedNames()}
	known := functions()
	maps.Copy(known, unknownClock())
	for name, f := range known {
		out.Functions = append(out.Functions, describedFunction(name, f))
	}
	for name, f := range (&loader{}).secretCalls() {
		described := describedFunction(name, f)
		described.Secret = true
		out.Functions = append(out.Functions, described)
	}
	slices.SortFunc(out.Functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func describedNames() []Name {
	return []Name{
		{"event", "The event: in routes, but not in from, on, final and codes.", attrsOf(eventAttributes(nil), map[string]string{
			"id":         "The event's own id.",
			"source":     "The source that it came in by: KIND.NAME, or " + ownSource + ".",
			"type":       "Its type, in the protocol's words.",
			"flag":       `"", or what marks an event that is not a customer's: ` + string(router.FlagDevelopment) + " or " + string(router.FlagStateless) + ".",
			"lane":       "Whom it is about: events of one lane run one after the other.",
			"received":   "When it came in, RFC 3339.",
			"caused_by":  "The id of the event that a failure event tells of, else null.",
			"payload":    "What the protocol carries in it.",
			"attributes": "What else the protocol says of it: its creator, its marketplace.",
		})},
		{"deliver", "deliver.NAME.OUTPUT is an output of another delivery of the route: in with and when of a delivery, and in reply.", nil},
		{"failure", "Why the event has failed: in the deliveries of on_failure.", attrsOf(failureAttributes(), map[string]string{
			"delivery": "The delivery that decided it, ROUTE/NAME, or null.",
			"code":     "The plugin's code, else the verdict's own, or null.",
			"message":  "What happened, for an operator.",
		})},
		{requestVariable, "The request that an event is made of: in the expressions of a source.", attrsOf(requestAttributes(), map[string]string{
			"headers": "Its headers, by name in any case.",
			"query":   "The parameters of its query, by name.",
			"body":    "Its body, read as JSON.",
		})},
		{eachVariable, "An element of the for_each of the route that it stands in.", attrsOf(map[string]cty.Value{"key": cty.UnknownVal(cty.String).RefineNotNull(), "value": cty.DynamicVal}, map[string]string{
			"key":   "Its name, or the text itself.",
			"value": "Its value, or the text itself.",
		})},
		{"var", "var.NAME is the value of a variable: everywhere but in variable.", nil},
		{"local", "local.NAME is a value of locals: everywhere but in variable.", nil},
	}
}

// attrsOf describes the attributes that are known before they have values.
func attrsOf(known map[string]cty.Value, docs map[string]string) []router.Attr {
	var out []router.Attr
	for _, name := range keys(known) {
		v := known[name]
		out = append(out, router.Attr{
			Name: name, Type: describedType(v.Type()), Doc: docs[name],
			Required: v.Type() != cty.DynamicPseudoType && v.Range().DefinitelyNotNull(),
		})
	}
	return out
}

func describedFunction(name string, f function.Function) Function {
	out := Function{Name: name, Doc: cmp.Or(f.Description(), functionDocs()[name]), Args: []Arg{}, Type: json.RawMessage(typeAny)}
	var types []cty.Type
	for _, p := range f.Params() {
		out.Args = append(out.Args, Arg{p.Name, describedType(p.Type)})
		types = append(types, p.Type)
	}
	if p := f.VarParam(); p != nil {
		out.Rest = &Arg{p.Name, describedType(p.Type)}
		types = append(types, p.Type)
	}
	if t, err := f.ReturnType(types); err == nil {
		out.Type = describedType(t)
	}
	return out
}

// functionDocs are of the functions whose own authors say nothing.
func functionDocs() map[string]string {
	return map[string]string{
		"can":        "Whether the expression can be evaluated. What it refers to may be absent.",
		"endswith":   "Whether the text ends in the part.",
		"startswith": "Whether the text begins with the part.",
		"try":        "The first of the expressions that can be evaluated. What they refer to may be absent.",
	}
}

func describedType(t cty.Type) json.RawMessage {
	text, err := ctyjson.MarshalType(t)
	if err != nil {
		return json.RawMessage(typeAny)
	}
	return text
}
