package config

import (
	"strings"
	"testing"
)

// TestLongLines: of a line that nobody can look at, what a diagnostic is about
// is shown, with the number of the line.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("\"é\", ", 100_000)
	for name, tc := range map[string]struct{ file, text, want string }{
		"in the middle": {"config.hcl", "\n\nlocals { a = [" + long + "nobody.x, " + long + "\"\"] }\n", `nobody.x, "é"`},
		"at its end":    {"config.hcl", "\n\nlocals { a = [" + long + "nobody.x] }\n", `"é", nobody.x] }`},
		"of JSON":       {"config.hcl.json", "\n\n{\"locals\": {\"a\": [" + long + "\"${nobody.x}\", " + long + "\"\"]}}\n", `…"${nobody.x}"…`},
		"a long text":   {"config.hcl.json", "\n\n{\"listn\": \"" + strings.Repeat("é", 100_000) + "\"}\n", `{"listn": "é`},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := loadWithin(t, writeNamed(t, t.TempDir(), tc.file, tc.text))
			shown := render(t, diags)
			if !strings.Contains(shown, tc.want) || !strings.Contains(shown, tc.file+" line 3") || len(shown) > 2000 {
				t.Errorf("%d bytes are shown:\n%.2000s", len(shown), shown)
			}
		})
	}
}
