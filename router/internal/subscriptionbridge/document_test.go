package subscriptionbridge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plain is how most callers mean it.
func plain() document {
	return document{root: rootEventRequest, username: "tulip-shop", token: "00ff", guid: "TULIP02182026", action: "Balance_Due"}
}

func TestReadDocument(t *testing.T) {
	const fields = `<Username>tulip-shop</Username><Token>00ff</Token><GUID>TULIP02182026</GUID><Action>Balance_Due</Action>`
	const masked = `<Username>tulip-shop</Username><Token>***</Token><GUID>TULIP02182026</GUID><Action>Balance_Due</Action>`
	with := func(change func(*document)) document {
		d := plain()
		change(&d)
		return d
	}
	for _, tc := range []struct {
		name, body string
		want       document
		masked     string
	}{
		{"one line with prolog (PHP)", prolog + `<EventRequest>` + fields + `</EventRequest>`, plain(),
			prolog + `<EventRequest>` + masked + `</EventRequest>`},
		{"CRLF after each element (.NET)",
			prolog + "\r\n<EventRequest>\r\n<Username>tulip-shop</Username>\r\n<Token>00FF</Token>\r\n<GUID>TULIP02182026</GUID>\r\n<Action>Balance_Due</Action>\r\n</EventRequest>\r\n",
			with(func(d *document) { d.token = "00FF" }),
			prolog + "\r\n<EventRequest>\r\n<Username>tulip-shop</Username>\r\n<Token>***</Token>\r\n<GUID>TULIP02182026</GUID>\r\n<Action>Balance_Due</Action>\r\n</EventRequest>\r\n"},
		{"no prolog (Magento)", `<EventRequest>` + fields + `</EventRequest>`, plain(), `<EventRequest>` + masked + `</EventRequest>`},
		{"a byte order mark", "\ufeff" + prolog + `<EventRequest>` + fields + `</EventRequest>`, plain(),
			prolog + `<EventRequest>` + masked + `</EventRequest>`},
		{"Guid, other order", `<EventRequest><Action>Balance_Due</Action><Guid>TULIP02182026</Guid><Token>00ff</Token><Username>tulip-shop</Username></EventRequest>`, plain(),
			`<EventRequest><Action>Balance_Due</Action><Guid>TULIP02182026</Guid><Token>***</Token><Username>tulip-shop</Username></EventRequest>`},
		{"GUID and Guid alike, the token twice", `<EventRequest><Token>00ff</Token><Guid>TULIP02182026</Guid>` + fields + `</EventRequest>`, plain(),
			`<EventRequest><Token>***</Token><Guid>TULIP02182026</Guid>` + masked + `</EventRequest>`},
		{"white space around values", "<EventRequest>\n\t<Username> tulip-shop </Username><Token>\r\n00ff\r\n</Token>\n<GUID>\tTULIP02182026</GUID><Action>Balance_Due </Action></EventRequest>", plain(),
			"<EventRequest>\n\t<Username> tulip-shop </Username><Token>***</Token>\n<GUID>\tTULIP02182026</GUID><Action>Balance_Due </Action></EventRequest>"},
		{"an ampersand, escaped and bare", `<EventRequest><Username>tulip & bulb &amp; co&shop;</Username></EventRequest>`,
			document{root: rootEventRequest, username: "tulip & bulb & co&shop;"},
			`<EventRequest><Username>tulip & bulb &amp; co&shop;</Username></EventRequest>`},
		{"CDATA and comments", `<EventRequest><!-- hi --><Token><![CDATA[00]]><!-- -->ff</Token></EventRequest>`,
			document{root: rootEventRequest, token: "00ff"},
			`<EventRequest><!-- hi --><Token>***</Token></EventRequest>`},
		{"empty elements", `<EventRequest><Username/><Token/><GUID></GUID></EventRequest>`, document{root: rootEventRequest},
			`<EventRequest><Username/><Token/><GUID></GUID></EventRequest>`},
		{"elements it doesn't know", `<EventRequest><Note><Username>no</Username></Note>` + fields + `</EventRequest>`, plain(),
			`<EventRequest><Note><Username>no</Username></Note>` + masked + `</EventRequest>`},
		{"a .NET serializer's prefixes", `<EventRequest xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` + fields + `</EventRequest>`, plain(),
			`<EventRequest xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` + masked + `</EventRequest>`},
		{"the time asked for (.NET)", prolog + "\r\n<GetTimeRequest>\r\n<Username></Username>\r\n</GetTimeRequest>\r\n", document{root: rootGetTimeRequest},
			prolog + "\r\n<GetTimeRequest>\r\n<Username></Username>\r\n</GetTimeRequest>\r\n"},
		{"an empty root", `<GetTimeRequest/>`, document{root: rootGetTimeRequest}, `<GetTimeRequest/>`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := readDocument([]byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			tc.want.masked = []byte(tc.masked)
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(document{})); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadDocumentRefuses(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"nothing", "", "ends too early"},
		{"white space", " \r\n", "ends too early"},
		{"no XML", "Username=tulip-shop", "text outside the root"},
		{"JSON", `{"Username":"tulip-shop"}`, "text outside the root"},
		{"cut off", "<EventRequest><Username>tulip", "ends too early"},
		{"cut off in a tag", "<EventRequest><User", "unexpected EOF"},
		{"a bare less-than sign", "<EventRequest><Username>a < b</Username></EventRequest>", "expected element name"},
		{"tags that cross", "<EventRequest><Username></EventRequest></Username>", "an end tag has no start tag"},
		{"a stray end tag", "</EventRequest>", "an end tag has no start tag"},
		{"two roots", "<EventRequest/><EventRequest/>", "more than one root"},
		{"text behind the root", "<EventRequest/>x", "text outside the root"},
		{"a document type", `<!DOCTYPE EventRequest [<!ENTITY a "b">]><EventRequest/>`, "a document type is not read"},
		{"an external entity", `<!DOCTYPE x SYSTEM "file:///etc/passwd"><EventRequest/>`, "a document type is not read"},
		{"a prefix", `<sb:EventRequest xmlns:sb="urn:sb"/>`, "namespace"},
		{"a default namespace", `<EventRequest xmlns="urn:sb"/>`, "namespace"},
		{"a prefixed field", `<EventRequest><sb:Token/></EventRequest>`, "namespace"},
		{"two GUIDs", `<EventRequest><GUID>a</GUID><Guid>b</Guid></EventRequest>`, "Guid is given twice"},
		{"a GUID taken back", `<EventRequest><GUID>a</GUID><GUID/></EventRequest>`, "GUID is given twice"},
		{"a value of elements", `<EventRequest><GUID>a<b/>c</GUID></EventRequest>`, "GUID holds elements"},
		{"too deep", strings.Repeat("<a>", maxDepth+1), "more than 8 deep"},
		{"too long", "<EventRequest>" + strings.Repeat(" ", maxDocument) + "</EventRequest>", "longer than 65536 bytes"},
		{"Latin 1", "<EventRequest><Username>caf\xe9</Username></EventRequest>", "not in UTF-8"},
		{"Latin 1, declared", `<?xml version="1.0" encoding="iso-8859-1"?><EventRequest/>`, "only UTF-8 is read"},
		{"UTF-16", "\xff\xfe<\x00E\x00/\x00>\x00", "not in UTF-8"},
		{"UTF-16 without a mark", "<\x00E\x00/\x00>\x00", "reading the document"},
		{"a control character", "<EventRequest><GUID>a\x00b</GUID></EventRequest>", "illegal character code"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := readDocument([]byte(tc.body))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// A document that can be read can be read again without its token, and says
// the same.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"", "<", "</a>", `<GetTimeRequest/>`, `<EventRequest><Token/></EventRequest>`,
		string(EventRequest{Username: testUsername, Token: testToken(), GUID: "TULIP02182026", Action: "Balance_Due"}.Encode()),
		"\ufeff" + prolog + "\r\n<EventRequest>\r\n<Token><![CDATA[00]]>ff</Token>\r\n<Token> 00ff</Token><Guid>a&b</Guid></EventRequest>",
		`<!DOCTYPE a [<!ENTITY b "c">]><EventRequest>&b;</EventRequest>`,
		`<?xml version="1.0" encoding="utf-16"?><EventRequest/>`,
		strings.Repeat("<a>", 100),
	} {
		f.Add([]byte(seed))
	}
	s := newTestSource(f, "")
	f.Fuzz(func(t *testing.T, body []byte) {
		n, res, err := s.Receive(post("/sb/EventRequest"), body)
		if (res == nil) != (n.Key != "") {
			t.Errorf("the notice %+v and the response %+v", n, res)
		}
		if res == nil && err != nil {
			t.Errorf("a notice with an error: %v", err)
		}
		doc, err := readDocument(body)
		if err != nil {
			return
		}
		again, err := readDocument(doc.masked)
		if err != nil {
			t.Fatalf("the masked document can't be read: %v\n%s", err, doc.masked)
		}
		if again.token != tokenMask && again.token != "" {
			t.Errorf("the token is left: %q", again.token)
		}
		doc.token, doc.masked = again.token, again.masked
		if diff := cmp.Diff(doc, again, cmp.AllowUnexported(document{})); diff != "" {
			t.Errorf("masked (-as sent +as kept):\n%s", diff)
		}
	})
}
