package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func TestFormat(t *testing.T) {
	for name, tc := range map[string]struct {
		src, want string
		bom, crlf bool
	}{
		"nothing":       {src: "", want: ""},
		"as it is":      {src: "a = 1\n", want: "a = 1\n"},
		"spaces":        {src: "a=1\nlong =  2\n", want: "a    = 1\nlong = 2\n"},
		"indents":       {src: "b \"x\"   {\na=1\n}\n", want: "b \"x\" {\n  a = 1\n}\n"},
		"comments stay": {src: "a=1# why\n// more\n", want: "a = 1 # why\n// more\n"},
		"a heredoc":     {src: "a = <<-E\n   x  y\n  E\n", want: "a = <<-E\n   x  y\n  E\n"},
		"a mark":        {src: "\xef\xbb\xbfa=1\n", want: "a = 1\n", bom: true},
		"line ends":     {src: "a=1\r\nb =2\r\n", want: "a = 1\nb = 2\n", crlf: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, diags := Format("x.hcl", []byte(tc.src))
			if diags.Len() > 0 {
				t.Fatal(render(t, diags))
			}
			want := Formatted{Text: []byte(tc.want), HadBOM: tc.bom, HadCRLF: tc.crlf}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFormatRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ src, want string }{
		"what does not parse": {"a = [1\nb = 2\n", "x.hcl line 2"},
		"what is too deep":    {strings.Repeat("[", 1000), "Nested too deep"},
		"what is too large":   {strings.Repeat("#\n", maxFileBytes/2+1), "it is larger than"},
		"what is no text":     {"a = \"\xff\"\n", "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			got, diags := Format("x.hcl", []byte(tc.src))
			if !diags.HasErrors() || got.Text != nil {
				t.Fatalf("formatted as %q", got.Text)
			}
			if text := render(t, diags); !strings.Contains(text, tc.want) {
				t.Errorf("got %s\nwant %s", text, tc.want)
			}
		})
	}
}

// FuzzFormat: what is formatted says the same as before, and is formatted.
func FuzzFormat(f *testing.F) {
	f.Add([]byte("a = 1\n"))
	f.Add([]byte("a=[\r\n1,\r\n]\r\n"))
	f.Add([]byte("b \"x\" {\n a = \"${c ? 1:-2}\" # d\n}"))
	reference, err := os.ReadFile(filepath.Join("..", "..", "..", "config.hcl"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(reference)
	f.Fuzz(func(t *testing.T, src []byte) {
		once, diags := Format("x.hcl", src)
		if diags.HasErrors() {
			return
		}
		twice, diags := Format("x.hcl", once.Text)
		if diags.HasErrors() {
			t.Fatalf("no more a configuration: %s", render(t, diags))
		}
		text := carriageReturns.ReplaceAll(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), []byte("\n"))
		if diff := cmp.Diff(tokens(text), tokens(once.Text)); diff != "" {
			t.Errorf("another text: %s", diff)
		}
		if diff := cmp.Diff(string(once.Text), string(twice.Text)); diff != "" {
			t.Errorf("formatted again it differs: %s", diff)
		}
	})
}

// tokens are the words of a file, without the spaces between them.
func tokens(src []byte) []string {
	list, _ := hclsyntax.LexConfig(src, "x.hcl", hcl.InitialPos)
	var out []string
	for _, token := range list {
		out = append(out, string(token.Bytes))
	}
	return out
}
