package config

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tell is a route whose mail has this text.
func tell(text string) string {
	return preamble + uses + `
route "tell" {
  from = [source.signalbox]
  on   = ["delivery.failed"]
  deliver "mail" {
    to   = plugin.email.send
    with = { to = ["a@example.com"], template = ` + text + ` }
  }
}
`
}

func mailOf(t *testing.T, config *Config) string {
	t.Helper()
	event := orderEvent(`{"delivery":"order/customer","message":"no money"}`)
	event.Source, event.Type = "signalbox", "delivery.failed"
	for _, route := range config.Plan.Routes {
		if route.Name != "tell" {
			continue
		}
		input, err := route.Deliver[0].Input(open(t, config.Plan, event))
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Template string }
		if err := json.Unmarshal(input, &got); err != nil {
			t.Fatal(err)
		}
		return got.Template
	}
	t.Fatal("there is no route")
	return ""
}

func TestTemplates(t *testing.T) {
	const letter = "Dear operator,\r\n%{ if code != null }Code ${upper(code)}: %{ endif }${message}\n"
	const vars = `{ code = try(event.payload.code, null), message = event.payload.message }`
	for name, tc := range map[string]struct{ text, want string }{
		"a file":                  {`templatefile("mails/failure.txt", ` + vars + `)`, "Dear operator,\nno money\n"},
		"a file by a local":       {`templatefile(local.path, ` + vars + `)`, "Dear operator,\nno money\n"},
		"a text":                  {`template("$${a} and $${a}", { a = event.type })`, "delivery.failed and delivery.failed"},
		"a text in a local":       {`template(local.text, { a = event.type })`, "- delivery.failed\n"},
		"behind a try":            {`try(event.payload.nothing.there, templatefile("mails/failure.txt", ` + vars + `))`, "Dear operator,\nno money\n"},
		"a value that is no text": {`template("$${a}", { a = 2 })`, "2"},
		"no value":                {`template("$${a}", { a = try(event.payload.code, null) })`, ""},
		"a map":                   {`template("$${a}", tomap({ a = event.type }))`, "delivery.failed"},
		"in an expression":        {`join("", [for line in split("\n", templatefile("mails/failure.txt", ` + vars + `)) : "> ${line}\n"])`, "> Dear operator,\n> no money\n> \n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "mails"), 0o700); err != nil {
				t.Fatal(err)
			}
			file := writeNamed(t, dir, "mails/failure.txt", letter)
			path := writeNamed(t, dir, "config.hcl", "locals {\n  path = \"mails/failure.txt\"\n  text = <<-EOT\n    - $${a}\n  EOT\n}\n"+tell(tc.text))
			config, diags := Load(context.Background(), path, testEnv())
			if config == nil {
				t.Fatal(render(t, diags))
			}
			if got := mailOf(t, config); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			// The plan outlives the file.
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			again, err := Compile(config.Snapshot, config.Plan.Digest)
			if err != nil {
				t.Fatal(err)
			}
			config.Plan = again
			if got := mailOf(t, config); got != tc.want {
				t.Errorf("from the snapshot: got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestTemplateFilesThatCantBeUsed: the operator's line is told, and the file.
func TestTemplateFilesThatCantBeUsed(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"not there":       {"", []string{"mails.txt failed: no such file"}},
		"not text":        {"a\n\xff", []string{"mails.txt", "line 2, column 1"}},
		"too long":        {strings.Repeat("a", maxTemplate+1), []string{"mails.txt", "larger than 262144 bytes"}},
		"not a template":  {"one\n${", []string{"mails.txt, line 2"}},
		"an unknown name": {"one\n${nam}", []string{"mails.txt refers to \"nam\" in line 2", "Did you mean \"name\"?"}},
		"an unknown call": {"${nope(name)}", []string{"mails.txt, line 1", "nope"}},
		"a secret":        {"${file(\"x\")}", []string{"mails.txt, line 1", "file"}},
		"brackets only":   {"${" + strings.Repeat("[", 1<<17), []string{"mails.txt, line 1", "250 deep"}},
		"itself":          {"${templatefile(\"mails.txt\", {})}", []string{"mails.txt, line 1", "templatefile"}},
		"a folder":        {"/", []string{"directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			switch tc.text {
			case "":
			case "/":
				if err := os.Mkdir(filepath.Join(dir, "mails.txt"), 0o700); err != nil {
					t.Fatal(err)
				}
			default:
				writeNamed(t, dir, "mails.txt", tc.text)
			}
			config, diags := Load(context.Background(), writeNamed(t, dir, "config.hcl", tell(`templatefile("mails.txt", { name = event.type })`)), testEnv())
			if config != nil {
				t.Fatal("it loads")
			}
			shown := strings.Join(strings.Fields(render(t, diags)), " ")
			for _, want := range append(tc.want, "in route \"tell\"") {
				if !strings.Contains(shown, want) {
					t.Errorf("%q is not said:\n%s", want, render(t, diags))
				}
			}
			if n := strings.Count(shown, "Error:"); n != 1 {
				t.Errorf("%d errors:\n%s", n, render(t, diags))
			}
		})
	}
}

// TestNowIsWhenTheEventCame, and the same in a replay.
// TestATemplateIsNoCredential: a text is shown, and kept with the plan.
func TestATemplateIsNoCredential(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"mail.txt": "Hello", "stripe_key": "sk_live_0451"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link.txt")
	if err := os.Symlink(filepath.Join(dir, "stripe_key"), link); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		path, credentials string
		refused           bool
	}{
		"a file":               {path: filepath.Join(dir, "mail.txt"), credentials: t.TempDir()},
		"without credentials":  {path: filepath.Join(dir, "stripe_key")},
		"a credential":         {path: filepath.Join(dir, "stripe_key"), credentials: dir, refused: true},
		"a link to one":        {path: link, credentials: dir, refused: true},
		"the other way to one": {path: filepath.Join(dir, "x", "..", "stripe_key"), credentials: dir + "/.", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			env := testEnv()
			env.Getenv = func(name string) (string, bool) {
				if name == credentialsVariable {
					return tc.credentials, tc.credentials != ""
				}
				return testEnv().Getenv(name)
			}
			_, diags := Load(context.Background(), write(t, tell(`templatefile("`+tc.path+`", {})`)), env)
			got := strings.Join(strings.Fields(render(t, diags)), " ")
			if diags.HasErrors() != tc.refused || tc.refused && !strings.Contains(got, "it is one of the service's credentials") || strings.Contains(got, "sk_live") {
				t.Errorf("refused is to be %t; got %s", tc.refused, got)
			}
		})
	}
}

func TestNowIsWhenTheEventCame(t *testing.T) {
	config, diags := Load(context.Background(), write(t, tell(`"${now()} ${timeadd(now(), "24h")} ${now() == event.received} ${timecmp(now(), "2026-03-01T13:00:00+01:00")}"`)), testEnv())
	if config == nil {
		t.Fatal(render(t, diags))
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Format(time.RFC3339)
	if got, want := mailOf(t, config), at+" 2026-03-02T12:00:00Z true 0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestATemplateThatChanges changes the routes that use it.
func TestATemplateThatChanges(t *testing.T) {
	dir := t.TempDir()
	path := writeNamed(t, dir, "config.hcl", tell(`templatefile("mail.txt", {})`))
	var loaded []*Config
	for _, text := range []string{"one", "two"} {
		writeNamed(t, dir, "mail.txt", text)
		config, diags := Load(context.Background(), path, testEnv())
		if config == nil {
			t.Fatal(render(t, diags))
		}
		loaded = append(loaded, config)
	}
	if loaded[0].Plan.Digest == loaded[1].Plan.Digest {
		t.Error("the plan is the same")
	}
	changes, err := Compare(loaded[0], loaded[1])
	if err != nil {
		t.Fatal(err)
	}
	name := `templatefile("mail.txt")`
	if diff := cmp.Diff([]Change{{Name: "tell", Kind: Changed, What: []string{name}}}, changes.Routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Change{{Name: name, Kind: Changed}}, changes.Variables); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}
