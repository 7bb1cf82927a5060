package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
)

// writeSchema writes what a block takes, or what an action does; must is the word
// for what is required of it.
func writeSchema(w io.Writer, title, indent, must string, b daemon.Block) {
	if len(b.Attrs)+len(b.Blocks) == 0 {
		fmt.Fprintf(w, "%s: none\n", title)
		return
	}
	fmt.Fprintln(w, title)
	t := table(w)
	writeBlock(t, indent, must, b)
	t.Flush()
}

// writeBlock writes a row for each name that can stand in a block, those in a
// nested one below its own.
func writeBlock(t io.Writer, indent, must string, b daemon.Block) {
	for _, s := range b.Attrs {
		describedRow(t, indent+s.Name, notesOf(s, must), docOf(s))
	}
	if b.Any != nil {
		describedRow(t, indent+"NAME", notesOf(*b.Any, must), b.Any.Doc)
	}
	for _, nested := range b.Blocks {
		notes := []string{"block"}
		if nested.Required {
			notes = append(notes, must)
		}
		if nested.Repeats {
			notes = append(notes, "may repeat")
		}
		describedRow(t, indent+titleOf(nested)+" { }", notes, nested.Doc)
		writeBlock(t, indent+"  ", must, nested)
	}
}

// titleOf is a block's name with its labels: route "NAME".
func titleOf(b daemon.Block) string {
	title := b.Name
	for _, label := range b.Labels {
		title += ` "` + strings.ToUpper(label) + `"`
	}
	return title
}

// docOf is a setting's words, with the values that are too many for notesOf.
func docOf(s daemon.Setting) string {
	if len(s.Values) <= maxChoice {
		return s.Doc
	}
	return strings.TrimSpace(s.Doc + " One of " + strings.Join(s.Values, ", ") + ".")
}

// notesOf says what a setting may be.
func notesOf(s daemon.Setting, must string) []string {
	notes := []string{valueInWords(s)}
	if s.Required {
		notes = append(notes, must)
	}
	if len(s.Default) > 0 && string(s.Default) != "null" {
		notes = append(notes, "default "+defaultOf(s.Attr))
	}
	if s.Sensitive {
		notes = append(notes, "sensitive")
	}
	if len(s.Sees) > 0 {
		notes = append(notes, "may name "+strings.Join(s.Sees, ", "))
	}
	return notes
}

// maxChoice is how many values are told in the place of a type. More are told
// behind the setting's words, where they make no column wide.
const maxChoice = 3

func valueInWords(s daemon.Setting) string {
	if n := len(s.Values); n > 0 && n <= maxChoice {
		return strings.Join(s.Values, " or ")
	}
	switch s.Form {
	case daemon.FormDuration, daemon.FormSize, daemon.FormType:
		return string(s.Form)
	case daemon.FormSource:
		return strings.Replace(typeInWords(s.Type), "text", "source.KIND.NAME", 1)
	case daemon.FormAction:
		return "plugin.NAME.ACTION"
	}
	return typeInWords(s.Type)
}

func describedRow(t io.Writer, name string, notes []string, doc string) {
	cells := []string{name, strings.Join(notes, ", ")}
	if doc != "" {
		cells = append(cells, oneLine(doc))
	}
	row(t, cells...)
}

// defaultOf is a default as it could be written in the configuration.
func defaultOf(a router.Attr) string {
	if a.Sensitive {
		return string(router.Covered())
	}
	return string(a.Default)
}

// oneLine puts what a plugin's author has broken into lines into one.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// typeInWords says a type of router.Attr as an operator would; one that it
// can't read as it is.
func typeInWords(t json.RawMessage) string {
	var name string
	if json.Unmarshal(t, &name) == nil {
		switch name {
		case "string":
			return "text"
		case "bool":
			return "true or false"
		case "dynamic":
			return "anything"
		}
		return name
	}
	var parts []json.RawMessage
	if json.Unmarshal(t, &parts) != nil || len(parts) < 2 || json.Unmarshal(parts[0], &name) != nil {
		return string(t)
	}
	switch name {
	case "list", "set", "map":
		return name + " of " + typeInWords(parts[1])
	case "tuple":
		var elements []json.RawMessage
		if json.Unmarshal(parts[1], &elements) != nil {
			return string(t)
		}
		var words []string
		for _, e := range elements {
			words = append(words, typeInWords(e))
		}
		return "list [" + strings.Join(words, ", ") + "]"
	case "object":
		return objectInWords(t)
	}
	return string(t)
}

// members are those of an object type, and which of them need not be there; nil
// for any other type.
func members(t json.RawMessage) (attrs map[string]json.RawMessage, optional []string) {
	var parts []json.RawMessage
	var name string
	if json.Unmarshal(t, &parts) != nil || len(parts) < 2 || json.Unmarshal(parts[0], &name) != nil || name != "object" {
		return nil, nil
	}
	if json.Unmarshal(parts[1], &attrs) != nil || len(parts) > 2 && json.Unmarshal(parts[2], &optional) != nil {
		return nil, nil
	}
	return attrs, optional
}

// elementOf is what the elements of a list type are, or nil.
func elementOf(t json.RawMessage) json.RawMessage {
	var parts []json.RawMessage
	var name string
	if json.Unmarshal(t, &parts) != nil || len(parts) != 2 || json.Unmarshal(parts[0], &name) != nil || name != "list" && name != "set" {
		return nil
	}
	return parts[1]
}

func objectInWords(t json.RawMessage) string {
	attrs, optional := members(t)
	if attrs == nil {
		return string(t)
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		mark := ""
		if slices.Contains(optional, name) {
			mark = "?"
		}
		words = append(words, name+mark+": "+typeInWords(attrs[name]))
	}
	return "object { " + strings.Join(words, ", ") + " }"
}
