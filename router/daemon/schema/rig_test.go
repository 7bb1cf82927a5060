package schema_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/daemon/schema"
)

// TestMain lets this test's binary be the bundled plugins, as signalbox is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "plugin-serve" {
		fmt.Fprintln(os.Stderr, daemon.ServePlugin(os.Args[2]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// compiled is the schema of a configuration, or of the language alone.
func compiled(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	language, diags, err := daemon.DescribeLanguage(t.Context(), path, nil, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if diags != nil && diags.HasErrors() {
		t.Fatalf("%s has errors: %s", path, diags.JSON())
	}
	text, err := schema.JSON(language)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("signalbox.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("signalbox.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return s.Validate(doc)
}

var credentialCall = regexp.MustCompile(`credential\("([a-z_]+)"\)`)

// lendCredentials gives every credential that a configuration names a value.
func lendCredentials(t *testing.T, text []byte) {
	t.Helper()
	dir := t.TempDir()
	for _, m := range credentialCall.FindAllSubmatch(text, -1) {
		secret := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
		if strings.HasPrefix(string(m[1]), "stripe") {
			secret = "sk_test_4eC39HqLyjWDarjtT1zdp7dc\n"
		}
		if err := os.WriteFile(filepath.Join(dir, string(m[1])), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
}

// loads says whether a document loads without an error.
func loads(t *testing.T, text []byte) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.hcl.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	diags, err := daemon.Validate(t.Context(), path, nil, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return !diags.HasErrors()
}
