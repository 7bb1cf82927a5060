package schema

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router/daemon"
)

// Patterns of texts. A text with ${ or %{ in it is an expression, which may give
// anything.
const (
	templatePattern = `[$%]\{`
	durationPattern = `^([0-9]+d)?([0-9.]+(ns|us|µs|ms|s|m|h))*$`
	sizePattern     = `^(0|[0-9]+ ?[MGT]i?B)$`
	numberPattern   = `^-?[0-9.]+([eE][-+]?[0-9]+)?$`
	sourcePattern   = `^source\.(signalbox|[^.]+\.[^.]+)$`
	actionPattern   = `^plugin\.[^.]+\.[^.]+$`
)

func template() node {
	return node{"type": "string", "pattern": templatePattern, "description": "An expression: ${…}."}
}

func aTemplate() node { return node{"$ref": "#/$defs/template"} }

func matching(pattern string) node { return node{"type": "string", "pattern": pattern} }

func anyOf(of ...node) node {
	if len(of) == 1 {
		return of[0]
	}
	return node{"anyOf": of}
}

// orTemplate is a value written out, or an expression that gives one. It is told
// apart by whether it is a text, so that complaints are about what was written.
func orTemplate(written node) node {
	return node{"if": node{"type": "string"}, "then": aTemplate(), "else": written}
}

// described adds a description to what has none.
func described(schema node, doc string) node {
	if doc != "" {
		schema["description"] = doc
	}
	return schema
}

// setting is the value of an attribute.
func (w *writer) setting(s daemon.Setting) node {
	out := w.written(s)
	doc := s.Doc
	if s.Sensitive {
		doc = strings.TrimSpace(doc + " A secret.")
	}
	if len(s.Default) > 0 && string(s.Default) != "null" && !s.Sensitive {
		out["default"] = s.Default
	}
	return described(out, doc)
}

func (w *writer) written(s daemon.Setting) node {
	switch {
	case s.Form == daemon.FormDuration:
		return anyOf(matching(durationPattern), aTemplate())
	case s.Form == daemon.FormSize:
		return anyOf(matching(sizePattern), aTemplate())
	case s.Form == daemon.FormSource:
		return node{"type": "array", "minItems": 1, "items": w.sourceRef()}
	case s.Form == daemon.FormAction:
		return w.action()
	case s.Form == daemon.FormEvent:
		return node{"type": "array", "minItems": 1, "items": oneOfMany(w.types())}
	case s.Form == daemon.FormCode:
		return node{"type": "object", "additionalProperties": oneOfMany(w.codes())}
	case s.Form == daemon.FormType:
		return node{"type": "string"}
	case len(s.Values) > 0:
		return anyOf(node{"enum": s.Values}, aTemplate())
	case s.By == daemon.ByAction:
		return orTemplate(node{"type": "object"})
	case len(s.Sees) > 0 && string(s.Type) == `"bool"`:
		return aTemplate() // a condition that does not depend on the event is none
	}
	return value(s.Type, s.Null)
}

// oneOfMany is a text, of which some are known.
func oneOfMany(known []string) node {
	if len(known) == 0 {
		return node{"type": "string"}
	}
	return node{"anyOf": []node{{"enum": known}, {"type": "string"}}}
}

func (w *writer) types() []string {
	var out []string
	for _, kind := range w.language.Kinds {
		out = append(out, kind.Types...)
	}
	return sorted(out)
}

func (w *writer) codes() []string {
	var out []string
	for _, kind := range w.language.Kinds {
		out = append(out, kind.Codes...)
	}
	return sorted(out)
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// sourceRef names a source: one that is known, or one that may be there by now.
func (w *writer) sourceRef() node {
	known := []string{"source.signalbox"}
	for _, name := range w.language.Sources {
		known = append(known, "source."+name)
	}
	return anyOf(node{"enum": known}, matching(sourcePattern))
}

// action names an action: one that is known, or one of a plugin that is not.
func (w *writer) action() node {
	var known, plugins []string
	for _, p := range w.language.Plugins {
		plugins = append(plugins, regexp.QuoteMeta(p.Block))
		for _, a := range p.Actions {
			known = append(known, actionRef(p.Block, a.Name))
		}
	}
	other := matching(actionPattern)
	if len(known) == 0 {
		return other
	}
	other["not"] = node{"pattern": `^plugin\.(` + strings.Join(plugins, "|") + `)\.`}
	return anyOf(node{"enum": known}, other)
}

func actionRef(plugin, action string) string { return "plugin." + plugin + "." + action }

// value is what converts to a type of router.Attr.
func value(t json.RawMessage, orNull bool) node {
	of := alternatives(t)
	if of == nil {
		return node{}
	}
	if orNull {
		of = append(of, node{"type": "null"})
	}
	return anyOf(of...)
}

// alternatives are the ways to write a value of a type; nil is any way.
func alternatives(t json.RawMessage) []node {
	var name string
	if json.Unmarshal(t, &name) == nil {
		switch name {
		case "string":
			return []node{{"type": []string{"string", "number", "boolean"}}}
		case "number":
			return []node{{"type": "number"}, matching(numberPattern), aTemplate()}
		case "bool":
			return []node{{"type": "boolean"}, {"enum": []string{"true", "false"}}, aTemplate()}
		}
		return nil
	}
	var parts []json.RawMessage
	if json.Unmarshal(t, &parts) != nil || len(parts) < 2 || json.Unmarshal(parts[0], &name) != nil {
		return nil
	}
	switch name {
	case "list", "set":
		return []node{{"type": "array", "items": value(parts[1], true)}, aTemplate()}
	case "map":
		return []node{{"type": "object", "additionalProperties": value(parts[1], true)}, aTemplate()}
	case "tuple":
		return []node{{"type": "array"}, aTemplate()}
	case "object":
		return []node{objectValue(parts), aTemplate()}
	}
	return nil
}

// objectValue is an object of that type; a load takes no notice of what else it
// has.
func objectValue(parts []json.RawMessage) node {
	var attrs map[string]json.RawMessage
	var optional []string
	if json.Unmarshal(parts[1], &attrs) != nil || len(parts) > 2 && json.Unmarshal(parts[2], &optional) != nil {
		return node{"type": "object"}
	}
	properties := node{}
	var required []string
	for name, t := range attrs {
		properties[name] = value(t, true)
		if !slices.Contains(optional, name) {
			required = append(required, name)
		}
	}
	out := node{"type": "object", "properties": properties}
	if slices.Sort(required); len(required) > 0 {
		out["required"] = required
	}
	return out
}
