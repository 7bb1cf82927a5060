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
		{"an ampersand, escaped", `<EventRequest><Username>tulip &amp; bulb &#38; co<![CDATA[&shop]]></Username></EventRequest>`,
			document{root: rootEventRequest, username: "tulip & bulb & co&shop"},
			`<EventRequest><Username>tulip &amp; bulb &#38; co<![CDATA[&shop]]></Username></EventRequest>`},
		{"a notification", `<NotificationRequest>` + fields + `</NotificationRequest>`, with(func(d *document) { d.root = rootNotificationRequest }),
			`<NotificationRequest>` + masked + `</NotificationRequest>`},
		{"CDATA and comments", `<EventRequest><!-- hi --><Token><![CDATA[00]]><!-- -->ff</Token></EventRequest>`,
			document{root: rootEventRequest, token: "00ff"},
			`<EventRequest><!-- hi --><Token>***</Token></EventRequest>`},
		{"empty elements", `<EventRequest><Username/><Token/><GUID></GUID></EventRequest>`, document{root: rootEventRequest},
			`<EventRequest><Username/><Token/><GUID></GUID></EventRequest>`},
		{"a token elsewhere", `<EventRequest><Note><Token>other</Token></Note>` + fields + `</EventRequest>`, plain(),
			`<EventRequest><Note><Token>***</Token></Note>` + masked + `</EventRequest>`},
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
		{"a bare ampersand", "<EventRequest>\n<Username>\ntulip & bulb</Username></EventRequest>", "the element Username (line 3) holds an ampersand that is not escaped; it must be written &amp;"},
		{"an ampersand before a word", "<EventRequest><GUID>a&b</GUID></EventRequest>", "the element GUID (line 1)"},
		{"an entity that XML lacks", "<EventRequest><GUID>a&nbsp;b</GUID></EventRequest>", "the element GUID (line 1)"},
		{"an ampersand between good ones", "<EventRequest><GUID>&amp;&#38;&#x26;&lt;&x;&amp;</GUID></EventRequest>", "the element GUID (line 1)"},
		{"an ampersand between elements", "<EventRequest>\r\n&<GUID/></EventRequest>", "the element EventRequest (line 2)"},
		{"an ampersand at the end", "<EventRequest><GUID>a &", "the element GUID (line 1)"},
		{"an ampersand outside", "<EventRequest/>&", "reading the document"},
		{"a character that XML lacks", "<EventRequest><GUID>&#0;</GUID></EventRequest>", "reading the document"},
		{"a bare ampersand in a tag", `<EventRequest a="&"/>`, "reading the document"},
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
