package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// shortestFuzzed is the shortest secret that is looked for: what is shorter
// stands in many a text.
const shortestFuzzed = 8

// FuzzDiagnostics: whatever stands beside them, no diagnostic shows the secrets
// that the machine gives, or one that is written in the file. What is found with
// one secret, and would be there with another as well, is no leak.
func FuzzDiagnostics(f *testing.F) {
	cases, err := filepath.Glob("testdata/diag/*.hcl")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range cases {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "pl4nted \"secret\" ${7}", "wr1tten\\ & <secret>")
	}
	for _, text := range []string{
		`source "subscriptionbridge" "x" { pasword = credential("stored") + 1 `,
		`plugin "y" { use = "billing" config { secret_key = parseint(env("STRIPE_KEY"), 10) } }`,
		`plugin "y" { use = "billing" config { secret_key = jsondecode(file("secret.txt")).a[credential("stored")] } }`,
		`seal_key = tolist([credential("stored")])`,
	} {
		f.Add(text, "sk_l1ve\u00e9\n1234", "wr1tten/secret+7")
	}
	path := filepath.Join(f.TempDir(), "config.hcl")
	shown := func(t *testing.T, text, given, written string) string {
		env := testEnv()
		env.Credential = func(string) ([]byte, error) { return []byte(given), nil }
		env.Getenv = func(string) (string, bool) { return given, true }
		env.ReadFile = func(string) ([]byte, error) { return []byte(given), nil }
		literal := hclwrite.TokensForValue(cty.StringVal(written)).Bytes()
		own := "source \"subscriptionbridge\" \"own\" {\n path = \"/own\"\n username = credential(\"own\")\n password = " + string(literal) + "\n}\n"
		if err := os.WriteFile(path, []byte(own+text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, diags := Load(context.Background(), path, env)
		return render(t, diags) + string(diags.JSON())
	}
	f.Fuzz(func(t *testing.T, text, given, written string) {
		for _, secret := range []string{given, written} {
			if _, err := secretText([]byte(secret)); err != nil || len(secret) < shortestFuzzed || strings.TrimSpace(secret) != secret || strings.ContainsRune(secret, 0) {
				return
			}
		}
		got, other := shown(t, text, given, written), shown(t, text, "an0ther given one", "an0ther written one")
		for _, secret := range []string{given, written} {
			for _, form := range router.NewSecret([]byte(secret)).Forms() {
				if len(form) >= shortestFuzzed && strings.Contains(got, form) && !strings.Contains(other, form) {
					t.Fatalf("%q is shown:\n%s", form, got)
				}
			}
		}
	})
}
