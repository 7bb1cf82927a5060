package subscriptionbridge

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// posted is a POST with this Content-Type and query.
func posted(contentType, query string) *http.Request {
	r := post("/sb/EventRequest")
	r.URL.RawQuery = query
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func TestForms(t *testing.T) {
	s := newTestSource(t, "")
	doc := string(call(func(r *EventRequest) { r.GUID = "TULIP +& 02%18=é" }))
	encoded := url.QueryEscape(doc)
	percent := strings.ReplaceAll(encoded, "+", "%20")
	for _, tc := range []struct{ name, contentType, query, body string }{
		{"no form", "text/xml", "", doc},
		{"no form, with a charset", "text/xml; charset=UTF-8", "", doc},
		{"no form, no type", "", "", doc},
		{"no form, a broken type", "text/xml; charset", "", doc},
		{"no form, called one (curl)", formType, "", doc},
		{"no form, a mark and space before it", formType, "", byteOrderMark + "\r\n" + strings.TrimPrefix(doc, prolog)},
		{"a form", formType, "", "xml=" + encoded},
		{"a form with %20 for spaces", formType, "", "xml=" + percent},
		{"a form with a charset", formType + "; charset=utf-8", "", "xml=" + encoded},
		{"a form of another case", "Application/X-WWW-Form-URLEncoded", "", "xml=" + encoded},
		{"a question mark before it (.NET)", formType, "", "?xml=" + encoded},
		{"in the query", formType, "xml=" + encoded, ""},
		{"in the query, with a line end for a body", formType, "xml=" + encoded, "\r\n"},
		{"among other fields", formType, "", "a=b&xml=" + encoded + "&go=now&&="},
		{"the body counts", formType, "xml=no", "xml=" + encoded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, _, err := s.Receive(posted(tc.contentType, tc.query), []byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if want := "TULIP +& 02%18=é"; n.Token != want {
				t.Errorf("the GUID is %q, want %q", n.Token, want)
			}
			if bytes.Contains(n.Body, []byte(testToken())) || !isMarkup(n.Body) {
				t.Errorf("kept is %s", n.Body)
			}
		})
	}
}

func TestFormsRefused(t *testing.T) {
	s := newTestSource(t, "")
	doc := string(call(nil))
	latin := "<EventRequest><Username>\xc3\xa9</Username></EventRequest>"
	for _, tc := range []struct{ name, contentType, query, body, want string }{
		{"a form that is not called one", "text/xml", "", "xml=" + url.QueryEscape(doc), `its Content-Type is "text/xml"`},
		{"a form of no type", "", "", "?xml=" + url.QueryEscape(doc), `its Content-Type is ""`},
		{"a document in the query alone", "text/xml", "xml=" + url.QueryEscape(doc), "", "ends too early"},
		{"another kind of form", "multipart/form-data; boundary=x", "", "xml=" + url.QueryEscape(doc), "its Content-Type is"},
		{"nothing", formType, "", "", "no field xml"},
		{"another field", formType, "", "XML=" + url.QueryEscape(doc), "no field xml"},
		{"twice", formType, "", "xml=a&xml=b", "the field xml twice"},
		{"a broken escape", formType, "", "xml=%3CEventRequest%3E" + testToken() + "%zz", "not percent-encoded"},
		{"not encoded, with an entity", formType, "", "xml=<EventRequest><GUID>a&amp;b</GUID></EventRequest>", "ends too early"},
		{"no document", formType, "", "xml=hello", "text outside"},
		{"an ampersand in a field", formType, "", "xml=" + url.QueryEscape("<EventRequest><GUID>a & b</GUID></EventRequest>"), "the element GUID (line 1)"},
		{"too long", formType, "", "xml=" + strings.Repeat("%20", maxDocument) + url.QueryEscape(doc), "longer than"},
		{"too long, not encoded", formType, "", "xml=" + strings.Repeat("+", maxDocument) + url.QueryEscape(doc), "longer than 65536 bytes"},
		{"another charset", "text/xml; charset=iso-8859-1", "", latin, "names another charset"},
		{"another charset of a form", formType + "; charset=windows-1252", "", "xml=" + url.QueryEscape(latin), "names another charset"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, res, err := s.Receive(posted(tc.contentType, tc.query), []byte(tc.body))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one with %q", err, tc.want)
			}
			if n.Key != "" || res == nil {
				t.Errorf("notice %+v, response %+v, want a refusal", n, res)
			}
			if strings.Contains(err.Error(), testToken()) {
				t.Errorf("the error holds the token: %v", err)
			}
		})
	}
}

// ASCII reads alike in every charset that a header may name.
func TestCharsetOfASCII(t *testing.T) {
	if _, _, err := newTestSource(t, "").Receive(posted("text/xml; charset=iso-8859-1", ""), call(nil)); err != nil {
		t.Error(err)
	}
}

// A document that can be read can be read again without its token, and says
// the same.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"", "<", "</a>", `<GetTimeRequest/>`, `<EventRequest><Token/></EventRequest>`, `<NotificationRequest/>`,
		string(EventRequest{Username: testUsername, Token: testToken(), GUID: "TULIP02182026", Action: "Balance_Due"}.Encode()),
		byteOrderMark + prolog + "\r\n<EventRequest>\r\n<Token><![CDATA[00]]>ff</Token>\r\n<Token> 00ff</Token><Guid>a&b</Guid></EventRequest>",
		`<EventRequest><GUID>&amp;&#38;&#x26;&lt;</GUID></EventRequest>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><EventRequest>&b;</EventRequest>`,
		`<?xml version="1.0" encoding="utf-16"?><EventRequest/>`,
		strings.Repeat("<a>", 100),
	} {
		f.Add([]byte(seed))
	}
	s := newTestSource(f, "")
	f.Fuzz(func(t *testing.T, body []byte) {
		var n router.Notice
		var res *router.Response
		var err error
		routertest.Bounded(t, func() { n, res, err = s.Receive(post("/sb/EventRequest"), body) })
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

// Any document can be posted as a form, and is read as it would be without one;
// and what is read of any form is what the standard library finds in it.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"", "xml=", "?xml=%3Ca%2F%3E", "a=b&xml=+%2B+", "xml=%", "xml=1&xml=2", "=&&xml", "xml=" + url.QueryEscape(string(call(nil))), string(call(nil)),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if got, err := readForm("", "xml="+url.QueryEscape(body)); err != nil && len(body) <= maxDocument || err == nil && string(got) != body {
			t.Errorf("a form of %q is read as %q: %v", body, got, err)
		}
		var got []byte
		var err error
		routertest.Bounded(t, func() { got, err = documentIn(posted(formType, ""), []byte(body)) })
		if err != nil || isMarkup([]byte(body)) {
			return
		}
		values, err := url.ParseQuery(strings.TrimPrefix(strings.TrimSpace(body), "?"))
		if want := values["xml"]; err == nil && (len(want) != 1 || want[0] != string(got)) {
			t.Errorf("of %q is read %q, want %q", body, got, want)
		}
	})
}
