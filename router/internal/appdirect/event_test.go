package appdirect

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router/routertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestDecodeGolden reads every fixture in both forms. Between them the files
// have each way that a value is written in: see the names in TestNormalise.
func TestDecodeGolden(t *testing.T) {
	for _, name := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			golden := filepath.Join("testdata", "events", name+".golden")
			fromJSON, fromXML := decodeFile(t, name+".json"), decodeFile(t, name+".xml")
			if diff := cmp.Diff(show(t, fromJSON), show(t, fromXML)); diff != "" {
				t.Errorf("the two forms differ: -JSON +XML\n%s", diff)
			}
			if *update {
				if err := os.WriteFile(golden, []byte(show(t, fromJSON)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), show(t, fromJSON)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestEncodeRoundTrip proves that what the encoder writes is what was read.
func TestEncodeRoundTrip(t *testing.T) {
	for _, name := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			want := decodeFile(t, name+".json")
			for form, encode := range map[string]func() ([]byte, error){"JSON": want.JSON, "XML": want.XML} {
				raw, err := encode()
				if err != nil {
					t.Fatalf("writing %s: %v", form, err)
				}
				got, err := Decode(raw)
				if err != nil {
					t.Fatalf("reading %s: %v\n%s", form, err, raw)
				}
				if diff := cmp.Diff(show(t, want), show(t, got)); diff != "" {
					t.Errorf("%s: -want +got\n%s", form, diff)
				}
			}
		})
	}
}

func TestEncodeHasTheShapeOfRealTraffic(t *testing.T) {
	d := Document{
		Type:       "SUBSCRIPTION_CANCEL",
		Payload:    json.RawMessage(`{"account":{"accountIdentifier":"a&b"},"configuration":{"k":"v"},"order":{"items":[{"unit":"USER","quantity":1}]}}`),
		Attributes: json.RawMessage(`{"marketplace":{"baseUrl":"https://a.example","partner":"A"},"links":[{"rel":"samlIdp","href":"https://a.example/x?y&z"}]}`),
	}
	raw, err := d.XML()
	if err != nil {
		t.Fatal(err)
	}
	const wantXML = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><event xmlns:atom="http://www.w3.org/2005/Atom">` +
		`<type>SUBSCRIPTION_CANCEL</type><marketplace><partner>A</partner><baseUrl>https://a.example</baseUrl></marketplace>` +
		`<payload><account><accountIdentifier>a&amp;b</accountIdentifier></account><order><item><unit>USER</unit><quantity>1</quantity></item></order>` +
		`<configuration><entry><key>k</key><value>v</value></entry></configuration></payload>` +
		`<atom:link href="https://a.example/x?y&amp;z" rel="samlIdp"/></event>`
	if diff := cmp.Diff(wantXML, string(raw)); diff != "" {
		t.Errorf("XML: -want +got\n%s", diff)
	}
	if raw, err = d.JSON(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"applicationUuid":null`, `"creator":null`, `"company":null`, `"parentAccountIdentifier":null`, `"quantity":1`} {
		if !bytes.Contains(raw, []byte(want)) {
			t.Errorf("JSON lacks %s:\n%s", want, raw)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		doc  Document
		want string
	}{
		{"a name that XML can't have", Document{Type: "A", Payload: json.RawMessage(`{"a b":1}`)}, "can't be a name"},
		{"a link's name that XML can't have", Document{Type: "A", Attributes: json.RawMessage(`{"links":[{"a b":1}]}`)}, "can't be a name"},
		{"a link with more than texts", Document{Type: "A", Attributes: json.RawMessage(`{"links":[{"rel":{}}]}`)}, "more than texts"},
		{"a list of lists", Document{Type: "A", Payload: json.RawMessage(`{"a":[[1]]}`)}, "list of lists"},
		{"a payload that is no JSON", Document{Type: "A", Payload: json.RawMessage(`{`)}, "payload"},
		{"attributes that are no JSON", Document{Type: "A", Attributes: json.RawMessage(`{`)}, "attributes"},
		{"attributes that are no object", Document{Type: "A", Attributes: json.RawMessage(`[]`)}, "not an object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if raw, err := tt.doc.XML(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("XML = %s, %v; want an error with %q", raw, err, tt.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	nest := func(n int, open, middle, end string) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(end, n)
	}
	bomb := `<!DOCTYPE event [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><event><type>&b;</type></event>`
	for _, tt := range []struct{ name, raw, want string }{
		{"nothing", "", "empty"},
		{"white space", " \r\n\t", "empty"},
		{"text", "Service Unavailable", "neither JSON nor XML"},
		{"list", `[{"type":"A"}]`, "neither JSON nor XML"},
		{"cut off JSON", `{"type":"A"`, "reading JSON"},
		{"two JSON documents", `{"type":"A"}{"type":"B"}`, "follows the document"},
		{"cut off XML", `<event><type>A</type>`, "reading XML"},
		{"two XML documents", `<event><type>A</type></event><event/>`, "no single <event>"},
		{"text after XML", `<event><type>A</type></event>x`, "text outside"},
		{"only a comment", `<!-- a -->`, "no element"},
		{"a web page", `<html><body>Please log in</body></html>`, "no single <event>"},
		{"document type", bomb, "document type"},
		{"document type inside", `<event><!DOCTYPE a><type>A</type></event>`, "document type"},
		{"external entity", `<?xml version="1.0"?><!DOCTYPE event SYSTEM "file:///etc/passwd"><event/>`, "document type"},
		{"unknown entity", `<event><type>&nope;</type></event>`, "entity"},
		{"other encoding", `<?xml version="1.0" encoding="UTF-7"?><event><type>A</type></event>`, "reading XML"},
		{"tags that don't match", `<event><type>A</event></type>`, "reading XML"},
		{"deep XML", "<event>" + nest(20000, "<a>", "", "</a>") + "</event>", "deeper"},
		{"deep JSON", `{"type":"A","payload":{"a":` + nest(maxDepth, "[", "", "]") + `}}`, "deeper"},
		{"very deep JSON", `{"type":"A","payload":` + nest(50000, "[", "", "]") + `}`, "reading JSON"},
		{"no type", `{"payload":{}}`, "no type"},
		{"empty type", `<event><type> </type></event>`, "no type"},
		{"two types", `<event><type>A</type><type>B</type></event>`, "no type"},
		{"type is an object", `{"type":{}}`, "no type"},
		{"flag is an object", `{"type":"A","flag":{}}`, "flag"},
		{"payload is a text", `{"type":"A","payload":"x"}`, "payload"},
		{"an empty event", `<event/>`, "no type"},
		{"an event that is a text", `<event>x</event>`, "not an event"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Decode([]byte(tt.raw))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Decode = %+v, %v; want an error with %q", d, err, tt.want)
			}
		})
	}
}

// FuzzDecode proves that no document breaks the decoder, that a normalised
// document normalises to itself, and that the encoder takes what was decoded,
// in JSON always, and in XML where the names allow it.
func FuzzDecode(f *testing.F) {
	for _, name := range fixtures(f) {
		for _, form := range []string{".json", ".xml"} {
			raw, err := os.ReadFile(filepath.Join("testdata", "events", name+form))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d Document
		var err error
		routertest.Bounded(t, func() { d, err = Decode(raw) })
		if err != nil {
			return
		}
		encoded, err := d.JSON()
		if err != nil {
			t.Fatalf("writing %+v: %v", d, err)
		}
		again, err := Decode(encoded)
		if err != nil {
			t.Fatalf("reading %s: %v", encoded, err)
		}
		if diff := cmp.Diff(show(t, d), show(t, again)); diff != "" {
			t.Fatalf("-once +twice\n%s", diff)
		}
		asXML, err := d.XML()
		if err != nil {
			return // a name that XML can't have
		}
		if d, err = Decode(asXML); err != nil {
			t.Fatalf("reading %s: %v", asXML, err)
		}
		// XML has only texts; what was read of it once is written the same again.
		if asXML, err = d.XML(); err != nil {
			t.Fatalf("writing %+v: %v", d, err)
		}
		if again, err = Decode(asXML); err != nil {
			t.Fatalf("reading %s: %v", asXML, err)
		}
		if diff := cmp.Diff(show(t, d), show(t, again)); diff != "" {
			t.Fatalf("XML: -once +twice\n%s", diff)
		}
	})
}

func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return names
}

func decodeFile(t testing.TB, name string) Document {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "events", name))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Decode(raw)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// show writes a document for people to compare.
func show(t testing.TB, d Document) string {
	t.Helper()
	raw, err := writeTree(map[string]any{"type": d.Type, "flag": d.Flag, "payload": d.Payload, "attributes": d.Attributes})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.String()
}

// A document within max_event_size takes no more memory than is told.
func TestDocumentsOfEmptyValues(t *testing.T) {
	const size = 1 << 20
	for name, document := range map[string]string{
		"elements":                "<event><type>X</type><payload>" + strings.Repeat("<a/>", size/4) + "</payload></event>",
		"objects":                 `{"type":"X","payload":{"items":[` + strings.Repeat("{},", size/3) + `{}]}}`,
		"lists":                   `{"type":"X","payload":{"items":[` + strings.Repeat("[],", size/3) + `[]]}}`,
		"texts":                   `{"type":"X","payload":{"items":[` + strings.Repeat(`"",`, size/3) + `""]}}`,
		"as many as there may be": "<event><type>X</type><payload>" + strings.Repeat("<a/>", 99_990) + "</payload></event>",
	} {
		t.Run(name, func(t *testing.T) {
			routertest.Bounded(t, func() {
				_, err := Decode([]byte(document))
				if refused := err != nil && strings.Contains(err.Error(), "more than 100000 values"); refused == (len(document) < size/2) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
