package appdirect

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzJSON holds the reading and the writing of JSON against encoding/json: the
// same texts are documents, and they come to the same tree and back.
func FuzzJSON(f *testing.F) {
	for _, name := range fixtures(f) {
		raw, err := os.ReadFile(filepath.Join("testdata", "events", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, raw := range []string{
		``, ` `, `{}`, `[]`, ` { } `, "\t[\n]\r", `[ 1 , -0.50e+7,2]`, `{ "a" : [ { } , "b" ] , "c":null}`, `-1`, ` 12 `, `true`, `[false,null]`,
		`{"a":1,"a":{"b":2},"a":3}`, `"\u00e9\ud83d\ude00\ud800\"\\\/\b"`, "\"\xff\u00e9\u2028<&>\"", "{\"\xff\\n\":1}", `{"":""}`,
		`{"a":1}x`, `{"a":1}{}`, `{"a":1,}`, `[1,]`, `{,}`, `[01]`, "[1]\x00", `nul`, `"a`, `{"a"}`, `1e999999`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var want any
		wantErr := d.Decode(&want)
		isOne := wantErr == nil && len(bytes.Trim(raw[d.InputOffset():], xmlSpace)) == 0
		got, err := readJSON(raw)
		if (err == nil) != isOne {
			t.Fatalf("reading %q: %v; encoding/json says %v", raw, err, wantErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("reading %q: -encoding/json +got\n%s", raw, diff)
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(want); err != nil {
			t.Fatal(err)
		}
		written, err := writeTree(got)
		if err != nil || string(written)+"\n" != b.String() {
			t.Fatalf("writing %q: %v\n got %s\nwant %s", raw, err, written, b.String())
		}
	})
}
