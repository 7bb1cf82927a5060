package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// snapshot is all that a plan is made of, as the journal keeps it: the routes'
// text, and what it refers to. It holds no secret, since routes can hold none.
type snapshot struct {
	Version int              `json:"version"`
	Sources []snapshotSource `json:"sources"`
	Actions []snapshotAction `json:"actions"`
	Routes  []snapshotRoute  `json:"routes"`
	// Named are the variables and locals, of cty's type "dynamic".
	Named map[string]json.RawMessage `json:"named,omitempty"`
}

// snapshotVersion grows when an older binary could no longer read it.
const snapshotVersion = 2

type snapshotSource struct {
	Name  string        `json:"name"`
	Kind  string        `json:"kind"`
	Reply router.Schema `json:"reply"`
	Extra router.Schema `json:"extra,omitzero"`
}

type snapshotAction struct {
	Plugin string        `json:"plugin"`
	Action string        `json:"action"`
	Input  router.Schema `json:"input"`
	Output router.Schema `json:"output"`
}

// snapshotRoute is a route block as the operator wrote it, and where.
type snapshotRoute struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

func takeSnapshot(drafts []*routeDraft, known *world, named map[string]cty.Value, files map[string]*hcl.File) ([]byte, error) {
	s := snapshot{Version: snapshotVersion, Named: map[string]json.RawMessage{}}
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
		s.Routes = append(s.Routes, snapshotRoute{
			File:   filepath.Base(draft.rng.Filename),
			Line:   draft.rng.Start.Line,
			Column: draft.rng.Start.Column,
			Text:   wholeText(files[draft.rng.Filename].Bytes, draft.rng),
		})
		for _, from := range draft.from {
			if sources[from.text] {
				continue
			}
			sources[from.text] = true
			facts := known.sources[from.text]
			s.Sources = append(s.Sources, snapshotSource{Name: from.text, Kind: facts.kind, Reply: facts.schema, Extra: facts.extraSchema})
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

// wholeText is the text of a block. Of one on a single line the parser leaves the
// closing brace out.
func wholeText(src []byte, rng hcl.Range) string {
	text := string(rng.SliceBytes(src))
	rest := strings.TrimLeft(string(src[rng.End.Byte:]), " \t")
	if !strings.Contains(text, "\n") && strings.HasPrefix(rest, "}") {
		text += "}"
	}
	return text
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
	drafts := readRoutes(&r, s.blocks(&r), known)
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
	known := &world{sources: map[string]sourceFacts{}, plugins: map[string]pluginFacts{}}
	for _, source := range s.Sources {
		reply, err := fieldsOf(source.Reply)
		if err != nil {
			return nil, fmt.Errorf("the reply of source %s: %w", source.Name, err)
		}
		extra, err := extraFields(source.Extra)
		if err != nil {
			return nil, fmt.Errorf("the events of source %s: %w", source.Name, err)
		}
		known.sources[source.Name] = sourceFacts{
			kind: source.Kind, schema: source.Reply, reply: reply, extraSchema: source.Extra, extra: extra,
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
func (s *snapshot) blocks(r *reader) hcl.Blocks {
	var out hcl.Blocks
	for _, route := range s.Routes {
		file, diags := hclsyntax.ParseConfig([]byte(route.Text), route.File, hcl.Pos{Line: route.Line, Column: route.Column})
		r.add(diags...)
		if diags.HasErrors() {
			continue
		}
		content, diags := file.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "route", LabelNames: []string{"name"}}}})
		r.add(diags...)
		out = append(out, content.Blocks...)
	}
	return out
}
