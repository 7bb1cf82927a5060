package config

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLinesAlone: a diagnostic looks the same, whether HCL's writer sees the
// whole file or the lines alone that it is about.
func TestLinesAlone(t *testing.T) {
	cases, err := filepath.Glob("testdata/diag/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, path := range cases {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, diags := Load(context.Background(), write(t, "# éß\n"+preamble+string(text)), testEnv())
		for _, diag := range diags.list {
			file := diags.files[rangeOf(diag).Filename]
			if file == nil {
				continue
			}
			diag = diags.clean(diag)
			shown, files := alone(diag, file)
			if diff := cmp.Diff(string(renderText(diag, diags.files, true, 0)), string(renderText(shown, files, true, 0))); diff != "" {
				t.Errorf("%s (-of the whole file +of the lines alone):\n%s", path, diff)
			}
			compared++
		}
	}
	if compared < len(cases)/2 {
		t.Errorf("only %d diagnostics of %d cases were compared", compared, len(cases))
	}
}
