package schema_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/daemon/routes"
)

const vscode = "../../../examples/vscode/"

type snippet struct {
	Scope, Description string
	Prefix             any
	Body               []string
}

var (
	choice      = regexp.MustCompile(`\$\{\d+\|([^,|]*)[^|]*\|\}`)
	placeholder = regexp.MustCompile(`\$\{\d+:((?:[^}\\]|\\.)*)\}`)
	escape      = regexp.MustCompile(`\\([$}\\])`)
)

// expand unfolds a snippet as VS Code does, with its defaults kept.
func (s snippet) expand() string {
	text := strings.TrimSuffix(strings.Join(s.Body, "\n"), "$0")
	text = choice.ReplaceAllString(text, "$1")
	text = placeholder.ReplaceAllString(text, "$1")
	return escape.ReplaceAllString(text, "$1")
}

func snippets(t *testing.T) map[string]snippet {
	t.Helper()
	text, err := os.ReadFile(vscode + "signalbox.code-snippets")
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]snippet
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// others is what the snippets' defaults refer to.
const others = `
plugin "email" {
  use = "email"
  config {
    from    = "a@vendor.example"
    maildir = "./mail"
  }
}
plugin "crm" {
  use = "crm"
  config { access_token = "pat-eu1-00000000-0000-0000-0000-000000000000" }
}
`

// Routes that snippets can stand in.
const (
	orders = `
route "x" {
	from = [source.appdirect.acme]
	on   = ["SUBSCRIPTION_CHANGE"]
	%s
}`
	failures = `
route "x" {
	from = [source.signalbox]
	%s
}`
)

func TestEverySnippetLoads(t *testing.T) {
	all := snippets(t)
	whole := ""
	top := []string{
		"settings", "source appdirect", "source subscriptionbridge", "source webhook", "source cloudevents",
		"plugin", "route", "route of failures", "variable", "locals",
	}
	for _, name := range top {
		whole += all[name].expand() + "\n"
	}
	whole += others
	// The snippets that stand in another block, with that block around them.
	inside := map[string]string{
		"deliver":    orders,
		"when":       orders,
		"on_failure": orders,
		"reply":      orders,
		"throttle":   failures,
		"retry": strings.Replace(failures, "%s", `
			deliver "mail" {
				to = plugin.email.send
				with = { template = "failure", to = "a@vendor.example" }
				%s
			}`, 1),
	}
	configs := map[string]string{"whole": whole}
	for name, around := range inside {
		configs[name] = whole + strings.Replace(around, "%s", all[name].expand(), 1)
	}
	for name, text := range configs {
		t.Run(name, func(t *testing.T) {
			lendCredentials(t, []byte(text))
			path := filepath.Join(t.TempDir(), "config.hcl")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			diags, err := daemon.Validate(t.Context(), path, nil, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			if diags.HasErrors() {
				t.Errorf("%s\nin\n%s", diags.JSON(), text)
			}
		})
	}

	tried := slices.Concat(top, slices.Collect(maps.Keys(inside)), []string{"plugin of your own", "test"})
	for name, s := range all {
		if !slices.Contains(tried, name) {
			t.Errorf("the snippet %s is tried nowhere", name)
		}
		if s.Description == "" || s.Prefix == nil || s.Scope != "hcl" {
			t.Errorf("the snippet %s has no description, no prefix or another scope than hcl", name)
		}
		if _, diags := daemon.Format(name, []byte(s.expand())); diags.HasErrors() {
			t.Errorf("the snippet %s does not parse: %s", name, diags.JSON())
		}
	}
}

// TestTheSnippetOfATestPasses runs it against the snippet of a route.
func TestTheSnippetOfATestPasses(t *testing.T) {
	all := snippets(t)
	dir := t.TempDir()
	config, tests := filepath.Join(dir, "config.hcl"), filepath.Join(dir, "orders.hcl")
	text := all["settings"].expand() + all["source appdirect"].expand() + all["plugin"].expand() + all["route"].expand()
	lendCredentials(t, []byte(text))
	for path, text := range map[string]string{config: text, tests: all["test"].expand()} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, diags, err := routes.Open(t.Context(), config, nil, zerolog.Nop())
	if err != nil || r == nil {
		t.Fatalf("%v %s", err, diags.JSON())
	}
	suite, diags := r.ReadTests([]string{tests})
	if suite == nil {
		t.Fatalf("the snippet has errors: %s", diags.JSON())
	}
	for _, result := range suite.Run(func(string) bool { return true }) {
		if !result.Passed {
			t.Errorf("%s: %+v", result.Name, result.Misses)
		}
	}
}

// The settings map the files that the schema is for to the file that the README
// has made.
func TestTheSettingsNameTheSchema(t *testing.T) {
	text, err := os.ReadFile(vscode + "settings.json")
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		Schemas []struct {
			FileMatch []string
			URL       string
		} `json:"json.schemas"`
	}
	if err := json.Unmarshal(text, &settings); err != nil || len(settings.Schemas) != 1 {
		t.Fatalf("%v: %+v", err, settings)
	}
	readme, err := os.ReadFile(vscode + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	if url := settings.Schemas[0].URL; !strings.Contains(string(readme), "> "+strings.TrimPrefix(url, "./")) {
		t.Errorf("the README does not write %s", url)
	}
	if match := settings.Schemas[0].FileMatch; !slices.Equal(match, []string{"*.hcl.json"}) {
		t.Errorf("it is for %q", match)
	}
}
