package daemon_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/daemon/routes"
)

// TestEveryExampleWithTestsPassesThem takes each directory of the examples that
// has tests for a configuration.
func TestEveryExampleWithTestsPassesThem(t *testing.T) {
	dirs, err := filepath.Glob("../../examples/*/tests")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no example has tests: %v", err)
	}
	for _, tests := range dirs {
		dir := filepath.Dir(tests)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var whole []byte
			files, err := filepath.Glob(dir + "/*.hcl")
			if err != nil {
				t.Fatal(err)
			}
			tested, err := routes.TestFiles(dir, nil)
			if err != nil || len(tested) == 0 {
				t.Fatalf("no tests: %v", err)
			}
			for _, file := range append(files, tested...) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				whole = append(whole, text...)
				if formatted, _ := daemon.Format(file, text); !bytes.Equal(formatted.Text, text) {
					t.Errorf("%s is not as signalbox fmt writes it", file)
				}
			}
			loads(t, dir, whole)
			passes(t, dir, tested)
		})
	}
}

func passes(t *testing.T, path string, files []string) {
	t.Helper()
	r, _, err := routes.Open(t.Context(), path, nil, zerolog.Nop())
	if err != nil || r == nil {
		t.Fatalf("opening %s: %v", path, err)
	}
	suite, diags := r.ReadTests(files)
	if diags.Len() > 0 {
		var out bytes.Buffer
		if err := diags.Write(&out, false, 0); err != nil {
			t.Fatal(err)
		}
		t.Fatal(out.String())
	}
	for _, result := range suite.Run(func(string) bool { return true }) {
		for _, miss := range result.Misses {
			t.Errorf("%s: %s:%d: %s", result.Name, miss.File, miss.Line, miss.What)
		}
	}
}

// TestTheReadmesTestPasses runs it against the README's whole configuration.
func TestTheReadmesTestPasses(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	config := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindSubmatch(readme)
	test := regexp.MustCompile("(?s)```\n(test \".*?)```").FindSubmatch(readme)
	if config == nil || test == nil {
		t.Fatal("the README shows no configuration, or no test of it")
	}
	dir := t.TempDir()
	path, tests := filepath.Join(dir, "config.hcl"), filepath.Join(dir, "readme.hcl")
	for name, text := range map[string][]byte{path: config[1], tests: test[1]} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loads(t, path, config[1])
	passes(t, path, []string{tests})
}
