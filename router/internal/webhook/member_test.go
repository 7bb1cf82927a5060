package webhook

import (
	"encoding/json"
	"testing"

	"github.com/signalbox/signalbox/router/routertest"
)

func TestTopText(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":"a"}`: "a",
		" {\n\t\"x\" : { \"id\" : \"b\" } , \"id\" : \"a\" }\n": "a",
		`{"x":["id","b"],"y":"id","id":"a"}`:                    "a",
		`{"x":"id","y":"b"}`:                                    "",
		`{"id":"a","id":"b"}`:                                   "b",
		`{"id":"a","id":1}`:                                     "",
		`{"id":1,"x":"a"}`:                                      "",
		`{"id":null}`:                                           "",
		`{"id":{"id":"a"}}`:                                     "",
		`{"id":["a"],"x":"b"}`:                                  "",
		`{"x":{"a":1,"id":"b"},"z":1}`:                          "",
		`{"\u0069d":"a\"\\\u00e9"}`:                             "a\"\\é",
		`{"ID":"a"}`:                                            "",
		`["id","a"]`:                                            "",
		`{}`:                                                    "",
	} {
		if got := topText([]byte(body), "id"); got != want {
			t.Errorf("%s has %q, want %q", body, got, want)
		}
	}
}

// FuzzTopText compares it with the standard library's reading.
func FuzzTopText(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		if !isDocument(body) {
			return
		}
		want := ""
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) == nil {
			_ = json.Unmarshal(members["id"], &want) // what is no text is none
		}
		var got string
		routertest.Bounded(t, func() { got = topText(body, "id") })
		if got != want {
			t.Errorf("%s has %q, want %q", body, got, want)
		}
	})
}
