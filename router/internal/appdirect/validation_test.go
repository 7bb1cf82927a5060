package appdirect

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

const formKey = "0123456789abcdef"

// newValidating is a source with an order_validation block.
func newValidating(t testing.TB, block map[string]any) *Source {
	t.Helper()
	s, _ := newSource(t, map[string]any{"order_validation": block})
	return s
}

func TestReceiveForm(t *testing.T) {
	open, locked := map[string]any{}, map[string]any{"path": "unsecured/check", "secret": formKey, "previous_secret": "fedcba9876543210"}
	for _, tt := range []struct {
		name, method, target, contentType, body string
		block                                   map[string]any
		status                                  int // 0: taken in
	}{
		{"open", "POST", "/appdirect/acme/validate", formType, "domain=example.com", open, 0},
		{"with a charset", "POST", "/appdirect/acme/validate", formType + "; charset=UTF-8", "domain=example.com", open, 0},
		{"a ping", "POST", "/appdirect/acme/validate", formType, "", open, 0},
		{"with the key", "POST", "/appdirect/acme/unsecured/check?a=b&key=" + formKey, formType, "domain=example.com", locked, 0},
		{"with the older key", "POST", "/appdirect/acme/unsecured/check?key=fedcba9876543210", formType, "domain=example.com", locked, 0},
		{"without the key", "POST", "/appdirect/acme/unsecured/check", formType, "domain=example.com", locked, 401},
		{"wrong key", "POST", "/appdirect/acme/unsecured/check?key=" + formKey + "0", formType, "domain=example.com", locked, 401},
		{"two keys", "POST", "/appdirect/acme/unsecured/check?key=" + formKey + "&key=" + formKey, formType, "domain=example.com", locked, 401},
		{"the key in the form", "POST", "/appdirect/acme/unsecured/check", formType, "key=" + formKey, locked, 401},
		{"unreadable query", "POST", "/appdirect/acme/unsecured/check?key=" + formKey + "&%zz", formType, "domain=example.com", locked, 401},
		{"a GET", "GET", "/appdirect/acme/validate", "", "", open, 405},
		{"JSON", "POST", "/appdirect/acme/validate", "application/json", "{}", open, 415},
		{"no type", "POST", "/appdirect/acme/validate", "", "a=b", open, 415},
		{"another charset", "POST", "/appdirect/acme/validate", formType + ";charset=iso-8859-1", "a=%e9", open, 415},
		{"broken escape", "POST", "/appdirect/acme/validate", formType, "a=%zz", open, 400},
		{"not UTF-8", "POST", "/appdirect/acme/validate", formType, "a=%ff", open, 400},
		{"too large", "POST", "/appdirect/acme/validate", formType, "a=" + strings.Repeat("a", maxForm), open, 400},
		{"too many values", "POST", "/appdirect/acme/validate", formType, strings.Repeat("a&", maxFields+1), open, 400},
		{"another path", "POST", "/appdirect/acme/validates", formType, "a=b", open, 405},
		{"no such block", "POST", "/appdirect/acme/validate", formType, "a=b", nil, 405},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, log := newSource(t, map[string]any{"order_validation": tt.block})
			r := httptest.NewRequest(tt.method, strings.Replace(tt.target, "%zz", "%25zz", 1), nil)
			if strings.Contains(tt.target, "%zz") {
				r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "%25zz", "%zz", 1)
			}
			r.Header.Set("Content-Type", tt.contentType)
			n, resp, err := s.Receive(r, []byte(tt.body))
			if tt.status == 0 {
				want := router.Notice{Source: "appdirect.acme", Type: "ORDER_VALIDATION", Unkept: true, Body: []byte(tt.body), Format: "json", Received: testNow}
				if diff := cmp.Diff(want, n); diff != "" || resp != nil || err != nil {
					t.Errorf("%+v, %v, -want +got\n%s", resp, err, diff)
				}
				return
			}
			if err == nil || resp.Status != tt.status {
				t.Fatalf("Receive: %+v, %v; want %d", resp, err, tt.status)
			}
			if strings.Contains(err.Error()+log.String(), "example.com") || strings.Contains(err.Error()+log.String(), formKey) {
				t.Errorf("a value or the key shows: %v, %s", err, log)
			}
		})
	}
}

func TestFetchForm(t *testing.T) {
	s := newValidating(t, map[string]any{})
	for _, tt := range []struct{ name, body, want string }{
		{"none", "", `{"fields":{}}`},
		{"escapes", "do%20main=a+b%26c&empty=&bare", `{"fields":{"bare":"","do main":"a b&c","empty":""}}`},
		{"one that repeats", "color=red&size=1&color=blue&color=", `{"fields":{"color":"red\nblue\n","size":"1"}}`},
		{"no name", "=x&&a=b", `{"fields":{"a":"b"}}`},
		{"semicolon", "a=b;c=d", `{"fields":{"a":"b;c=d"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := router.Notice{Source: "appdirect.acme", Type: typeOrderValidation, Unkept: true, Body: []byte(tt.body), Received: testNow}
			e, err := s.Fetch(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			want := router.Event{
				Source: "appdirect.acme", Type: "ORDER_VALIDATION", Received: testNow, Payload: json.RawMessage(tt.want),
				Extra: json.RawMessage(`{"addon":false}`), Raw: []byte(tt.body), Notice: n,
			}
			if diff := cmp.Diff(want, e); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestReplyToForm(t *testing.T) {
	const unchecked = `{"result":[{"title":"Not checked","description":"Your settings could not be checked at the moment. Please try again in a few minutes.","level":"ERROR"}]}`
	const goOn = `{"result":[{"title":"Not checked","description":"Your settings could not be checked at the moment. You can go on; they are checked again with your order.","level":"WARN"}]}`
	for _, tt := range []struct {
		name string
		v    router.Verdict
		stop bool // on_failure = "ERROR"
		want string
	}{
		{"all well", router.Verdict{Kind: router.Success}, false, `{"result":[]}`},
		{"no route", router.Verdict{Kind: router.Error, Code: router.CodeUnrouted}, true, `{"result":[]}`},
		{"findings of a success", router.Verdict{Kind: router.Success, Reply: []byte(`{"result":[{"field":"domain","title":"New","description":"It is free.","level":"info"},{"description":"Hm.","level":"loud"},{}]}`)}, false,
			`{"result":[{"field":"domain","title":"New","description":"It is free.","level":"INFO"},{"description":"Hm.","level":"WARN"},{"level":"WARN"}]}`},
		{"a result of another form", router.Verdict{Kind: router.Success, Reply: []byte(`{"result":"yes"}`)}, false, `{"result":[]}`},
		{"rejected, the code is a field", router.Verdict{Kind: router.Error, Code: "domain", Failed: []router.Failed{{Code: "domain", Message: "It is taken."}}}, false,
			`{"result":[{"field":"domain","description":"It is taken.","level":"ERROR"}]}`},
		{"rejected, the code is none", router.Verdict{Kind: router.Error, Code: "taken", Failed: []router.Failed{{Code: "taken"}, {Optional: true, Code: "name", Message: "Short."}}}, false,
			`{"result":[{"title":"taken","description":"This setting was not accepted.","level":"ERROR"},{"title":"name","description":"Short.","level":"WARN"}]}`},
		{"optional ones failed", router.Verdict{Kind: router.Warning, Reply: []byte(`{"result":[{"title":"a","level":"INFO"}]}`), Failed: []router.Failed{{Optional: true, Code: "domain", Message: "Odd."}, {Optional: true}}}, true,
			`{"result":[{"title":"a","level":"INFO"},{"field":"domain","description":"Odd.","level":"WARN"},{"title":"Not checked","description":"Your settings could not be checked at the moment. You can go on; they are checked again with your order.","level":"WARN"}]}`},
		{"an expression fails", router.Verdict{Kind: router.Error, Code: router.CodeFailed}, false, goOn},
		{"an expression fails, stop", router.Verdict{Kind: router.Error, Code: router.CodeFailed}, true, unchecked},
		{"too late", router.Verdict{Kind: router.Accepted}, false, goOn},
		{"too late, stop", router.Verdict{Kind: router.Accepted}, true, unchecked},
		{"not now", router.Verdict{Kind: router.NotNow}, false, goOn},
	} {
		t.Run(tt.name, func(t *testing.T) {
			block := map[string]any{}
			if tt.stop {
				block["on_failure"] = "ERROR"
			}
			s := newValidating(t, block)
			e := &router.Event{Type: typeOrderValidation, Payload: []byte(`{"fields":{"domain":"example.com"}}`)}
			if tt.v.Kind == router.NotNow {
				e = &router.Event{Notice: router.Notice{Type: typeOrderValidation}} // all that is known then
			}
			resp := s.Reply(e, tt.v)
			if string(resp.Body) != tt.want || resp.Status != 200 || resp.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%d %s\nwant %s", resp.Status, resp.Body, tt.want)
			}
		})
	}
}

func TestValidationSettings(t *testing.T) {
	for _, tt := range []struct {
		name  string
		block map[string]any
		want  string // in the error; "" is none
	}{
		{"all", map[string]any{"path": "unsecured/check", "secret": formKey, "timeout": "10s", "on_failure": "ERROR", "journal_values": true}, ""},
		{"a path that goes up", map[string]any{"path": "../x"}, "path"},
		{"a path with a query", map[string]any{"path": "x?a=b"}, "path"},
		{"the path of tokens", map[string]any{"path": strings.TrimPrefix(tokenPath, "/")}, "path"},
		{"a timeout of nothing", map[string]any{"timeout": "0s"}, "timeout"},
		{"a timeout beyond all", map[string]any{"timeout": "1m"}, "timeout"},
		{"another level", map[string]any{"on_failure": "INFO"}, "on_failure"},
		{"values kept of anybody", map[string]any{"journal_values": true}, "journal_values"},
		{"a short secret", map[string]any{"secret": "hunter2"}, "16 characters"},
		{"only the older secret", map[string]any{"previous_secret": formKey}, "previous_secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New("appdirect.acme", config(t, map[string]any{"order_validation": tt.block}),
				router.SourceDeps{PublicURL: testPublic, Path: "/appdirect/acme", Now: time.Now})
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if l := got.Limits(typeOrderValidation); l.ReplyWithin != 10*time.Second || !l.Synchronous || l.Late != router.LateAccepted {
					t.Errorf("limits %+v", l)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "order_validation") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("New: %v; want an error with %q", err, tt.want)
			}
		})
	}
}

func TestValidationWaitsAsLongAsOthers(t *testing.T) {
	s := newValidating(t, map[string]any{})
	if l := s.Limits(typeOrderValidation); l.ReplyWithin != 4*time.Second {
		t.Errorf("limits %+v", l)
	}
}

// FuzzForm proves that of a form that is accepted net/url reads the same.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"", "domain=example.com&color=red&color=blue", "a=%zz", "a=%ff", "=x&&b", "a+b=c%2Bd", "a;b=c", "%00=%0a", strings.Repeat("a&", maxForm/2), strings.Repeat("=&", maxForm/2)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var fields map[string]string
		var err error
		routertest.Bounded(t, func() { fields, err = readForm(body) })
		if err != nil || strings.Contains(string(body), ";") { // which net/url does not read
			return
		}
		values, err := url.ParseQuery(string(body))
		if err != nil {
			t.Fatalf("accepted what net/url can't read: %v", err)
		}
		want := map[string]string{}
		for name, all := range values {
			if name != "" {
				want[name] = strings.Join(all, "\n")
			}
		}
		if diff := cmp.Diff(want, fields); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// FuzzVisit proves of any query that a browser is let in only with a signature
// over all of it but the pass, and that where it is told to ask again it is the
// same visit, also when the signature is too old.
func FuzzVisit(f *testing.F) {
	address := "url=" + url.QueryEscape(testAddress)
	for _, seed := range []string{address, address + "&signalbox_wait=1.x", "a:b=/c&" + address, "oauth_nonce=1&" + address, address + "&a=%22'+;<>", "&&" + address + "&signalbox_wait"} {
		f.Add(seed)
	}
	s, setClock := newInteractive(f, nil)
	f.Fuzz(func(t *testing.T, query string) {
		defer setClock(testNow)
		setClock(testNow)
		asked := &url.URL{Scheme: "https", Host: "events.example.com", Path: "/appdirect/acme", RawQuery: query}
		r := httptest.NewRequest("GET", "/appdirect/acme", nil)
		r.URL = &url.URL{Path: asked.Path, RawQuery: query}
		if n, _, err := s.Receive(r, nil); err == nil {
			t.Fatalf("accepted unsigned: %+v", n)
		}
		signed, err := signer(testKey, testSecret).Query("GET", asked)
		if err != nil {
			return
		}
		r.URL.RawQuery = signed.RawQuery
		var n router.Notice
		routertest.Bounded(t, func() { n, _, err = s.Receive(r, nil) })
		if err != nil || n.Format != formatBrowser {
			return
		}
		setClock(testNow.Add(time.Hour))
		if _, _, err := s.Receive(r, nil); err == nil {
			t.Fatal("accepted when the signature is too old")
		}
		r.URL.RawQuery = strings.TrimPrefix(n.Again, "?")
		again, resp, err := s.Receive(r, nil)
		if err != nil || again.Key != n.Key || again.Again != n.Again {
			t.Fatalf("again %q: %+v, %+v, %v", n.Again, again, resp, err)
		}
		page := waitingPage(n.Again, 5).respond(202)
		if body := string(page.Body); strings.Contains(body, "ZgotmplZ") {
			t.Fatalf("the page does not ask again:\n%s", body)
		}
	})
}
