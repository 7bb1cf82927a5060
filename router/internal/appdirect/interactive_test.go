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

// newInteractive is a source whose clock can be set.
func newInteractive(t testing.TB, more map[string]any) (s *Source, setClock func(time.Time)) {
	t.Helper()
	block := map[string]any{"interactive": true}
	for name, v := range more {
		block[name] = v
	}
	s, _ = newSource(t, block)
	now := testNow
	s.now = func() time.Time { return now }
	s.verifier.Now = s.now
	return s, func(at time.Time) { now = at }
}

// visit is the request of a browser that a marketplace has sent.
func visit(t testing.TB, query string) *http.Request {
	t.Helper()
	signed, err := signer(testKey, testSecret).Query("GET", parseURL(t, testPublic+"/appdirect/acme?"+query))
	if err != nil {
		t.Fatal(err)
	}
	return httptest.NewRequest("GET", signed.RequestURI(), nil)
}

// follow is the request of the same browser that asks again.
func follow(again string) *http.Request {
	return httptest.NewRequest("GET", "/appdirect/acme"+again, nil)
}

func TestReceiveBrowser(t *testing.T) {
	s, _ := newInteractive(t, nil)
	n, resp, err := s.Receive(visit(t, "url="+url.QueryEscape(testAddress)), nil)
	if err != nil || resp != nil {
		t.Fatalf("Receive: %+v, %v", resp, err)
	}
	want := router.Notice{
		Source: "appdirect.acme", Key: testMarketplace + "|" + testToken, Address: testAddress, Base: testMarketplace,
		Token: testToken, Credential: testKey, Format: "browser", Again: n.Again, Received: testNow,
	}
	if diff := cmp.Diff(want, n); diff != "" || !strings.HasPrefix(n.Again, "?url=") {
		t.Errorf("again %q, -want +got\n%s", n.Again, diff)
	}
}

// Without leave it stays a notification as any other.
func TestBrowsersAreOffByDefault(t *testing.T) {
	s, _ := newInteractive(t, map[string]any{"interactive": false})
	n, resp, err := s.Receive(visit(t, "url="+url.QueryEscape(testAddress)), nil)
	if err != nil || resp != nil || n.Format != "json" || n.Again != "" {
		t.Errorf("Receive = %+v, %+v, %v", n, resp, err)
	}
}

// A browser brings no header; who brings both is refused as a notification is.
func TestBrowsersBringNoHeader(t *testing.T) {
	s, _ := newInteractive(t, nil)
	for _, header := range []string{"", "Basic dTpw", "OAuth oauth_nonce=1"} {
		r := visit(t, "url="+url.QueryEscape(testAddress))
		r.Header.Set("Authorization", header)
		n, resp, err := s.Receive(r, nil)
		if err == nil || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%q: %+v, %+v, %v", header, n, resp, err)
		}
	}
}

func TestReceiveBrowserRefuses(t *testing.T) {
	s, _ := newInteractive(t, nil)
	for _, tt := range []struct {
		name, query string
		status      int
	}{
		{"foreign marketplace", "url=" + url.QueryEscape("https://evil.example/api/integration/v1/events/7"), 400},
		{"no event", "a=b", 400},
		{"signed twice", "oauth_nonce=1&url=" + url.QueryEscape(testAddress), 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, resp, err := s.Receive(visit(t, tt.query), nil)
			if err == nil || resp.Status != tt.status {
				t.Fatalf("Receive: %+v, %v", resp, err)
			}
			checkPage(t, resp)
		})
	}
}

// order is an event that a browser waits for.
func orderFrom(returnURL string) *router.Event {
	return &router.Event{
		ID: "0190", Type: typeSubscriptionOrder, Attributes: []byte(`{"returnUrl":"` + returnURL + `"}`),
		Notice: router.Notice{Credential: testKey, Base: testMarketplace, Format: formatBrowser, Again: "?a=1&b=%22&signalbox_wait=1.x"},
	}
}

func TestWayBack(t *testing.T) {
	s, _ := newInteractive(t, map[string]any{"oauth1": []any{
		map[string]any{"consumer_key": testKey, "consumer_secret": testSecret, "previous_secret": "older-secret"},
	}})
	back := testMarketplace + "/finishprocure?token=" + testToken
	for _, tt := range []struct {
		name, returnURL string
		eventType       string
		v               router.Verdict
		want            url.Values
	}{
		{"success", back, typeSubscriptionOrder, router.Verdict{Kind: router.Success, Reply: []byte(`{"accountIdentifier":"acct 1&é"}`)},
			url.Values{"token": {testToken}, "success": {"true"}, "accountIdentifier": {"acct 1&é"}}},
		{"warning", back, "SUBSCRIPTION_CHANGE", router.Verdict{Kind: router.Warning}, url.Values{"token": {testToken}, "success": {"true"}}},
		{"a linked user", back, "USER_LINK", router.Verdict{Kind: router.Success, Reply: []byte(`{"userIdentifier":"u-1"}`)},
			url.Values{"token": {testToken}, "success": {"true"}, "userIdentifier": {"u-1"}}},
		{"error", back, typeSubscriptionOrder, router.Verdict{Kind: router.Error, Code: "USER_ALREADY_EXISTS", Message: "You have an account.\r\nSet-Cookie: a=b"},
			url.Values{"token": {testToken}, "success": {"false"}, "errorCode": {"USER_ALREADY_EXISTS"}, "message": {"You have an account.\r\nSet-Cookie: a=b"}}},
		{"a long message", back, typeSubscriptionOrder, router.Verdict{Kind: router.Error, Message: strings.Repeat("é", 400)},
			url.Values{"token": {testToken}, "success": {"false"}, "errorCode": {"UNKNOWN_ERROR"}, "message": {strings.Repeat("é", maxReturnMessage) + "…"}}},
		{"no query", testMarketplace + ":443/finish", "SUBSCRIPTION_CANCEL", router.Verdict{Kind: router.Success}, url.Values{"success": {"true"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := orderFrom(tt.returnURL)
			e.Type = tt.eventType
			resp := s.Reply(e, tt.v)
			location := resp.Header.Get("Location")
			if resp.Status != 303 || resp.Aside || resp.Header.Get("Cache-Control") != "no-store" || strings.ContainsAny(location, "\r\n ") {
				t.Fatalf("%+v", resp)
			}
			u := parseURL(t, location)
			if key, err := s.verifier.Verify("GET", u, nil); err != nil || key != testKey {
				t.Errorf("the signature of %s: %s, %v", u, key, err)
			}
			got := u.Query()
			for name := range got {
				if strings.HasPrefix(name, "oauth_") {
					got.Del(name)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || !strings.HasPrefix(location, strings.SplitN(tt.returnURL, "?", 2)[0]+"?") {
				t.Errorf("%s\n-want +got\n%s", location, diff)
			}
		})
	}
}

// While secrets rotate, the way back is signed with the one that the browser
// came with: that is the one the marketplace has. The other would not be taken
// there, and nobody would be told.
func TestWayBackIsSignedAsTheBrowserCame(t *testing.T) {
	for name, secrets := range map[string][2]string{"newest": {testSecret, "older-secret"}, "previous": {"newer-secret", testSecret}} {
		t.Run(name, func(t *testing.T) {
			s, setClock := newInteractive(t, map[string]any{"oauth1": []any{
				map[string]any{"consumer_key": testKey, "consumer_secret": secrets[0], "previous_secret": secrets[1]},
			}})
			n, _, err := s.Receive(visit(t, "a=x:/y+%22&url="+url.QueryEscape(testAddress)), nil)
			if err != nil {
				t.Fatal(err)
			}
			setClock(testNow.Add(time.Hour))
			if n, _, err = s.Receive(follow(n.Again), nil); err != nil {
				t.Fatal(err)
			}
			e := orderFrom(testMarketplace + "/finish?token=1")
			e.Notice = n
			resp := s.Reply(e, router.Verdict{Kind: router.Success})
			marketplace := oauth.Verifier{Secrets: onlySecret(testSecret), Window: time.Hour, Now: s.now}
			if _, err := marketplace.Verify("GET", parseURL(t, resp.Header.Get("Location")), nil); err != nil {
				t.Errorf("the marketplace refuses %v: %v", resp.Header, err)
			}
		})
	}
}

// onlySecret gives that secret for every consumer key.
func onlySecret(secret string) func(string) []router.Secret {
	return func(string) []router.Secret { return []router.Secret{router.NewSecret([]byte(secret))} }
}

func TestReturnAddressIsAtAMarketplace(t *testing.T) {
	s, _ := newInteractive(t, map[string]any{"aliases": map[string]any{"https://acme.appdirect.com": testMarketplace}})
	host := strings.TrimPrefix(testMarketplace, "https://")
	for _, tt := range []struct {
		name, returnURL string
		ok              bool
	}{
		{"the marketplace", testMarketplace + "/finish?token=1", true},
		{"an alias", "https://acme.appdirect.com/finish?token=1", true},
		{"upper case", "HTTPS://" + strings.ToUpper(host) + "/finish", true},
		{"none", "", false},
		{"another host", "https://evil.example/finish", false},
		{"a host below", "https://" + host + ".evil.example/finish", false},
		{"credentials", "https://" + host + "@evil.example/finish", false},
		{"credentials at the marketplace", "https://u:p@" + host + "/finish", false},
		{"a script", "javascript:alert(1)", false},
		{"a script that looks like an address", "javascript://" + host + "/%0aalert(1)", false},
		{"data", "data:text/html,hello", false},
		{"plain http", "http://" + host + "/finish", false},
		{"another port", testMarketplace + ":8443/finish", false},
		{"no scheme", "//" + host + "/finish", false},
		{"a path", "/finish", false},
		{"a fragment", testMarketplace + "/finish#x", false},
		{"a line break", testMarketplace + `/finish?a=\r\nSet-Cookie:%20a=b`, false},
		{"a space", testMarketplace + "/finish?a= b", false},
		{"a backslash", `https://evil.example\\@` + host + "/finish", false},
		{"ping tests' host", dummyBase + "/finish", false},
		{"too long", testMarketplace + "/finish?a=" + strings.Repeat("a", maxAddress), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := s.Reply(orderFrom(tt.returnURL), router.Verdict{Kind: router.Success})
			if sent := resp.Status == 303; sent != tt.ok || resp.Aside == tt.ok || sent != (resp.Header.Get("Location") != "") {
				t.Fatalf("%d, aside %t, %v", resp.Status, resp.Aside, resp.Header)
			}
			if !tt.ok {
				checkPage(t, &resp)
			}
		})
	}
	t.Run("a ping test goes back to where it is from", func(t *testing.T) {
		e := orderFrom(dummyBase + "/finish?token=dummyOrder")
		e.Notice.Base = dummyBase
		if resp := s.Reply(e, router.Verdict{Kind: router.Success}); resp.Status != 303 {
			t.Errorf("%+v", resp)
		}
	})
	t.Run("a product that is gone", func(t *testing.T) {
		e := orderFrom(testMarketplace + "/finish")
		e.Notice.Credential = "gone"
		if resp := s.Reply(e, router.Verdict{Kind: router.Success}); resp.Status != 200 || !resp.Aside {
			t.Errorf("%+v", resp)
		}
	})
}

func TestInteractiveNeedsSharedCredentials(t *testing.T) {
	_, err := New("appdirect.acme", config(t, map[string]any{
		"interactive": true, "oauth1": nil, "oauth2": []any{map[string]any{
			"client_id": "c", "client_secret": "s", "basic": map[string]any{"username": "u", "password": "p"},
		}},
	}), router.SourceDeps{PublicURL: testPublic, Now: time.Now})
	var setting *router.SettingError
	if !errors.As(err, &setting) || setting.Attr != "interactive" {
		t.Errorf("New: %v", err)
	}
}
