package config

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// uses keeps the plugins of the preamble from being unused.
const uses = `
route "failures" {
  from = [source.signalbox]
  on   = ["plugin.down"]
  deliver "bill" {
    to   = plugin.billing.cancel_subscription
    with = { customer_id = "c" }
  }
  deliver "note" {
    to   = plugin.crm.upsert_company
    with = { name = "n" }
  }
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "failure", to = ["ops@example.com"] }
  }
}
`

// TestDiagnostics shows each case beside a configuration that has no fault.
func TestDiagnostics(t *testing.T) {
	for _, path := range diagnosticCases(t) {
		name, ext, _ := strings.Cut(filepath.Base(path), ".")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for file, content := range map[string]string{"base.hcl": preamble + uses, name + "." + ext: string(text)} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			config, diags := Load(context.Background(), dir, testEnv())
			if (config == nil) != diags.HasErrors() {
				t.Errorf("config is nil: %v, there are errors: %v", config == nil, diags.HasErrors())
			}
			got := strings.ReplaceAll(render(t, diags), dir+string(filepath.Separator), "")
			golden := strings.TrimSuffix(path, ext) + "golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
			if got == "" {
				t.Error("no diagnostic at all")
			}
			assertNoSecret(t, got+string(diags.JSON()))
		})
	}
}

// diagnosticCases are the files of all cases, in both syntaxes.
func diagnosticCases(t testing.TB) []string {
	t.Helper()
	var cases []string
	for _, pattern := range []string{"testdata/diag/*.hcl", "testdata/diag/*.hcl.json"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no cases %s: %v", pattern, err)
		}
		cases = append(cases, found...)
	}
	return cases
}

func assertNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{storedSecret, storedSecret[:9], envSecret, fileSecret, "hunter2-literal"} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %q is shown:\n%s", secret, text)
		}
	}
}

func TestDiagnosticsAsJSON(t *testing.T) {
	path := write(t, "listen = \"here\"\n")
	_, diags := Load(context.Background(), path, testEnv())
	var got []map[string]any
	if err := json.Unmarshal(diags.JSON(), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"severity": "error", "summary": "Not an address",
		"detail": `"listen" can't be "here": write host and port, as in "127.0.0.1:8480".`,
		"range": map[string]any{
			"file":  path,
			"start": map[string]any{"line": 1.0, "column": 10.0},
			"end":   map[string]any{"line": 1.0, "column": 16.0},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	_, none := Load(context.Background(), write(t, ""), testEnv())
	if string(none.JSON()) != "[]" || none.Len() != 0 {
		t.Errorf("no diagnostics are %s", none.JSON())
	}
}
