package config

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompareSeesASourcesSchema(t *testing.T) {
	load := func(typ string) *Config {
		return mustLoad(t, "source \"hook\" \"shop\" {\n path = \"/shop\"\n schema {\n  payload = object({ id = "+typ+" })\n }\n}\n"+
			"route \"any\" { from = [source.hook.shop] }\n")
	}
	got, err := Compare(load("string"), load("number"))
	if diff := cmp.Diff(Changes{Sources: []Change{{Name: "hook.shop", Kind: Changed, What: []string{"schema"}}}}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err = Compare(load("string"), load("string")); err != nil || !got.Empty() {
		t.Errorf("the same schema: %v, %v", got, err)
	}
}

// A route uses the file that a local names as much as the one that it names itself.
func TestCompareSeesEveryFileOfARoute(t *testing.T) {
	dir := t.TempDir()
	path := writeNamed(t, dir, "config.hcl", "locals { path = \"two.txt\" }\n"+tell(`"${templatefile("one.txt", {})} ${templatefile(local.path, {})}"`))
	writeNamed(t, dir, "one.txt", "one")
	var loaded []*Config
	for _, text := range []string{"two", "three"} {
		writeNamed(t, dir, "two.txt", text)
		c, diags := Load(t.Context(), path, testEnv())
		if c == nil {
			t.Fatal(render(t, diags))
		}
		loaded = append(loaded, c)
	}
	got, err := Compare(loaded[0], loaded[1])
	if diff := cmp.Diff([]Change{{Name: "tell", Kind: Changed, What: []string{`templatefile("two.txt")`}}}, got.Routes); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// No change at all is the same plan, but for comments and layout; and what no part
// shows is told nevertheless.
func TestCompareNeverSaysNothingOfAnotherPlan(t *testing.T) {
	const text = `route "any" { from = [source.appdirect.acme] }` + "\n"
	now, moved := mustLoad(t, text), mustLoad(t, "# moved down\n"+strings.Replace(text, "from =", "from  =", 1))
	if now.Plan.Digest == moved.Plan.Digest {
		t.Fatal("the digest does not tell the layout")
	}
	if got, err := Compare(now, moved); err != nil || !got.Empty() {
		t.Errorf("another layout: %v, %v", got, err)
	}
	// What a plan of another version might have.
	other := *now
	other.Snapshot = bytes.Replace(now.Snapshot, []byte(`"kind":"appdirect"`), []byte(`"kind":"appdirect2"`), 1)
	got, err := Compare(now, &other)
	want := Changes{Settings: []Change{{Name: "plan", Kind: Changed, What: []string{"what its routes refer to"}}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
