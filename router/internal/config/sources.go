package config

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/rs/zerolog"
	"github.com/signalbox/signalbox/router"
)

// ownSource is the source that failures come from. It needs no block.
const ownSource = "signalbox"

// sources reads the source blocks; what routes may say of each goes to known.
func (l *loader) sources(blocks hcl.Blocks, publicURL string, known *world) []Source {
	known.sources[ownSource] = l.sourceFacts(router.SourceKind{Name: ownSource, Types: router.FailureTypes(), Shapes: router.FailureShapes()}, hcl.Range{})
	var out []Source
	seen := map[string]hcl.Range{}
	mounted := map[string]hcl.Range{}
	for _, block := range blocks {
		kindName, label := block.Labels[0], block.Labels[1]
		l.identifier("source", label, block.LabelRanges[1])
		name := kindName + "." + label
		if !l.unique("source", seen, name, block.DefRange) {
			continue
		}
		kind, ok := l.kind(kindName, block.LabelRanges[0])
		if !ok {
			// Routes may name it all the same: one error is enough.
			known.sources[name] = sourceFacts{kind: kindName, broken: true}
			continue
		}
		source := l.source(block, kind, name, publicURL, mounted)
		kind.Shapes = l.declared(kind, block)
		known.sources[name] = l.sourceFacts(kind, block.LabelRanges[0])
		out = append(out, source)
	}
	return out
}

func (l *loader) kind(name string, rng hcl.Range) (router.SourceKind, bool) {
	if name == ownSource {
		l.add(errorAt(rng, "This source needs no block", "Routes name failures as source.%s; write them in a route's from.", ownSource))
		return router.SourceKind{}, false
	}
	kind, ok := l.env.Sources[name]
	if !ok {
		l.add(errorAt(rng, "Unknown kind of source", "There is no protocol %s.%s", quote(name), suggest(name, keys(l.env.Sources))))
	}
	return kind, ok
}

func (l *loader) source(block *hcl.Block, kind router.SourceKind, name, publicURL string, mounted map[string]hcl.Range) Source {
	before := len(l.diags)
	source := Source{Kind: kind.Name, Name: name, At: at(block.DefRange)}
	schema := sourceBlock().of(kind).body()
	content, rest, diags := block.Body.PartialContent(schema)
	l.add(diags...)
	if attr := content.Attributes["path"]; attr != nil {
		source.Path = l.mount(attr, mounted)
	}
	source.Unrouted = Unrouted(l.word(content.Attributes["unrouted"], string(UnroutedError), string(UnroutedError), string(UnroutedAccept)))
	source.Config, _ = l.decode(kind.Config, rest, block, namesIn(schema)...)
	source.Expressions, source.Written = l.expressions(kind, content.Attributes)
	if len(l.diags) == before && kind.New != nil {
		deps := router.SourceDeps{PublicURL: publicURL, Path: source.Path, Log: zerolog.Nop(), Now: time.Now, Expressions: source.Expressions}
		if _, err := kind.New(name, source.Config, deps); err != nil {
			l.settingError(err, block)
		}
	}
	l.warnSettingsInClear(kind.Config, source.Config, block)
	return source
}

// settingError shows what a source says of its settings on the line of the
// setting.
func (l *loader) settingError(err error, block *hcl.Block) {
	where := block.DefRange
	var setting *router.SettingError
	if errors.As(err, &setting) {
		if found := locate(block.Body, strings.Split(setting.Attr, ".")); found != block.Body.MissingItemRange() {
			err, where = setting.Err, found
		} else {
			err = fmt.Errorf("%s: %w", quote(setting.Attr), setting.Err)
		}
	}
	l.add(errorAt(where, "A setting that can't work", "%s.", sentence(err)))
}

// sentence begins an error's text as a sentence does.
func sentence(err error) string {
	first, size := utf8.DecodeRuneInString(err.Error())
	return string(unicode.ToUpper(first)) + err.Error()[size:]
}

// mount reads a source's path. One request must have one source, so no path
// may lie below another's.
func (l *loader) mount(attr *hcl.Attribute, mounted map[string]hcl.Range) string {
	mount, ok := l.given(attr)
	if !ok {
		return ""
	}
	if !strings.HasPrefix(mount, "/") || path.Clean(mount) != mount || strings.ContainsAny(mount, "?#%{} ") {
		l.add(errorAt(attr.Expr.Range(), "Not a path", `"path" can't be %s: it must start with /, and have no / at its end, no dots and none of ? # %%, as in "/appdirect/acme".`, quote(mount)))
		return mount
	}
	for _, other := range keys(mounted) {
		if below(mount, other) || below(other, mount) {
			l.add(errorAt(attr.Expr.Range(), "Two sources on one path",
				"Requests to %s and to %s (at %s) could not be told apart. Give each source a path that is not below the other's.",
				quote(mount), quote(other), at(mounted[other])))
			return mount
		}
	}
	mounted[mount] = attr.Expr.Range()
	return mount
}

// below reports whether a is b or lies under it.
func below(a, b string) bool {
	return a == b || b == "/" || strings.HasPrefix(a, b+"/")
}

func (l *loader) sourceFacts(kind router.SourceKind, rng hcl.Range) sourceFacts {
	reply, err := fieldsOf(kind.Reply)
	if err != nil {
		l.add(errorAt(rng, "The protocol's schema is broken", "The reply of %s: %s. This is a fault of signalbox; please report it.", quote(kind.Name), err))
	}
	extra, err := extraFields(kind.Extra)
	if err != nil {
		l.add(errorAt(rng, "The protocol's schema is broken", "The events of %s: %s. This is a fault of signalbox; please report it.", quote(kind.Name), err))
	}
	shapes, err := shapesOf(kind.Shapes)
	if err != nil {
		l.add(errorAt(rng, "The protocol's schema is broken", "The events of %s: %s. This is a fault of signalbox; please report it.", quote(kind.Name), err))
	}
	return sourceFacts{
		kind: kind.Name, types: kind.Types, codes: kind.Codes, required: kind.Required, takes: kind.Takes,
		schema: kind.Reply, reply: reply, extraSchema: kind.Extra, extra: extra, shapes: shapes, declares: kind.Declares,
	}
}

// extraFields are what the events of a kind have beside what all have.
func extraFields(schema router.Schema) (fields, error) {
	extra, err := fieldsOf(schema)
	for name := range eventAttributes(nil) {
		if extra.named(name) != nil {
			return nil, fmt.Errorf("attribute %q is one that every event has", name)
		}
	}
	return extra, err
}

// identifier reports a label that expressions could not write.
func (r *reader) identifier(what, label string, rng hcl.Range) bool {
	if hclsyntax.ValidIdentifier(label) {
		return true
	}
	r.add(errorAt(rng, "Not a name", "The name of a %s must be a word of letters, digits, _ and -, so that routes can refer to it; %s is not.", what, quote(label)))
	return false
}
