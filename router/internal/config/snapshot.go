package config

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// snapshot is all that a plan is made of, as the journal keeps it: the routes'
// text, and what it refers to. Routes can refer to no secret, and what an
// operator writes into their text is no place for one: Load warns of it.
type snapshot struct {
	Version int              `json:"version"`
	Sources []snapshotSource `json:"sources"`
	Actions []snapshotAction `json:"actions"`
	Routes  []snapshotRoute  `json:"routes"`
	// Types are those that the sources' shapes consist of, each once.
	Types []json.RawMessage `json:"types,omitempty"`
	// Files are the texts of files that templatefile() names, by path.
	Files map[string]string `json:"files,omitempty"`
	// Named are the variables and locals, of cty's type "dynamic".
	Named map[string]json.RawMessage `json:"named,omitempty"`
}

// snapshotVersion grows when an older binary could no longer read it.
const snapshotVersion = 3

type snapshotSource struct {
	Name  string        `json:"name"`
	Kind  string        `json:"kind"`
	Reply router.Schema `json:"reply"`
	Extra router.Schema `json:"extra,omitzero"`
	// Shapes are absent in snapshots before version 3, whose events may be
	// anything.
	Shapes []snapshotShape `json:"shapes,omitempty"`
}

type snapshotAction struct {
	Plugin string        `json:"plugin"`
	Action string        `json:"action"`
	Input  router.Schema `json:"input"`
	Output router.Schema `json:"output"`
}

// snapshotRoute is a route block as the operator wrote it, and where. The name
// of the file says in which syntax.
type snapshotRoute struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

func (route snapshotRoute) start() hcl.Pos {
	return hcl.Pos{Line: route.Line, Column: route.Column}
}

func takeSnapshot(drafts []*routeDraft, known *world, named map[string]cty.Value, files map[string]*hcl.File, texts *templates) ([]byte, error) {
	s := snapshot{Files: texts.files, Version: snapshotVersion, Named: map[string]json.RawMessage{}}
	for name, v := range named {
		text, err := ctyjson.Marshal(v, cty.DynamicPseudoType)
		if err != nil {
			return nil, fmt.Errorf("writing the plan's snapshot: %s: %w", name, err)
		}
		s.Named[name] = text
	}
	sources := map[string]bool{}
	actions := map[router.ActionRef]bool{}
	for _, draft := range drafts {
		if !draft.again {
			s.Routes = append(s.Routes, routeText(files[draft.rng.Filename], draft.rng))
		}
		for _, from := range draft.from {
			if sources[from.text] {
				continue
			}
			sources[from.text] = true
			facts := known.sources[from.text]
			s.Sources = append(s.Sources, snapshotSource{Name: from.text, Kind: facts.kind, Reply: facts.schema, Extra: facts.extraSchema, Shapes: s.keepShapes(facts.shapes.text)})
		}
		for _, d := range draft.deliveries {
			if actions[d.to] {
				continue
			}
			actions[d.to] = true
			s.Actions = append(s.Actions, snapshotAction{d.to.Plugin, d.to.Action, d.action.action.Input, d.action.action.Output})
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("writing the plan's snapshot: %w", err)
	}
	return text, nil
}

// routeText cuts a route out of its file, so that it parses alone and its places
// are what they were.
func routeText(file *hcl.File, rng hcl.Range) snapshotRoute {
	src := file.Bytes
	out := snapshotRoute{File: filepath.Base(rng.Filename), Line: rng.Start.Line, Column: rng.Start.Column}
	if !isJSON(rng.Filename) {
		out.Text = string(closed(file, rng).SliceBytes(src))
		return out
	}
	// In JSON the range is from the name to the end of the object, which may be
	// the only element of a list.
	const before, after = `{"route":{`, "}}"
	out.Column -= len(before)
	out.Text = before + string(rng.SliceBytes(src))
	behindName := src[endOfText(src, rng.Start.Byte)+1:]
	if bytes.HasPrefix(bytes.TrimLeft(behindName, ": \t\r\n"), []byte{'['}) {
		out.Text += "]"
	}
	out.Text += after
	return out
}

// closed is the range of a route block with its closing brace, which the range of
// a body on a single line lacks.
func closed(file *hcl.File, rng hcl.Range) hcl.Range {
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return rng
	}
	i, found := slices.BinarySearchFunc(body.Blocks, rng.Start.Byte, func(b *hclsyntax.Block, at int) int {
		return cmp.Compare(b.TypeRange.Start.Byte, at)
	})
	if !found {
		return rng
	}
	return hcl.RangeBetween(rng, body.Blocks[i].CloseBraceRange)
}

func digestOf(snapshot []byte) string {
	sum := sha256.Sum256(snapshot)
	return hex.EncodeToString(sum[:])
}

// Compile makes a plan from the snapshot that an earlier Load gave, of which
// digest is the SHA-256 in hex. It needs no file, plugin or secret, so that
// events from before a restart end under the plan they began with.
func Compile(text []byte, digest string) (*router.Plan, error) {
	if digestOf(text) != digest {
		return nil, fmt.Errorf("compiling plan %s: the snapshot has another digest", digest)
	}
	var s snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("compiling plan %s: reading the snapshot: %w", digest, err)
	}
	if s.Version < 1 || s.Version > snapshotVersion {
		return nil, fmt.Errorf("compiling plan %s: the snapshot has version %d; this signalbox knows %d", digest, s.Version, snapshotVersion)
	}
	known, err := s.world()
	if err != nil {
		return nil, fmt.Errorf("compiling plan %s: %w", digest, err)
	}
	r := newReader()
	if r.constants.Variables, err = s.named(); err != nil {
		return nil, fmt.Errorf("compiling plan %s: %w", digest, err)
	}
	r.templates.files = s.Files
	blocks, texts := s.blocks(&r)
	r.again = func(block *hcl.Block) *hcl.Block {
		route := texts[block]
		return parseRoute([]byte(route.Text), route.File, route.start())
	}
	drafts := readRoutes(&r, blocks, known)
	r.templates.loaded = true
	if r.diags.HasErrors() {
		return nil, fmt.Errorf("compiling plan %s: %w", digest, r.diags.Errs()[0])
	}
	return newPlan(digest, drafts, r.constants), nil
}

// named are the variables and locals.
func (s *snapshot) named() (map[string]cty.Value, error) {
	named := map[string]cty.Value{}
	for name, text := range s.Named {
		v, err := ctyjson.Unmarshal(text, cty.DynamicPseudoType)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		named[name] = v
	}
	return named, nil
}

func (s *snapshot) world() (*world, error) {
	known := &world{sources: map[string]sourceFacts{}, plugins: map[string]pluginFacts{}, compiled: true}
	for _, source := range s.Sources {
		reply, err := fieldsOf(source.Reply)
		if err != nil {
			return nil, fmt.Errorf("the reply of source %s: %w", source.Name, err)
		}
		extra, err := extraFields(source.Extra)
		if err != nil {
			return nil, fmt.Errorf("the events of source %s: %w", source.Name, err)
		}
		text, err := s.shapes(source)
		if err != nil {
			return nil, fmt.Errorf("the events of source %s: %w", source.Name, err)
		}
		shapes, err := shapesOf(text)
		if err != nil {
			return nil, fmt.Errorf("the events of source %s: %w", source.Name, err)
		}
		known.sources[source.Name] = sourceFacts{
			kind: source.Kind, schema: source.Reply, reply: reply, extraSchema: source.Extra, extra: extra, shapes: shapes,
		}
	}
	for _, a := range s.Actions {
		facts, err := actionFactsOf(router.Action{Name: a.Action, Input: a.Input, Output: a.Output})
		if err != nil {
			return nil, fmt.Errorf("the action %s.%s: %w", a.Plugin, a.Action, err)
		}
		if known.plugins[a.Plugin].actions == nil {
			known.plugins[a.Plugin] = pluginFacts{actions: map[string]*actionFacts{}}
		}
		known.plugins[a.Plugin].actions[a.Action] = facts
	}
	return known, nil
}

// blocks parses the routes with the places that they had. Load has parsed the
// same text before, so that it is known not to exhaust the stack.
func (s *snapshot) blocks(r *reader) (out hcl.Blocks, texts map[*hcl.Block]snapshotRoute) {
	texts = make(map[*hcl.Block]snapshotRoute, len(s.Routes))
	for _, route := range s.Routes {
		file, diags := parseKnown([]byte(route.Text), route.File, route.start())
		r.add(diags...)
		if diags.HasErrors() {
			continue
		}
		content, diags := file.Body.Content(routesBody)
		r.add(diags...)
		for _, block := range content.Blocks {
			texts[block] = route
		}
		out = append(out, content.Blocks...)
	}
	return out, texts
}

// parseRoute parses a route block that has been parsed before.
func parseRoute(src []byte, name string, start hcl.Pos) *hcl.Block {
	file, _ := parseKnown(src, name, start)
	content, _ := file.Body.Content(routesBody)
	return content.Blocks[0]
}
