package daemon_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router/daemon"
)

// TestMain lets this test's binary be the bundled plugins, as signalbox is,
// plugins that are bad, and a daemon that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case "plugin-serve":
			if err := daemon.ServePlugin(os.Args[2]); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			os.Exit(1)
		case "bad-plugin":
			serveBadPlugin(os.Args[2]) // does not return
		case "planted-plugin":
			servePlanted(os.Args[2]) // does not return
		case "effect-plugin":
			serveCharges(os.Args[2]) // does not return
		case "run":
			beDaemon(os.Args[2]) // does not return
		}
	}
	os.Exit(m.Run())
}

var credentialCall = regexp.MustCompile(`credential\("([a-z_]+)"\)`)

// loads has the real loader, with real plugin processes, take a configuration.
func loads(t *testing.T, path string, text []byte) {
	t.Helper()
	dir := t.TempDir()
	for _, m := range credentialCall.FindAllSubmatch(text, -1) {
		// The plugins check the form of their secrets: Standard Webhooks', Stripe's.
		secret := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
		if strings.HasPrefix(string(m[1]), "stripe") {
			secret = "sk_test_4eC39HqLyjWDarjtT1zdp7dc\n"
		}
		if err := os.WriteFile(filepath.Join(dir, string(m[1])), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	diags, err := daemon.Validate(t.Context(), path, nil, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if diags.Len() > 0 {
		var out bytes.Buffer
		if err := diags.Write(&out, false, 0); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s draws diagnostics:\n%s", path, out.String())
	}
}

func TestEveryExampleLoads(t *testing.T) {
	paths, err := filepath.Glob("../../examples/*.hcl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range append(paths, "../../config.hcl") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			loads(t, path, text)
			if formatted, _ := daemon.Format(path, text); !bytes.Equal(formatted.Text, text) {
				t.Errorf("%s is not as signalbox fmt writes it", path)
			}
		})
	}
}

// TestEveryBlockOfTheReadmeLoads takes each ```hcl block for a whole
// configuration.
func TestEveryBlockOfTheReadmeLoads(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) == 0 {
		t.Fatal("the README shows no configuration")
	}
	for i, b := range blocks {
		t.Run(fmt.Sprintf("block %d", i+1), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.hcl")
			if err := os.WriteFile(path, b[1], 0o600); err != nil {
				t.Fatal(err)
			}
			loads(t, path, b[1])
		})
	}
}

// TestTheReadmeNamesCommandsThatExist keeps its shell blocks honest.
func TestTheReadmeNamesCommandsThatExist(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"go run ./cmd/signalbox sandbox", "go test ./..."} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the README does not say %q", want)
		}
	}
}
