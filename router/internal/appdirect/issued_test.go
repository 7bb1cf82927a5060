package appdirect

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// tokenOf issues a token to a client, under its newest secret.
func tokenOf(t testing.TB, s *Source, client string) string {
	t.Helper()
	issued := s.credentials.endpoint.tokens
	c := issued.clients[client]
	if c == nil {
		t.Fatalf("there is no client %q", client)
	}
	return issued.issue(c, c.keys[0])
}

// askToken makes a request for a token, by HTTP Basic unless header is "".
func askToken(header string, form url.Values) (*http.Request, []byte) {
	r := httptest.NewRequest("POST", "/appdirect/acme/oauth2/token", nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	return r, []byte(form.Encode())
}

// given is an answer of the token endpoint.
type given struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func readGiven(t testing.TB, resp *router.Response) given {
	t.Helper()
	var g given
	if resp == nil {
		t.Fatal("there is no response")
	}
	if err := json.Unmarshal(resp.Body, &g); err != nil {
		t.Fatalf("%v: %s", err, resp.Body)
	}
	if resp.Header.Get("Content-Type") != "application/json" || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Pragma") != "no-cache" {
		t.Errorf("header = %v", resp.Header)
	}
	return g
}

func TestTokenEndpoint(t *testing.T) {
	s, log := all(t)
	grant := url.Values{"grant_type": {"client_credentials"}, "scope": {"post_subscription_events"}}
	with := func(more url.Values) url.Values {
		form := url.Values{}
		for _, v := range []url.Values{grant, more} {
			for name, values := range v {
				form[name] = values
			}
		}
		return form
	}
	right := basicHeader(testIssued, testIssuedSecret)
	for _, tt := range []struct {
		name, header string
		form         url.Values
	}{
		{"basic", right, grant},
		{"without a scope", right, url.Values{"grant_type": {"client_credentials"}}},
		{"with an unknown parameter", right, with(url.Values{"resource": {"x"}})},
		{"with the client's id too", right, with(url.Values{"client_id": {testIssued}})},
		{"encoded as RFC 6749 wants it", basicHeader(url.QueryEscape(testIssued), "hunter2%2Dof%2Dacme-notifications"), grant},
		{"in the form", "", with(url.Values{"client_id": {testIssued}, "client_secret": {testIssuedSecret}})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, body := askToken(tt.header, tt.form)
			_, resp, err := s.Receive(r, body)
			if err != nil {
				t.Fatal(err)
			}
			g := readGiven(t, resp)
			if resp.Status != 200 || g.TokenType != "Bearer" || g.ExpiresIn != 12*60*60 || g.Scope != inboundScope {
				t.Errorf("%d %+v", resp.Status, g)
			}
			if n, _, err := s.Receive(authorized("Bearer "+g.AccessToken), nil); err != nil || n.Credential != "gadget-1" {
				t.Errorf("the token is not taken: %+v, %v", n, err)
			}
		})
	}
	for _, tt := range []struct {
		name, header string
		form         url.Values
		status       int
		want         string
	}{
		{"wrong secret", basicHeader(testIssued, "hunter2"), grant, 401, "invalid_client"},
		{"empty secret", basicHeader(testIssued, ""), grant, 401, "invalid_client"},
		{"unknown client", basicHeader("stranger", testIssuedSecret), grant, 401, "invalid_client"},
		{"a client of the marketplace", basicHeader("gadget-1", testClientSecret), grant, 401, "invalid_client"},
		{"a user", basicHeader(testUser, testPassword), grant, 401, "invalid_client"},
		{"nobody", "", grant, 401, "invalid_client"},
		{"wrong secret in the form", "", with(url.Values{"client_id": {testIssued}, "client_secret": {"hunter2"}}), 401, "invalid_client"},
		{"bearer", "Bearer x", grant, 401, "invalid_client"},
		{"twice", right, with(url.Values{"client_id": {testIssued}, "client_secret": {testIssuedSecret}}), 400, "invalid_request"},
		{"two names", right, with(url.Values{"client_id": {"stranger"}}), 400, "invalid_request"},
		{"no grant", right, url.Values{"scope": {inboundScope}}, 400, "invalid_request"},
		{"another grant", right, url.Values{"grant_type": {"password"}}, 400, "unsupported_grant_type"},
		{"two grants", right, url.Values{"grant_type": {"client_credentials", "client_credentials"}}, 400, "invalid_request"},
		{"another scope", right, with(url.Values{"scope": {"ROLE_APPLICATION"}}), 400, "invalid_scope"},
		{"one scope more", right, with(url.Values{"scope": {"post_subscription_events admin"}}), 400, "invalid_scope"},
		{"endless", right, with(url.Values{"x": {strings.Repeat("x", maxTokenForm)}}), 400, "invalid_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, body := askToken(tt.header, tt.form)
			_, resp, err := s.Receive(r, body)
			var refused *tokenError
			if !errors.As(err, &refused) || refused.Code != tt.want {
				t.Fatalf("Receive: %v; want %s", err, tt.want)
			}
			g := readGiven(t, resp)
			if resp.Status != tt.status || g.Error != tt.want || g.Description == "" || g.AccessToken != "" {
				t.Errorf("%d %s", resp.Status, resp.Body)
			}
			if challenged := resp.Header.Get("WWW-Authenticate") == `Basic realm="signalbox"`; challenged != (tt.status == 401) {
				t.Errorf("header = %v", resp.Header)
			}
			if shown := err.Error() + log.String() + string(resp.Body); strings.Contains(shown, "hunter2") {
				t.Errorf("a secret shows in %s", shown)
			}
		})
	}
	t.Run("no form", func(t *testing.T) {
		r, body := askToken(right, grant)
		r.Header.Set("Content-Type", "application/json")
		if _, resp, _ := s.Receive(r, body); resp.Status != 400 || readGiven(t, resp).Error != "invalid_request" {
			t.Errorf("%d %s", resp.Status, resp.Body)
		}
	})
	t.Run("two headers", func(t *testing.T) {
		r, body := askToken(right, grant)
		r.Header.Add("Authorization", right)
		if _, resp, _ := s.Receive(r, body); resp.Status != 400 || readGiven(t, resp).Error != "invalid_request" {
			t.Errorf("%d %s", resp.Status, resp.Body)
		}
	})
	t.Run("by GET", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/appdirect/acme/oauth2/token", nil)
		if _, resp, err := s.Receive(r, nil); err == nil || resp.Status != 405 || resp.Header.Get("Allow") != "POST" {
			t.Errorf("%+v, %v", resp, err)
		}
	})
}

// TestTokenEndpointOnlyWhereNeeded: where no product has such tokens, the path
// is like any other.
func TestTokenEndpointOnlyWhereNeeded(t *testing.T) {
	s, _ := newSource(t, nil)
	r, body := askToken(basicHeader(testIssued, testIssuedSecret), url.Values{"grant_type": {"client_credentials"}})
	if _, resp, err := s.Receive(r, body); !errors.Is(err, errMethod) || resp.Status != 405 {
		t.Errorf("%+v, %v", resp, err)
	}
}

func TestIssuedTokens(t *testing.T) {
	const newSecret = "hunter2-and-another-one"
	client := func(id, secret, previous string) obj {
		return productBlocks(separate("gadget-1", obj{"issued": obj{"client_id": id, "client_secret": secret, "previous_secret": previous, "lifetime": "1h"}}))
	}
	now := &clock{testNow}
	s, _ := sourceAt(t, "appdirect.acme", now, client(testIssued, testIssuedSecret, ""))
	token := tokenOf(t, s, testIssued)
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	// changed is the token with one bit of one byte flipped.
	changed := func(i int) string {
		b := append([]byte{}, raw...)
		b[i] ^= 1
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for _, tt := range []struct {
		name, source string
		block        obj
		token        string
		after        time.Duration
		want         string // "" is taken
	}{
		{"at once", "appdirect.acme", client(testIssued, testIssuedSecret, ""), token, 0, ""},
		{"another life of the daemon, near its end", "appdirect.acme", client(testIssued, testIssuedSecret, ""), token, time.Hour, ""},
		{"under way when it ended", "appdirect.acme", client(testIssued, testIssuedSecret, ""), token, time.Hour + tokenGrace, ""},
		{"ended", "appdirect.acme", client(testIssued, testIssuedSecret, ""), token, time.Hour + tokenGrace + time.Second, "ended at 2026-03-01T13:00:00Z"},
		{"while the secret rotates", "appdirect.acme", client(testIssued, newSecret, testIssuedSecret), token, 0, ""},
		{"a changed secret", "appdirect.acme", client(testIssued, newSecret, ""), token, 0, "not issued under its present secrets"},
		{"another source", "appdirect.other", client(testIssued, testIssuedSecret, ""), token, 0, "not issued here"},
		{"another client", "appdirect.acme", client("other", testIssuedSecret, ""), token, 0, "not issued here"},
		{"another client's name", "appdirect.acme", client(testIssued, testIssuedSecret, ""), changed(0), 0, "not issued here"},
		{"another random part", "appdirect.acme", client(testIssued, testIssuedSecret, ""), changed(tokenTag), 0, "not issued under"},
		{"a later end", "appdirect.acme", client(testIssued, testIssuedSecret, ""), changed(tokenBody - 3), 2 * time.Hour, "not issued under"},
		{"another hash", "appdirect.acme", client(testIssued, testIssuedSecret, ""), changed(tokenSize - 1), 0, "not issued under"},
		{"cut", "appdirect.acme", client(testIssued, testIssuedSecret, ""), token[:len(token)-1], 0, "not issued here"},
		{"longer", "appdirect.acme", client(testIssued, testIssuedSecret, ""), token + "A", 0, "not issued here"},
		{"in another alphabet", "appdirect.acme", client(testIssued, testIssuedSecret, ""), "+" + token[1:], 0, "not issued here"},
		{"with a line's end", "appdirect.acme", client(testIssued, testIssuedSecret, ""), token[:len(token)-1] + "\n", 0, "not issued here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := sourceAt(t, tt.source, &clock{testNow.Add(tt.after)}, tt.block)
			product, err := s.credentials.endpoint.tokens.verify(tt.token)
			if tt.want == "" {
				if err != nil || product != "gadget-1" {
					t.Errorf("verify = %q, %v", product, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), tt.token) {
				t.Errorf("verify = %q, %v; want %q", product, err, tt.want)
			}
		})
	}
}

// TestIssuedTokensEndWithTheirSecret: a token is made with the secret that was
// shown for it, and ends when that is no longer configured.
func TestIssuedTokensEndWithTheirSecret(t *testing.T) {
	const newSecret = "hunter2-and-another-one"
	client := func(secret, previous string) obj {
		return productBlocks(separate("gadget-1", obj{"issued": obj{"client_id": testIssued, "client_secret": secret, "previous_secret": previous}}))
	}
	now := &clock{testNow}
	rotating, _ := sourceAt(t, "appdirect.acme", now, client(newSecret, testIssuedSecret))
	after, _ := sourceAt(t, "appdirect.acme", now, client(newSecret, ""))
	for _, tt := range []struct {
		name, secret string
		wantAfter    bool
	}{{"newest", newSecret, true}, {"previous", testIssuedSecret, false}} {
		r, body := askToken(basicHeader(testIssued, tt.secret), url.Values{"grant_type": {"client_credentials"}})
		_, resp, err := rotating.Receive(r, body)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		token := readGiven(t, resp).AccessToken
		if _, _, err := rotating.Receive(authorized("Bearer "+token), nil); err != nil {
			t.Errorf("%s, while it rotates: %v", tt.name, err)
		}
		if _, _, err := after.Receive(authorized("Bearer "+token), nil); (err == nil) != tt.wantAfter {
			t.Errorf("%s, afterwards: %v", tt.name, err)
		}
	}
}
