package appdirect

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

const testAddress = testMarketplace + "/api/integration/v1/events/" + testToken

// notify makes the request that a marketplace makes, as the daemon sees it
// behind a terminator of TLS: signed over the public address, asked at another.
func notify(t testing.TB, sign oauth.Signer, path, query string) *http.Request {
	t.Helper()
	header, err := sign.Header("GET", parseURL(t, testPublic+path+"?"+query))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "http://127.0.0.1:8480"+path+"?"+query, nil)
	r.Header.Set("Authorization", header)
	return r
}

func TestReceive(t *testing.T) {
	s, _ := newSource(t, nil)
	plain := router.Notice{
		Source: "appdirect.acme", Key: testMarketplace + "|" + testToken, Address: testAddress, Base: testMarketplace,
		Token: testToken, Credential: testKey, Format: "json", Received: testNow,
	}
	escaped := url.QueryEscape(testAddress)
	for _, tt := range []struct {
		name, path, query string
		header            http.Header
		change            func(*router.Notice)
	}{
		{"url", "/appdirect/acme", "url=" + escaped, nil, nil},
		{"eventUrl", "/appdirect/acme", "eventUrl=" + escaped, nil, nil},
		{"other parameters, one twice", "/appdirect/acme", "eventType=create&a=1&a=2&url=" + escaped + "&token=" + testToken, nil, nil},
		{"both names, one address", "/appdirect/acme", "url=" + escaped + "&eventUrl=" + escaped, nil, nil},
		{"semicolon and space", "/appdirect/acme", "label=a;b+c&url=" + escaped, nil, nil},
		{"path below", "/appdirect/acme/create", "url=" + escaped, nil, nil},
		{"path with escapes", "/appdirect/acme/a%2Fb", "url=" + escaped, nil, nil},
		{"XML wanted", "/appdirect/acme", "url=" + escaped, http.Header{"Accept": {"application/xml"}}, func(n *router.Notice) { n.Format = "xml" }},
		{"correlation id", "/appdirect/acme", "url=" + escaped, http.Header{"X-Request-Id": {"abc"}}, func(n *router.Notice) { n.RequestID = "abc" }},
		{"long correlation id", "/appdirect/acme", "url=" + escaped, http.Header{"X-Request-Id": {strings.Repeat("é", 200)}}, func(n *router.Notice) { n.RequestID = strings.Repeat("é", 128) + "…" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := plain
			if tt.change != nil {
				tt.change(&want)
			}
			r := notify(t, signer(testKey, testSecret), tt.path, tt.query)
			for name, values := range tt.header {
				r.Header[name] = values
			}
			for range 2 { // a repeat to the byte is the same notice
				got, resp, err := s.Receive(r, nil)
				if err != nil || resp != nil {
					t.Fatalf("Receive: %+v, %v", resp, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			}
		})
	}
}

func TestReceiveSignedInQuery(t *testing.T) {
	s, _ := newSource(t, nil)
	signed, err := signer(testKey, testSecret).Query("GET", parseURL(t, testPublic+"/appdirect/acme?url="+url.QueryEscape(testAddress)))
	if err != nil {
		t.Fatal(err)
	}
	n, resp, err := s.Receive(httptest.NewRequest("GET", signed.RequestURI(), nil), nil)
	if err != nil || resp != nil || n.Address != testAddress {
		t.Errorf("Receive = %+v, %+v, %v", n, resp, err)
	}
}

func TestReceiveUnderAPublicPath(t *testing.T) {
	s, _ := newSource(t, map[string]any{"public_url": testPublic + "/hooks"})
	query := "url=" + url.QueryEscape(testAddress)
	r := notify(t, signer(testKey, testSecret), "/hooks/appdirect/acme", query)
	r.URL.Path = "/appdirect/acme"
	if _, resp, err := s.Receive(r, nil); err != nil || resp != nil {
		t.Errorf("Receive: %+v, %v", resp, err)
	}
}

func TestReceiveRefusesTheSignature(t *testing.T) {
	query := "url=" + url.QueryEscape(testAddress)
	stale := signer(testKey, testSecret)
	stale.Now = func() time.Time { return testNow.Add(-6 * time.Minute) }
	for _, tt := range []struct {
		name string
		sign oauth.Signer
		want oauth.Kind
	}{
		{"wrong secret", signer(testKey, "wrong"), oauth.Mismatch},
		{"unknown key", signer("stranger", testSecret), oauth.UnknownConsumer},
		{"the published key", signer("Dummy", "secret"), oauth.UnknownConsumer},
		{"stale", stale, oauth.Stale},
	} {
		for mode, wantStatus := range map[string]int{"401": 401, "result": 200} {
			t.Run(tt.name+" "+mode, func(t *testing.T) {
				s, log := newSource(t, map[string]any{"refuse_with": mode})
				n, resp, err := s.Receive(notify(t, tt.sign, "/appdirect/acme", query), nil)
				var refused *oauth.Error
				if !errors.As(err, &refused) || refused.Kind != tt.want {
					t.Fatalf("Receive = %+v, %v; want %s", n, err, tt.want)
				}
				checkResult(t, resp, wantStatus, codeUnauthorized)
				if challenged := resp.Header.Get("WWW-Authenticate") != ""; challenged != (wantStatus == 401) {
					t.Errorf("header = %v", resp.Header)
				}
				if !strings.Contains(log.String(), "GET&https%3A%2F%2Fevents.example.com%2Fappdirect%2Facme&") || !strings.Contains(log.String(), `"level":"debug"`) {
					t.Errorf("the log lacks the base string: %s", log)
				}
				if strings.Contains(log.String(), testSecret) {
					t.Errorf("the log shows the secret: %s", log)
				}
			})
		}
	}
	t.Run("not signed", func(t *testing.T) {
		s, _ := newSource(t, nil)
		_, resp, err := s.Receive(httptest.NewRequest("GET", "/appdirect/acme?"+query, nil), nil)
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Kind != oauth.Missing {
			t.Fatalf("Receive: %v", err)
		}
		checkResult(t, resp, 401, codeUnauthorized)
	})
}

func TestReceiveRefusesTheAddress(t *testing.T) {
	s, _ := newSource(t, map[string]any{"allow_dummy": true})
	for _, tt := range []struct {
		name, query string
		sign        oauth.Signer
		want        string
	}{
		{"none", "a=b", signer(testKey, testSecret), codeConfigurationError},
		{"empty", "url=", signer(testKey, testSecret), codeConfigurationError},
		{"foreign host", "url=" + url.QueryEscape("https://evil.example/api/integration/v1/events/7"), signer(testKey, testSecret), codeUnknownError},
		{"credentials", "url=" + url.QueryEscape("https://u:p@www.acme-marketplace.com/api/integration/v1/events/7"), signer(testKey, testSecret), codeUnknownError},
		{"other scheme", "url=" + url.QueryEscape("ftp://www.acme-marketplace.com/api/integration/v1/events/7"), signer(testKey, testSecret), codeUnknownError},
		{"two that differ", "url=" + url.QueryEscape(testAddress) + "&eventUrl=" + url.QueryEscape(testAddress+"x"), signer(testKey, testSecret), codeUnknownError},
		{"the published key elsewhere", "url=" + url.QueryEscape(testAddress), signer("Dummy", "secret"), codeUnknownError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, resp, err := s.Receive(notify(t, tt.sign, "/appdirect/acme", tt.query), nil)
			var refused *AddressError
			if !errors.As(err, &refused) {
				t.Fatalf("Receive = %+v, %v; want an *AddressError", n, err)
			}
			checkResult(t, resp, 200, tt.want)
		})
	}
	t.Run("the published key at its host", func(t *testing.T) {
		n, resp, err := s.Receive(notify(t, signer("Dummy", "secret"), "/appdirect/acme", "url="+url.QueryEscape(dummyBase+"/api/events/dummyOrder")), nil)
		if err != nil || resp != nil || n.Token != "dummyOrder" {
			t.Errorf("Receive = %+v, %+v, %v", n, resp, err)
		}
	})
}

func TestReceiveTakesOnlyGet(t *testing.T) {
	s, _ := newSource(t, nil)
	for _, method := range []string{"POST", "HEAD", "PUT"} {
		_, resp, err := s.Receive(httptest.NewRequest(method, "/appdirect/acme", nil), nil)
		if !errors.Is(err, errMethod) || resp.Status != 405 || resp.Header.Get("Allow") != "GET" {
			t.Errorf("%s: %+v, %v", method, resp, err)
		}
	}
}

// checkResult checks a refusal's status and code.
func checkResult(t testing.TB, resp *router.Response, status int, code string) {
	t.Helper()
	if resp == nil {
		t.Fatal("there is no response")
	}
	r, err := DecodeResult(resp.Body)
	if err != nil {
		t.Fatalf("%v: %s", err, resp.Body)
	}
	if resp.Status != status || r.Success || r.ErrorCode != code || r.Message == "" {
		t.Errorf("%d %+v; want %d %s", resp.Status, r, status, code)
	}
}

func TestFormatOf(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		accept     []string
	}{
		{"nothing", "json", nil},
		{"anything", "json", []string{"*/*"}},
		{"JSON", "json", []string{"application/json"}},
		{"XML", "xml", []string{"application/xml"}},
		{"text/xml with a charset", "xml", []string{"text/xml;charset=UTF-8"}},
		{"both", "json", []string{"application/xml, application/json"}},
		{"JSON preferred", "json", []string{"application/xml;q=0.5, application/json"}},
		{"XML preferred", "xml", []string{"application/json;q=0.5, application/xml"}},
		{"XML before the rest", "xml", []string{"application/xml, */*"}},
		{"XML after the rest", "json", []string{"text/html, application/xml;q=0.8, */*"}},
		{"two headers", "xml", []string{"application/json;q=0.1", "application/xml"}},
		{"XML refused", "json", []string{"application/xml;q=0"}},
		{"unreadable", "json", []string{";;;q=x, application/xml;q=y"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := formatOf(tt.accept); got != tt.want {
				t.Errorf("formatOf(%q) = %s, want %s", tt.accept, got, tt.want)
			}
		})
	}
}
