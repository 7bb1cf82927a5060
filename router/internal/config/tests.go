package config

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// Tests are the tests of some files.
type Tests struct {
	// List stands in the order of the files, and of the blocks in each. A test
	// that has an error is not in it.
	List []*Test
	// Diagnostics are never nil.
	Diagnostics *Diagnostics

	shapes map[string]*shapes // by source
}

// Test is a test block. Whoever reads it knows that all its names are there.
type Test struct {
	Name  string
	At    Place
	Event TestEvent
	// Outcomes are what each delivery of the plan would come to, by route/delivery.
	Outcomes map[string]router.Outcome
	// Unsaid are the outputs that the action always gives, that its route reads,
	// and of which the test says nothing, by route/delivery: null stands for
	// them, which the daemon never sees.
	Unsaid map[string][]string
	Expect Expect
}

// TestEvent is the event of a test.
type TestEvent struct {
	At Place
	// Source and Type are "" where the file, or the configuration, says it.
	Source, Type string
	// File holds the event's document, or is "".
	File   string
	FileAt Place
	// Set are what is put into it, in this order.
	Set []TestSet
}

// TestSet is a value that is put into an event.
type TestSet struct {
	Path  string
	Value json.RawMessage
	At    Place
}

// Place is where something of a test stands.
type Place struct {
	File string
	Line int
	rng  hcl.Range
}

// Fail adds an error to the diagnostics, about what a place says.
func (t *Tests) Fail(at Place, summary, detail string) {
	t.Diagnostics.list = append(t.Diagnostics.list, errorAt(at.rng, summary, "%s", detail))
	t.Diagnostics.sorted()
}

// Line is the first line of a place as it is written, without what a schema
// calls sensitive.
func (t *Tests) Line(at Place) string {
	file := t.Diagnostics.secrets.maskFiles(t.Diagnostics.files)[at.rng.Filename]
	if file == nil {
		return ""
	}
	lines := strings.Split(string(file.Bytes), "\n")
	if at.Line < 1 || at.Line > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[at.Line-1])
}

// ReadTests reads files of tests and checks them against the configuration, of
// whose sources kinds are the protocols.
func (x *Explainer) ReadTests(names []string, kinds map[string]router.SourceKind) *Tests {
	files := map[string]*hcl.File{}
	r := &testReader{reader: reader{constants: x.own.constants}, x: x, kinds: kinds, shapes: x.eventShapes(), deliveries: map[string]delivered{}}
	for _, draft := range x.own.drafts {
		read := &paths{}
		read.note("deliver", draft.expressions()...)
		for _, d := range draft.deliveries {
			r.deliveries[draft.name+"/"+d.name] = delivered{draft, d, d.action.output.toBeSaid(read.member([]byte(d.name)))}
		}
	}
	out := &Tests{shapes: r.shapes}
	seen := map[string]hcl.Range{}
	for _, name := range names {
		src, err := readCapped(name)
		if err != nil {
			r.add(unreadable(name, err))
			continue
		}
		file, diags := parse(src, name, hcl.InitialPos)
		r.add(diags...)
		if files[name] = file; diags.HasErrors() {
			continue
		}
		for _, block := range r.content(file.Body, testsBlock().body()).Blocks {
			before := len(r.diags)
			test := r.test(block, seen)
			if !r.diags[before:].HasErrors() {
				out.List = append(out.List, test)
			}
		}
	}
	out.Diagnostics = (&Diagnostics{list: r.diags, files: files, secrets: r.secrets}).sorted()
	return out
}

// testReader reads test blocks.
type testReader struct {
	reader
	x     *Explainer
	kinds map[string]router.SourceKind
	// shapes are what events look like, by source.
	shapes map[string]*shapes
	// deliveries are all of the plan, by route/delivery.
	deliveries map[string]delivered
	// secrets are the values of a test that must not be shown.
	secrets secrets
}

// delivered is a delivery with its route.
type delivered struct {
	route *routeDraft
	*deliveryDraft
	// toBeSaid are the outputs for which there is no stand-in.
	toBeSaid []string
}

func placeAt(rng hcl.Range) Place { return Place{File: rng.Filename, Line: rng.Start.Line, rng: rng} }

func (r *testReader) test(block *hcl.Block, seen map[string]hcl.Range) *Test {
	t := &Test{Name: block.Labels[0], At: placeAt(block.DefRange)}
	if strings.TrimSpace(t.Name) == "" {
		r.add(errorAt(block.LabelRanges[0], "A test without a name", "Say in a few words what the test is of."))
	}
	r.unique("test", seen, t.Name, block.DefRange)
	blocks := r.content(block.Body, nested("test", testsBlock()).body()).Blocks.ByType()
	if event := r.atMostOne(blocks["event"]); event != nil {
		t.Event = r.event(event)
	} else {
		r.add(errorAt(block.DefRange, "A test without an event", `Add event { type = "…", payload = { … } }, or event { file = "…" }.`))
	}
	t.Outcomes = r.given(blocks["given"])
	t.Unsaid = r.unsaid(t.Outcomes)
	if expect := r.atMostOne(blocks["expect"]); expect != nil {
		t.Expect = r.expect(expect, t.Event.Source)
	} else {
		r.add(errorAt(block.DefRange, "A test without an expectation", `Add expect { routes = ["…"] }, or say what is delivered or replied.`))
	}
	return t
}

// ReadDocument reads a file that a test names, as those of a configuration are
// read: what is no file, a pipe for one, is refused. It has at most limit bytes.
func ReadDocument(name string, limit int) ([]byte, error) { return readText(name, limit) }

// nested is the nested block of that name.
func nested(name string, of Block) Block {
	i := slices.IndexFunc(of.Blocks, func(b Block) bool { return b.Name == name })
	return of.Blocks[i]
}

// value evaluates what may refer to variables and locals, and to nothing else.
func (r *testReader) value(expr hcl.Expression) (cty.Value, bool) {
	ok := !r.refuseSecret(expr)
	for _, traversal := range expr.Variables() {
		ok = r.namedValue(traversal) && ok
	}
	if !ok {
		return cty.NilVal, false
	}
	v, diags := expr.Value(r.constants)
	r.add(diags...)
	return v, !diags.HasErrors()
}

// document is a value as JSON, where null is absent.
func (r *testReader) document(expr hcl.Expression) (json.RawMessage, bool) {
	v, ok := r.value(expr)
	if !ok {
		return nil, false
	}
	text, err := appendJSON(nil, v)
	if err != nil {
		r.add(errorAt(expr.Range(), "Not a value of an event", "This can't be written as JSON: %s.", err))
		return nil, false
	}
	return text, true
}

// find looks a delivery up: route/delivery, or the delivery alone where one
// route block has it. The routes that a block's for_each makes have one each.
func (r *testReader) find(label string, rng hcl.Range) (names []string, d delivered, ok bool) {
	if d, ok := r.deliveries[label]; ok {
		return []string{label}, d, true
	}
	oneBlock := true
	for _, draft := range r.x.own.drafts {
		name := draft.name + "/" + label
		if found, ok := r.deliveries[name]; ok && found.name == label {
			oneBlock = oneBlock && (len(names) == 0 || found.route.rng == d.route.rng)
			names, d = append(names, name), found
		}
	}
	switch {
	case len(names) == 0:
		r.add(errorAt(rng, "Unknown delivery", "No route has a delivery %s.%s", quote(label), r.suggestDelivery(label)))
	case !oneBlock:
		slices.Sort(names)
		r.add(errorAt(rng, "More than one delivery", "%d routes have a delivery %s. Say whose: %s, for one.", len(names), quote(label), quote(names[0])))
	default:
		return names, d, true
	}
	return nil, delivered{}, false
}

// suggestDelivery takes a label without a slash for a delivery's bare name.
func (r *testReader) suggestDelivery(label string) string {
	names := keys(r.deliveries)
	if !strings.Contains(label, "/") {
		for i, name := range names {
			names[i] = r.deliveries[name].name
		}
	}
	return suggest(label, distinct(names))
}

// distinct are names, each once and sorted.
func distinct(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// once reports a second block about the same delivery.
func (r *testReader) once(seen map[string]hcl.Range, deliveries []string, block *hcl.Block) bool {
	for _, delivery := range deliveries {
		if first, ok := seen[delivery]; ok {
			r.add(errorAt(block.DefRange, "A delivery twice", "%s has a block at %s already. Put both into one.", quote(delivery), at(first)))
			return false
		}
		seen[delivery] = block.DefRange
	}
	return true
}

// beside is a path that is taken from the directory of the file it stands in.
func beside(name, file string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}
