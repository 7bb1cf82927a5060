package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/signalbox/signalbox/router/daemon"
)

// node is a JSON Schema.
type node = map[string]any

// JSON is the JSON Schema, draft 2020-12, of a *.hcl.json file in the language:
// blocks as objects, a level for each label, attributes as values, expressions
// as texts with "${…}" in them. It takes what a load takes, except that it can't
// tell what an expression gives, and knows plugins only as far as l has them.
func JSON(l *daemon.Language) ([]byte, error) {
	w := &writer{language: l, defs: node{"template": template()}}
	root := w.body(l.Configuration)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "A configuration of signalbox in HCL's JSON syntax"
	root["$defs"] = w.defs
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		return nil, fmt.Errorf("writing the JSON Schema: %w", err)
	}
	return out.Bytes(), nil
}

// writer collects the definitions that more than one place refers to.
type writer struct {
	language *daemon.Language
	defs     node
}

// define gives a reference to a schema, which is made once.
func (w *writer) define(name string, schema func() node) node {
	if _, ok := w.defs[name]; !ok {
		w.defs[name] = true // a body that holds itself refers to it
		w.defs[name] = schema()
	}
	return node{"$ref": "#/$defs/" + name}
}

// body is the object that holds a block's attributes and blocks. HCL reads "//"
// as a comment.
func (w *writer) body(b daemon.Block) node {
	properties := node{"//": true}
	var required []string
	for _, s := range b.Attrs {
		properties[s.Name] = w.setting(s)
		if s.Required {
			required = append(required, s.Name)
		}
	}
	for _, nested := range b.Blocks {
		properties[nested.Name] = w.block(nested)
		if nested.Required {
			required = append(required, nested.Name)
		}
	}
	out := object(properties, required)
	switch {
	case b.Any != nil && b.Any.By == daemon.ByReply:
		maps.Copy(properties, w.replies())
	case b.By != "":
		out["additionalProperties"] = true // whoever knows is not asked
	case b.Any != nil:
		out["additionalProperties"] = w.setting(*b.Any)
	}
	return described(out, b.Doc)
}

// object takes these properties and no other.
func object(properties node, required []string) node {
	out := node{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// block is the value of the property that a block's name is.
func (w *writer) block(b daemon.Block) node {
	if b.By == daemon.ByKind {
		return described(w.sources(b), b.Doc)
	}
	if b.Name == "plugin" {
		return described(w.plugins(b), b.Doc)
	}
	body := w.define(b.Name, func() node {
		if b.Name == "deliver" {
			return w.deliver(b)
		}
		return w.body(b)
	})
	if len(b.Labels) > 0 {
		return described(level(node{}, oneOrMany(body, 1)), b.Doc)
	}
	if b.Repeats {
		return oneOrMany(body, 0)
	}
	return oneOrMany(body, 1)
}

// level is an object whose members' names are a label: those that are known, and
// the others, unless other is false.
func level(known node, other any) node {
	one := node{"type": "object", "properties": known, "additionalProperties": other}
	if len(known) == 0 {
		delete(one, "properties")
	}
	return oneOrMany(one, 0)
}

// oneOrMany is a schema's value, or an array of such values, at most so many, or
// any number of them.
func oneOrMany(one node, most int) node {
	many := node{"items": one}
	if most > 0 {
		many["maxItems"] = most
	}
	return node{"if": node{"type": "array"}, "then": many, "else": one}
}

// sources has a level for the kind, which is known, and one for the name.
func (w *writer) sources(b daemon.Block) node {
	kinds := node{}
	for _, kind := range w.language.Kinds {
		if kind.Source == nil {
			continue
		}
		body := w.define(b.Name+"."+kind.Name, func() node { return w.inline(*kind.Source) })
		kinds[kind.Name] = level(node{}, oneOrMany(body, 1))
	}
	return level(kinds, false)
}

// plugins has a level for the name; plugins that are known have their own config.
func (w *writer) plugins(b daemon.Block) node {
	other := w.define(b.Name, func() node { return w.body(b) })
	known := node{}
	for _, p := range w.language.Plugins {
		body := w.define(b.Name+"."+p.Block, func() node {
			out := w.body(b)
			config := w.inline(daemon.BlockOf(p.Config))
			out["properties"].(node)["config"] = oneOrMany(described(config, p.Doc), 1)
			if config["required"] != nil {
				out["required"] = []string{"config"}
			}
			return out
		})
		known[p.Block] = oneOrMany(body, 1)
	}
	return level(known, oneOrMany(other, 1))
}

// inline is the body of a block that a schema of somebody else describes: the
// names in it are not those of the language's own blocks.
func (w *writer) inline(b daemon.Block) node {
	blocks := b.Blocks
	b.Blocks = nil
	out := w.body(b)
	for _, nested := range blocks {
		most := 1
		if nested.Repeats {
			most = 0
		}
		out["properties"].(node)[nested.Name] = oneOrMany(w.inline(nested), most)
		if nested.Required {
			required, _ := out["required"].([]string)
			out["required"] = append(required, nested.Name)
		}
	}
	return out
}

// deliver is a delivery, whose input is the action's where that is known.
func (w *writer) deliver(b daemon.Block) node {
	out := w.body(b)
	var cases []any
	for _, p := range w.language.Plugins {
		for _, a := range p.Actions {
			inputs := daemon.BlockOf(a.Inputs)
			with := w.inline(inputs)
			delete(with["properties"].(node), "//") // it is an expression, where nothing is a comment
			with["patternProperties"] = node{templatePattern: true}
			then := node{"properties": node{"with": described(orTemplate(with), a.Doc)}}
			if with["required"] != nil {
				then["required"] = []string{"with"}
			}
			to := actionRef(p.Block, a.Name)
			cases = append(cases, node{
				"if":   node{"properties": node{"to": node{"const": to}}, "required": []string{"to"}},
				"then": then,
			})
		}
	}
	if len(cases) > 0 {
		out["allOf"] = cases
	}
	return out
}

// replies are the attributes that an answer of some kind can carry.
func (w *writer) replies() node {
	byName := map[string][]any{}
	for _, kind := range w.language.Kinds {
		for _, attr := range kind.Reply {
			schema := w.setting(daemon.Setting{Attr: attr, Null: true})
			same := func(other any) bool { return slices.Equal(text(other), text(schema)) }
			if !slices.ContainsFunc(byName[attr.Name], same) {
				byName[attr.Name] = append(byName[attr.Name], schema)
			}
		}
	}
	out := node{}
	for name, schemas := range byName {
		out[name] = node{"anyOf": schemas}
	}
	return out
}

// text is a schema as it is written.
func text(schema any) []byte {
	out, err := json.Marshal(schema)
	if err != nil {
		panic(fmt.Sprintf("a schema that is no JSON: %v", err)) // it is made of maps and texts
	}
	return out
}
