package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
)

func TestWriteDescription(t *testing.T) {
	text := json.RawMessage(`"string"`)
	var out bytes.Buffer
	writeDescription(&out, &daemon.PluginDescription{
		Name: "acme" + hostile, Version: "1.2", Doc: "Keeps accounts.\n  In Acme.",
		Config: router.Schema{
			Attrs: []router.Attr{
				{Name: "key", Type: text, Required: true, Sensitive: true, Doc: hostile},
				{Name: "size", Type: json.RawMessage(`"number"`), Required: true, Default: json.RawMessage(`5`)},
				{Name: "pin", Type: text, Sensitive: true, Default: json.RawMessage(`"hunter2"`)},
			},
			Blocks: []router.Block{{Name: "server", Required: true, Repeats: true, Doc: "Each one.", Schema: router.Schema{
				Attrs:  []router.Attr{{Name: "url", Type: text, Required: true}},
				Blocks: []router.Block{{Name: "tls", Schema: router.Schema{Attrs: []router.Attr{{Name: "ca", Type: text}}}}},
			}}},
		},
		Actions: []daemon.ActionDescription{
			{Name: "ping"},
			{Name: "put", Doc: "Puts one.", KeyLifetime: "23h",
				Inputs:  router.Schema{Attrs: []router.Attr{{Name: "who", Type: text, Required: true, Doc: "Whom."}}},
				Outputs: router.Schema{Attrs: []router.Attr{{Name: "id", Type: text, Required: true}}}},
		},
	})
	assertHarmless(t, out.String())
	golden(t, "describe.txt", out.String())
}

func TestTypeInWords(t *testing.T) {
	for given, want := range map[string]string{
		`"string"`:                    "text",
		`"number"`:                    "number",
		`"bool"`:                      "true or false",
		`"dynamic"`:                   "anything",
		`["list","string"]`:           "list of text",
		`["map",["set","number"]]`:    "map of set of number",
		`["tuple",["string","bool"]]`: "list [text, true or false]",
		`["object",{"b":"number","a":["list","string"]},["b"]]`: "object { a: list of text, b?: number }",
		`["object",{"a":"string"}]`:                             "object { a: text }",
		`["object",7]`:                                          `["object",7]`,
		`["heap","string"]`:                                     `["heap","string"]`,
		`[]`:                                                    `[]`,
	} {
		if got := typeInWords(json.RawMessage(given)); got != want {
			t.Errorf("%s is %q, not %q", given, got, want)
		}
	}
}

func TestWhatCantBeDescribed(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\necho 'no key, no work' >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"a program that ends":   {[]string{broken}, exitNo, "no key, no work"},
		"no such program":       {[]string{"./missing"}, exitUsage, "there is no program ./missing"},
		"a program's bare name": {[]string{"sh"}, exitUsage, `there is no bundled plugin "sh"; there are: billing, crm`},
		"two of them":           {[]string{"email", "crm"}, exitUsage, "accepts at most 1 arg"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := runCommand(append([]string{"plugins", "describe"}, tt.args...)...)
			if code != tt.code || stdout != "" || !strings.Contains(stderr, tt.says) {
				t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}
