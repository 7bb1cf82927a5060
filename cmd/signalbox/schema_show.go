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

// writeLanguage tells a language as a page to read.
func writeLanguage(w io.Writer, l *daemon.Language) {
	writeSchema(w, "configuration", "  ", "required", l.Configuration)
	for _, kind := range l.Kinds {
		writeKind(w, kind)
	}
	for i := range l.Plugins {
		p := &l.Plugins[i]
		fmt.Fprintf(w, "\nplugin \"%s\" is ", clean(p.Block, ""))
		writeDescription(w, &p.PluginDescription)
	}
	writeSchema(w, "\nfiles of tests", "  ", "required", l.Tests)
	fmt.Fprintln(w, "\nnames in expressions")
	t := table(w)
	for _, name := range l.Names {
		row(t, "  "+name.Name, "object", name.Doc)
		writeBlock(t, "    ", "never null", attributes(name.Attrs))
	}
	t.Flush()
	fmt.Fprintln(w, "\nfunctions")
	t = table(w)
	for _, f := range l.Functions {
		doc := f.Doc
		if f.Secret {
			doc += " A secret."
		}
		row(t, "  "+signature(f), typeInWords(f.Type), oneLine(doc))
	}
	t.Flush()
}

func writeKind(w io.Writer, kind daemon.Kind) {
	if kind.Source == nil {
		fmt.Fprintf(w, "\nsource.%s\n", kind.Name)
	} else {
		title := *kind.Source
		title.Labels = title.Labels[1:]
		title.Name += fmt.Sprintf(" %q", kind.Name)
		writeSchema(w, "\n"+titleOf(title), "  ", "required", *kind.Source)
	}
	writeWords(w, "event types", kind.Types)
	if len(kind.Event) > 0 {
		writeSchema(w, "  events have", "    ", "never null", attributes(kind.Event))
	}
	writeShapes(w, "event.payload", kind.Shapes, func(s daemon.Shape) json.RawMessage { return s.Payload })
	writeShapes(w, "event.attributes", kind.Shapes, func(s daemon.Shape) json.RawMessage { return s.Attributes })
	if len(kind.Reply) > 0 {
		writeSchema(w, "  a reply can carry", "    ", "", attributes(kind.Reply))
	}
	for _, eventType := range slices.Sorted(maps.Keys(kind.Requires)) {
		fmt.Fprintf(w, "  a success of %s must carry %s\n", eventType, kind.Requires[eventType])
	}
	writeWords(w, "codes", kind.Codes)
}

// writeShapes writes a part of the events of a kind, types that have the same
// part together.
func writeShapes(w io.Writer, name string, shapes []daemon.Shape, part func(daemon.Shape) json.RawMessage) {
	var parts []string
	types := map[string][]string{}
	for _, s := range shapes {
		of := string(part(s))
		if attrs, _ := members(part(s)); len(attrs) == 0 {
			continue
		}
		if types[of] == nil {
			parts = append(parts, of)
		}
		on := s.On
		if len(on) == 0 {
			on = []string{"any other"}
		}
		types[of] = append(types[of], on...)
	}
	for _, of := range parts {
		writeWords(w, name+" of", types[of])
		t := table(w)
		writeMembers(t, "    ", json.RawMessage(of))
		t.Flush()
	}
}

// writeMembers writes a row for each member of an object, and below it for those
// of its own.
func writeMembers(t io.Writer, way string, typ json.RawMessage) {
	attrs, optional := members(typ)
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		words := typeInWords(attrs[name])
		nested, below := attrs[name], way+name+"."
		if element := elementOf(nested); element != nil {
			nested, below = element, way+name+"[*]."
		}
		inner, _ := members(nested)
		if inner != nil {
			words, _, _ = strings.Cut(words, " {")
		}
		if slices.Contains(optional, name) {
			words += ", may be absent"
		}
		row(t, way+name, words)
		writeMembers(t, below, nested)
	}
}

// attributes is what has these attributes, and nothing else.
func attributes(attrs []router.Attr) daemon.Block {
	return daemon.BlockOf(router.Schema{Attrs: attrs})
}

// lineOfWords is how long a list of words may be before it goes on below.
const lineOfWords = 78

func writeWords(w io.Writer, title string, words []string) {
	if len(words) == 0 {
		return
	}
	line := "  " + title + ":"
	for i, word := range words {
		if i < len(words)-1 {
			word += ","
		}
		if len(line)+1+len(word) > lineOfWords {
			fmt.Fprintln(w, line)
			line = "   "
		}
		line += " " + word
	}
	fmt.Fprintln(w, line)
}

// signature is how a function is called: substr(str, offset, length).
func signature(f daemon.Function) string {
	var args []string
	for _, arg := range f.Args {
		args = append(args, arg.Name)
	}
	if f.Rest != nil {
		args = append(args, f.Rest.Name+"…")
	}
	return f.Name + "(" + strings.Join(args, ", ") + ")"
}
