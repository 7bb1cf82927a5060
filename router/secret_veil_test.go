package router_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

const most = 1 << 20

func TestVeilOverASchema(t *testing.T) {
	text := json.RawMessage(`"string"`)
	db := router.Schema{Attrs: []router.Attr{{Name: "user", Type: text}, {Name: "pass", Type: text, Sensitive: true}}}
	schema := router.Schema{
		Attrs: []router.Attr{
			{Name: "key", Type: text, Sensitive: true}, {Name: "url", Type: text}, {Name: "pin", Type: json.RawMessage(`"number"`), Sensitive: true},
		},
		Blocks: []router.Block{{Name: "db", Repeats: true, Schema: db}, {Name: "one", Schema: db}, {Name: "open"}},
	}
	for name, tc := range map[string]struct {
		schema             router.Schema
		object, text, want string
	}{
		"a text":                           {schema, `{"key":"abc\"defg"}`, `abc"defg abc\"defg`, `(secret) (secret)`},
		"one that is too short":            {schema, `{"key":"abcde"}`, `abcdef`, `abcdef`},
		"what is not sensitive":            {schema, `{"url":"http://x"}`, `at http://x`, `at http://x`},
		"what it doesn't know":             {schema, `{"kye":"hunter22"}`, `hunter22`, `(secret)`},
		"without anything sensitive in it": {router.Schema{Attrs: schema.Attrs[1:2]}, `{"kye":"hunter22"}`, `hunter22`, `hunter22`},
		"in blocks":                        {schema, `{"db":[{"pass":"hunter22","user":"hunter"},{"pass":["nested1"]}]}`, `hunter22 nested1 hunter`, `(secret) (secret) hunter`},
		"in one block":                     {schema, `{"one":{"pass":"hunter22"},"open":{}}`, `hunter22`, `(secret)`},
		"a number":                         {schema, `{"pin":4929123412341234}`, `card 4929123412341234, 4.929123412341234e+15`, `card (secret), (secret)`},
		"a short number":                   {schema, `{"pin":12345}`, `12345 of 123456`, `12345 of 123456`},
		"a number with a point":            {schema, `{"pin":12.3456}`, `12.3456`, `(secret)`},
		"one in another":                   {schema, `{"key":{"a":"hunter2","b":"hunter2-more"}}`, `hunter2-more hunter2-less`, `(secret) (secret)-less`},
		"two that overlap":                 {schema, `{"key":["abcdefgh","efghijkl"]}`, `<abcdefghijkl>`, `<(secret)>`},
		"two behind each other":            {schema, `{"key":["abcdefgh","ijklmnop"]}`, `<abcdefghijklmnop>`, `<(secret)(secret)>`},
		"at the end":                       {schema, `{"key":"hunter2"}`, `it is hunter2`, `it is (secret)`},
		"no object":                        {schema, `garbage`, `garbage`, `garbage`},
	} {
		t.Run(name, func(t *testing.T) {
			v := router.NewVeil(tc.schema.Hide(router.NewSecret([]byte(tc.object)), most))
			if got := v.Over(tc.text); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestVeilKnowsASecretInEveryForm(t *testing.T) {
	const secret = "p\u00e4ss/w+rd \"7\"?>"
	v := router.NewVeil(router.Hide([]string{secret, "first line\nsecond \"line\""}, most))
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, shown := range map[string]string{
		"plain": secret, "json": string(quoted), "go": strconv.Quote(secret), "query": url.QueryEscape(secret), "path": url.PathEscape(secret),
		"json of php": `p\u00e4ss\/w+rd \"7\"?>`,
		"hex":         hex.EncodeToString([]byte(secret)), "hex, large": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base64":         base64.StdEncoding.EncodeToString([]byte(secret)),
		"in base64":      base64.StdEncoding.EncodeToString([]byte("user:" + secret + ":more")),
		"in base64, url": base64.RawURLEncoding.EncodeToString([]byte("{\"k\":\"" + secret)),
		"one line of it": "second \"line\"", "one line, quoted": `second \"line\"`,
	} {
		t.Run(name, func(t *testing.T) {
			got := v.Over("<" + shown + ">")
			if !strings.Contains(got, "(secret)") {
				t.Fatalf("it is shown: %s", got)
			}
			// Of base64 a letter at each end may be left, which holds others' bits.
			rest := strings.NewReplacer("(secret)", "").Replace(got)
			if raw, err := base64.RawStdEncoding.DecodeString(strings.Trim(rest, "<>=")); err == nil && strings.Contains(string(raw), secret[3:6]) {
				t.Errorf("a part of it is shown: %s", got)
			}
		})
	}
}

// TestVeilIsLifted: what is hidden twice stays hidden until it is lifted twice.
func TestVeilIsLifted(t *testing.T) {
	var v router.Veil
	one, other, all := router.Hide([]string{"hunter2"}, most), router.Hide([]string{"hunter3", "hunter2"}, most), router.HideAll()
	expect := func(want string) {
		t.Helper()
		if got := v.Over("hunter2 hunter3"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	expect("hunter2 hunter3")
	v.Draw(one)
	v.Draw(other)
	expect("(secret) (secret)")
	v.Draw(all)
	expect("(secret: there is more sensitive text about than is looked for)")
	v.Lift(one)
	v.Lift(all)
	expect("(secret) (secret)")
	v.Lift(other)
	expect("hunter2 hunter3")
	if v.Hides() {
		t.Error("something is left of it")
	}
}

// TestVeilHasACap: what would cost too much to look for is not looked for, and
// nothing is shown.
func TestVeilHasACap(t *testing.T) {
	for name, text := range map[string]string{
		"a long text":  strings.Repeat("a1B2c3D4", 1<<12+1),
		"a long list":  strings.Repeat("hunter2\n", 600),
		"with returns": strings.Repeat("hunter2\r", 600),
	} {
		h := router.Hide([]string{"x", text}, 32<<10)
		if got := router.NewVeil(h).Over("shown"); got == "shown" || h.Size() > 0 {
			t.Errorf("%s: it says %q and looks for %d bytes", name, got, h.Size())
		}
	}
	key := strings.Repeat(strings.Repeat("a1B2c3D4", 8)+"\n", 52) // as long as the private keys that there are
	if h := router.Hide([]string{key}, 32<<10); h.Size() == 0 || h.Size() > 64*len(key) || router.NewVeil(h).Over(key[:64]) != "(secret)" {
		t.Errorf("of a key of %d bytes %d are looked for", len(key), h.Size())
	}
	if h := router.Hide([]string{"", "short"}, 32<<10); !h.Empty() {
		t.Error("too short a text is looked for")
	}
}

func BenchmarkHide(b *testing.B) {
	for name, text := range map[string]string{"password": "hunter2-hunter2", "lines": strings.Repeat("line-00000001\n", 400), "long": strings.Repeat("a1B2c3D4", 1<<11)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				router.NewVeil(router.Hide([]string{text}, 32<<10))
			}
		})
	}
}
