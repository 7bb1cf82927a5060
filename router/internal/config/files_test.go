package config

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// loadWithin is Load for what may never end.
func loadWithin(t *testing.T, path string) (*Config, *Diagnostics) {
	t.Helper()
	type loaded struct {
		config *Config
		diags  *Diagnostics
	}
	done := make(chan loaded, 1)
	go func() {
		config, diags := Load(context.Background(), path, testEnv())
		done <- loaded{config, diags}
	}()
	select {
	case l := <-done:
		return l.config, l.diags
	case <-time.After(time.Minute):
		t.Fatal("reading it does not end")
		return nil, nil
	}
}

// TestFilesThatCantBeRead: each says which file it is, what is wrong, and what
// to do.
func TestFilesThatCantBeRead(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	file := func(name, text string) func(dir string) {
		return func(dir string) { must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)) }
	}
	link := func(name, target string) func(dir string) {
		return func(dir string) { must(os.Symlink(target, filepath.Join(dir, name))) }
	}
	for name, tc := range map[string]struct {
		make func(dir string)
		want []string
	}{
		"a file of 10 MB":      {file("x.hcl", strings.Repeat("# a comment\n", 10<<20/12)), []string{"x.hcl", "larger than 8388608 bytes", "split it"}},
		"brackets only":        {file("x.hcl", "x = "+strings.Repeat("[", 1<<17)), []string{"x.hcl line 1", "250 deep"}},
		"braces only":          {file("x.hcl", strings.Repeat("a {\n", 1<<15)), []string{"x.hcl line 251", "250 deep"}},
		"interpolations only":  {file("x.hcl", `x = "`+strings.Repeat(`${"`, 1<<15)), []string{"x.hcl line 1", "250 deep"}},
		"negations only":       {file("x.hcl", "x = "+strings.Repeat("-", 1<<17)+"1"), []string{"x.hcl line 1", "5000 operators"}},
		"a number for ever":    {file("x.hcl", "max_in_flight = 1e999999999"), []string{"x.hcl line 1", "exponent"}},
		"JSON brackets only":   {file("x.hcl.json", strings.Repeat("[", 1<<20)), []string{"x.hcl.json line 1", "250 deep"}},
		"JSON objects only":    {file("x.hcl.json", strings.Repeat(`{"a":`, 1<<18)), []string{"x.hcl.json line 1", "250 deep"}},
		"JSON interpolations":  {file("x.hcl.json", `{"listen": "`+strings.Repeat(`${\"`, 1<<15)+`"}`), []string{"x.hcl.json line 1", "250 deep"}},
		"JSON operators":       {file("x.hcl.json", `{"listen": "${`+strings.Repeat("!", 1<<16)+`true}"}`), []string{"x.hcl.json line 1", "5000 operators"}},
		"a JSON number":        {file("x.hcl.json", `{"max_in_flight": 1E+999999999}`), []string{"x.hcl.json line 1", "exponent"}},
		"JSON that is cut off": {file("x.hcl.json", `{"listen": `), []string{"x.hcl.json line 1"}},
		"JSON of no object":    {file("x.hcl.json", `"listen"`), []string{"x.hcl.json line 1", "object"}},
		"JSON half a number":   {file("x.hcl.json", `{"max_in_flight": 1e}`), []string{"x.hcl.json line 1", "number"}},
		"Latin-1":              {file("x.hcl", "listen = \"a\"\n# caf\xe9\n"), []string{"x.hcl line 2", "line 2, column 6 (0xe9)", "UTF-8"}},
		"Latin-1 in JSON":      {file("x.hcl.json", "{\n \"//\": \"caf\xe9\"}"), []string{"x.hcl.json line 2", "line 2, column 12 (0xe9)"}},
		"UTF-16":               {file("x.hcl", "\xff\xfel\x00i\x00"), []string{"x.hcl line 1", "UTF-16"}},
		"zero bytes":           {file("x.hcl", "listen = \"a\"\nx\x00y"), []string{"x.hcl line 2", "line 2, column 2", "zero byte"}},
		"a link to itself":     {link("x.hcl", "x.hcl"), []string{"x.hcl", "link", "circle"}},
		"links in a circle": {func(dir string) { link("x.hcl", "y.hcl")(dir); link("y.hcl", "x.hcl")(dir) },
			[]string{"x.hcl failed", "y.hcl failed", "circle"}},
		"a link to nothing":            {link("x.hcl", "gone.hcl"), []string{"x.hcl", "a link to gone.hcl, which is not there"}},
		"a link to its own directory":  {link("loop.hcl", "."), []string{"loop.hcl", "a link to .", "directory"}},
		"a directory in the directory": {func(dir string) { must(os.Mkdir(filepath.Join(dir, "x.hcl"), 0o700)) }, []string{"x.hcl", "directory, and not a file"}},
		"a pipe":                       {func(dir string) { must(syscall.Mkfifo(filepath.Join(dir, "x.hcl"), 0o600)) }, []string{"x.hcl", "a pipe or a socket"}},
		"a socket": {func(dir string) {
			l, err := net.Listen("unix", filepath.Join(dir, "x.hcl"))
			must(err)
			t.Cleanup(func() { l.Close() })
		}, []string{"x.hcl failed"}},
		"a device without end": {link("x.hcl", "/dev/zero"), []string{"x.hcl", "a link to /dev/zero", "a device"}},
		"nothing in it":        {func(string) {}, []string{"no file whose name ends in .hcl or .hcl.json"}},
		"only other files":     {file("x.hcl.bak", "x"), []string{"no file whose name ends in .hcl or .hcl.json"}},
		"a setting in two files": {func(dir string) {
			file("a.hcl", "listen = \"127.0.0.1:1\"\n")(dir)
			file("b.hcl.json", `{"listen": "127.0.0.1:2"}`)(dir)
		}, []string{"b.hcl.json line 1", "listen", "a.hcl:1"}},
		"a block in two files": {func(dir string) {
			file("a.hcl", "admin { socket = \"a\" }\n")(dir)
			file("b.hcl", "\nadmin { socket = \"b\" }\n")(dir)
		}, []string{"b.hcl line 2", "a.hcl:1", "Put both into one"}},
		"a route in two files": {func(dir string) {
			file("a.hcl", preamble+"route \"x\" {\n from = [source.appdirect.acme]\n}\n")(dir)
			file("b.hcl.json", `{"route": {"x": {"from": ["source.appdirect.acme"]}}}`)(dir)
		}, []string{"b.hcl.json line 1", "a.hcl:", "another name"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tc.make(dir)
			config, diags := loadWithin(t, dir)
			if config != nil {
				t.Fatal("it loads")
			}
			shown := strings.Join(strings.Fields(render(t, diags)), " ")
			for _, want := range tc.want {
				if !strings.Contains(shown, want) {
					t.Errorf("%q is not said:\n%s", want, render(t, diags))
				}
			}
			if len(shown) > 3000 {
				t.Errorf("%d bytes are said:\n%s…", len(shown), shown[:3000])
			}
		})
	}
	t.Run("no permission", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root can read every file; what is no file at all is told in the other cases")
		}
		dir := t.TempDir()
		path := writeNamed(t, dir, "x.hcl", "")
		must(os.Chmod(path, 0))
		_, diags := loadWithin(t, dir)
		if shown := render(t, diags); !strings.Contains(shown, "permission denied") || !strings.Contains(shown, "user") {
			t.Error(shown)
		}
	})
	t.Run("a pipe by its own path", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "config.hcl")
		must(syscall.Mkfifo(path, 0o600))
		if _, diags := loadWithin(t, path); !strings.Contains(render(t, diags), "a pipe or a socket") {
			t.Error(render(t, diags))
		}
	})
}

// TestFilesThatLoad: what editors and systems do to a text says nothing.
func TestFilesThatLoad(t *testing.T) {
	const text = preamble + "route \"x\" {\n  from = [source.signalbox]\n  deliver \"mail\" {\n    to = plugin.email.send\n    with = { template = <<-EOT\n      one\n      two\n    EOT\n    to = [\"a\"] }\n  }\n}\n"
	snapshots := map[string]string{}
	for name, text := range map[string]string{
		"as it is":          text,
		"CRLF":              strings.ReplaceAll(text, "\n", "\r\n"),
		"a byte order mark": "\xef\xbb\xbf" + text,
	} {
		config, diags := Load(context.Background(), write(t, text), testEnv())
		if config == nil {
			t.Fatalf("%s: %s", name, render(t, diags))
		}
		for _, diag := range diags.list {
			if diag.Summary != "A plugin nobody uses" {
				t.Errorf("%s: %s", name, diag.Summary)
			}
		}
		snapshots[name] = config.Plan.Digest
	}
	for name, digest := range snapshots {
		if digest != snapshots["as it is"] {
			t.Errorf("%s makes another plan", name)
		}
	}
	for name, text := range map[string]string{"config.hcl": "", "only.hcl.json": "", "mark.hcl.json": "\xef\xbb\xbf{}", "space.hcl.json": " \r\n "} {
		if config, diags := Load(context.Background(), writeNamed(t, t.TempDir(), name, text), testEnv()); config == nil || diags.Len() > 0 {
			t.Errorf("%s: %s", name, render(t, diags))
		}
	}
}

// TestPlacesInCRLF: lines and columns are those of the file.
func TestPlacesInCRLF(t *testing.T) {
	_, diags := Load(context.Background(), write(t, "\xef\xbb\xbf# one\r\nlisten = \"here\"\r\n"), testEnv())
	if got := string(diags.JSON()); !strings.Contains(got, `"start":{"line":2,"column":10},"end":{"line":2,"column":16}`) {
		t.Error(got)
	}
}

func TestAFileThatChanges(t *testing.T) {
	failed := errors.New("failed")
	for name, tc := range map[string]struct {
		reads []bool // whether it changed
		err   error
		want  string // "" is an error
	}{
		"still":          {reads: []bool{false}, want: "1"},
		"changes once":   {reads: []bool{true, false}, want: "2"},
		"always changes": {reads: []bool{true, true, true}},
		"can't be read":  {reads: []bool{false}, err: failed},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			src, err := readStill(3, func() ([]byte, bool, error) {
				n++
				return []byte{byte('0' + n)}, tc.reads[n-1], tc.err
			})
			if string(src) != tc.want && tc.err == nil || (err != nil) != (tc.want == "") {
				t.Errorf("it gives %q, %v", src, err)
			}
			if n != len(tc.reads) {
				t.Errorf("it was read %d times", n)
			}
		})
	}
	path := write(t, "listen = \"a\"\n")
	if _, changed, err := readOnce(path, maxFileBytes); changed || err != nil {
		t.Errorf("a file that nobody writes: %v, %v", changed, err)
	}
}
