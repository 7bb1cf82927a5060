package plugins_test

import (
	"slices"
	"testing"

	"github.com/signalbox/signalbox/plugins"
	"github.com/signalbox/signalbox/sdk"
)

func TestBundled(t *testing.T) {
	if !slices.IsSorted(plugins.Names()) {
		t.Errorf("not in order: %v", plugins.Names())
	}
	for _, name := range plugins.Names() {
		p, ok := plugins.New(name)
		if !ok || p.Name != name {
			t.Errorf("New(%q) = %v, %v", name, p, ok)
		}
	}
	if p, ok := plugins.New("bill"); ok || p != nil {
		t.Errorf("there is no plugin \"bill\", but New gives %v", p)
	}
}

// What operators read is all there: every attribute, block and action says
// what it is.
func TestEverythingIsDocumented(t *testing.T) {
	for _, name := range plugins.Names() {
		p, _ := plugins.New(name)
		undocumented(t, name, p.Doc, p.Config)
		for _, a := range p.Actions {
			undocumented(t, name+"."+a.Name, a.Doc, a.Input)
			undocumented(t, name+"."+a.Name, a.Doc, a.Output)
		}
	}
}

func undocumented(t *testing.T, where, doc string, s sdk.Schema) {
	t.Helper()
	if doc == "" {
		t.Errorf("%s says nothing of itself", where)
	}
	for _, a := range s.Attrs {
		if a.Doc == "" {
			t.Errorf("%s: %s says nothing of itself", where, a.Name)
		}
	}
	for _, b := range s.Blocks {
		undocumented(t, where+"."+b.Name, b.Doc, b.Schema)
	}
}
