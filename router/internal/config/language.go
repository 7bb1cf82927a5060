package config

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
)

// Block is a block of the configuration, or the whole of it: what can stand in
// it, and what that means. The configuration is read by the same description
// that `signalbox schema` shows, so that there is no name in the one that the
// other lacks.
type Block struct {
	Name string `json:"name,omitempty"`
	// Labels are what the words after the block's name are.
	Labels []string `json:"labels,omitempty"`
	// Repeats: there may be several, told apart by their labels if they have any.
	Repeats bool `json:"repeats,omitempty"`
	// Required: it can't be left out.
	Required bool      `json:"required,omitempty"`
	Doc      string    `json:"doc,omitempty"`
	Attrs    []Setting `json:"attrs,omitempty"`
	Blocks   []Block   `json:"blocks,omitempty"`
	// By is who says what else can stand in it: By* or nobody.
	By By `json:"by,omitempty"`
	// Any is an attribute of any name, or nil.
	Any *Setting `json:"any,omitempty"`
}

// Setting is an attribute of a Block.
type Setting struct {
	router.Attr
	// Form is how a text of it is written, or what the expression names.
	Form Form `json:"form,omitempty"`
	// Sees names what its expression can refer to beside var and local.
	Sees []string `json:"sees,omitempty"`
	// By is who says which attributes its object has.
	By By `json:"by,omitempty"`
	// Null: null is the same as leaving it out. Elsewhere it is an error.
	Null bool `json:"null,omitempty"`
}

// Form is how a setting is written that is not simply a value of its type.
type Form string

const (
	FormDuration Form = "duration" // "90s", "365d"
	FormSize     Form = "size"     // "10GB"
	FormSource   Form = "source"   // source.KIND.NAME
	FormAction   Form = "action"   // plugin.NAME.ACTION
	FormType     Form = "type"     // list(string)
	FormEvent    Form = "event"    // a list of event types
	FormCode     Form = "code"     // a map to codes of a protocol
)

// By is who describes what the configuration itself can't know.
type By string

const (
	ByKind   By = "kind"   // the source's kind, by the first label
	ByPlugin By = "plugin" // the plugin
	ByAction By = "action" // the action that the delivery goes to
	ByReply  By = "reply"  // the kinds of the route's sources
)

// body is what HCL reads the block by.
func (b Block) body() *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for _, s := range b.Attrs {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: s.Name, Required: s.Required})
	}
	for _, nested := range b.Blocks {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: nested.Name, LabelNames: nested.Labels})
	}
	return schema
}

// Types of settings, as router.Attr has them.
const (
	typeText   = `"string"`
	typeNumber = `"number"`
	typeBool   = `"bool"`
	typeTexts  = `["list","string"]`
	typeMap    = `["map","string"]`
	typeAny    = `"dynamic"`
)

func setting(name, typ, doc string) Setting {
	return Setting{Attr: router.Attr{Name: name, Type: json.RawMessage(typ), Doc: doc}}
}

func (s Setting) must() Setting {
	s.Required = true
	return s
}

// otherwise gives the setting its default; one whose text is computed is given
// as that text.
func (s Setting) otherwise(value any) Setting {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("the default of %s: %v", s.Name, err)) // a constant of this package
	}
	s.Default = text
	return s
}

func (s Setting) secret() Setting {
	s.Sensitive = true
	return s
}

func (s Setting) as(form Form) Setting {
	s.Form = form
	return s
}

func (s Setting) oneOf(values ...string) Setting {
	s.Values = values
	return s
}

func (s Setting) sees(names ...string) Setting {
	s.Sees = names
	return s
}

// of is the source block with what a kind adds to it beside its schema.
func (b Block) of(kind router.SourceKind) Block {
	for _, e := range kind.Expressions {
		b.Attrs = append(b.Attrs, setting(e.Name, typeText, e.Doc).sees(requestVariable))
	}
	if kind.Declares {
		b.Blocks = append(b.Blocks, declaredBlock())
	}
	return b
}

// namesIn are the attributes and blocks that a schema takes.
func namesIn(schema *hcl.BodySchema) []string {
	var out []string
	for _, attr := range schema.Attributes {
		out = append(out, attr.Name)
	}
	for _, block := range schema.Blocks {
		out = append(out, block.Type)
	}
	return out
}
