package appdirect

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

const (
	testClient       = "gizmo-991"
	testClientSecret = "hunter2-at-the-marketplace"
	testUser         = "acme"
	testPassword     = "hunter2-of:acme"
	testIssued       = "acme-notifications"
	testIssuedSecret = "hunter2-of-acme-notifications"
)

// obj is a block of the configuration.
type obj = map[string]any

// separate is an oauth2 block; more is how its notifications are authenticated.
func separate(clientID string, more obj) obj {
	b := obj{"client_id": clientID, "client_secret": testClientSecret}
	for name, v := range more {
		b[name] = v
	}
	return b
}

func basic(username, password string) obj {
	return obj{"basic": obj{"username": username, "password": password}}
}

func issued(clientID, clientSecret string) obj {
	return obj{"issued": obj{"client_id": clientID, "client_secret": clientSecret}}
}

// products is the part of a source's block that holds separate credentials only.
func productBlocks(blocks ...obj) obj { return obj{"oauth1": nil, "oauth2": blocks} }

// clock is a time that a test sets.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// sourceAt builds a source of that name, with a clock.
func sourceAt(t testing.TB, name string, c *clock, more obj) (*Source, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	s, err := New(name, config(t, more), router.SourceDeps{
		PublicURL: testPublic, Path: "/appdirect/acme", Log: zerolog.New(log), Now: c.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Source), log
}

// notification is a request without credentials.
func notification() *http.Request {
	return httptest.NewRequest("GET", "/appdirect/acme?url="+url.QueryEscape(testAddress), nil)
}

func authorized(headers ...string) *http.Request {
	r := notification()
	r.Header["Authorization"] = headers
	return r
}

func basicHeader(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// all is a source with a product of each kind, and the one "old" besides.
func all(t testing.TB) (*Source, *bytes.Buffer) {
	old := separate("old-1", obj{"basic": obj{"username": "old", "password": "hunter2-new", "previous_password": "hunter2-old"}})
	return sourceAt(t, "appdirect.acme", &clock{testNow}, obj{"oauth2": []obj{
		separate(testClient, basic(testUser, testPassword)), separate("gadget-1", issued(testIssued, testIssuedSecret)), old,
	}})
}

func TestReceiveAuthenticates(t *testing.T) {
	s, _ := all(t)
	signed, err := signer(testKey, testSecret).Header("GET", parseURL(t, testPublic+notification().URL.RequestURI()))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, header, want string }{
		{"signature", signed, testKey},
		{"basic", basicHeader(testUser, testPassword), testClient},
		{"basic in capitals", "BASIC" + basicHeader(testUser, testPassword)[5:], testClient},
		{"newest password", basicHeader("old", "hunter2-new"), "old-1"},
		{"previous password", basicHeader("old", "hunter2-old"), "old-1"},
		{"bearer", "Bearer " + tokenOf(t, s, testIssued), "gadget-1"},
		{"bearer in small letters", "bearer  " + tokenOf(t, s, testIssued), "gadget-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, resp, err := s.Receive(authorized(tt.header), nil)
			if err != nil || resp != nil || n.Credential != tt.want || n.Address != testAddress {
				t.Errorf("Receive = %+v, %+v, %v; want the product %s", n, resp, err, tt.want)
			}
		})
	}
}

func TestReceiveRefusesCredentials(t *testing.T) {
	s, log := all(t)
	token := tokenOf(t, s, testIssued)
	sign := func(key, secret string) string {
		h, err := signer(key, secret).Header("GET", parseURL(t, testPublic+notification().URL.RequestURI()))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	inQuery, err := signer(testKey, testSecret).Query("GET", parseURL(t, testPublic+notification().URL.RequestURI()))
	if err != nil {
		t.Fatal(err)
	}
	both := httptest.NewRequest("GET", inQuery.RequestURI(), nil)
	both.Header.Set("Authorization", "Bearer "+token)
	for _, tt := range []struct {
		name string
		r    *http.Request
		want string
	}{
		{"nothing", notification(), "not signed"},
		{"wrong password", authorized(basicHeader(testUser, testPassword+"x")), "the password is not that of"},
		{"empty password", authorized(basicHeader(testUser, "")), "the password is not that of"},
		{"another's password", authorized(basicHeader(testUser, "hunter2-new")), "the password is not that of"},
		{"unknown user", authorized(basicHeader("stranger", testPassword)), `no product has the user name "stranger"`},
		{"a client id as the user", authorized(basicHeader(testClient, testClientSecret)), "no product has the user name"},
		{"an issued client as the user", authorized(basicHeader(testIssued, testIssuedSecret)), "no product has the user name"},
		{"a consumer key as the user", authorized(basicHeader(testKey, testSecret)), "no product has the user name"},
		{"a long user name", authorized(basicHeader(strings.Repeat("u", 500), "x")), strings.Repeat("u", maxName) + "…"},
		{"basic that is no base64", authorized("Basic !"), "can't be read"},
		{"basic without a colon", authorized("Basic " + base64.StdEncoding.EncodeToString([]byte("acme"))), "can't be read"},
		{"nothing after basic", authorized("Basic"), "can't be read"},
		{"a signature with a client id", authorized(sign(testClient, testClientSecret)), "unknown consumer"},
		{"a signature with a user name", authorized(sign(testUser, testPassword)), "unknown consumer"},
		{"a signature with an issued client", authorized(sign(testIssued, testIssuedSecret)), "unknown consumer"},
		{"empty bearer", authorized("Bearer "), "the bearer token is empty"},
		{"a secret as the bearer", authorized("Bearer " + testIssuedSecret), "not issued here"},
		{"a JSON Web Token without an issuer", authorized("Bearer a.b.c"), "no JSON Web Token of a configured issuer"},
		{"endless bearer", authorized("Bearer " + strings.Repeat("a", maxBearer+1)), "longer than"},
		{"two tokens in one header", authorized("Bearer " + token + ", Bearer " + token), "not issued here"},
		{"two headers, one kind", authorized("Bearer "+token, "Bearer "+token), "there are 2 Authorization headers"},
		{"two headers, two kinds", authorized(sign(testKey, testSecret), basicHeader(testUser, testPassword)), "there are 2 Authorization headers"},
		{"a header, and a signature in the query", both, "a signature in the query"},
		{"another scheme", authorized("Digest username=acme"), "the scheme of the Authorization header is none of basic, bearer, oauth"},
		{"a password without a scheme", authorized(testPassword), "the scheme of the Authorization header is none of"},
		{"an empty header", authorized(""), "the scheme of the Authorization header is none of"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, resp, err := s.Receive(tt.r, nil)
			var byOAuth *oauth.Error
			var other *CredentialError
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, &byOAuth) && !errors.As(err, &other) {
				t.Fatalf("Receive = %+v, %v; want %q", n, err, tt.want)
			}
			checkResult(t, resp, 401, codeUnauthorized)
			wantBearer := `Bearer realm="signalbox"`
			if strings.HasPrefix(tt.r.Header.Get("Authorization"), "Bearer") {
				wantBearer += `, error="invalid_token"`
			}
			if diff := cmp.Diff([]string{`Basic realm="signalbox"`, wantBearer, "OAuth"}, resp.Header.Values("WWW-Authenticate")); diff != "" {
				t.Errorf("WWW-Authenticate: -want +got\n%s", diff)
			}
			for _, shown := range []string{err.Error(), log.String(), string(resp.Body)} {
				if strings.Contains(shown, "hunter2") || strings.Contains(shown, token) {
					t.Errorf("a secret shows in %s", shown)
				}
			}
		})
	}
}

func TestReceiveChallengesByWhatIsConfigured(t *testing.T) {
	for _, tt := range []struct {
		name string
		more obj
		want []string
	}{
		{"shared", nil, []string{"OAuth"}},
		{"basic", productBlocks(separate(testClient, basic(testUser, testPassword))), []string{`Basic realm="signalbox"`}},
		{"issued", productBlocks(separate(testClient, issued(testIssued, testIssuedSecret))), []string{`Bearer realm="signalbox"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := newSource(t, tt.more)
			_, resp, err := s.Receive(notification(), nil)
			if err == nil {
				t.Fatal("a request without credentials was taken")
			}
			if diff := cmp.Diff(tt.want, resp.Header.Values("WWW-Authenticate")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	s, _ := newSource(t, obj{"refuse_with": "result", "oauth1": nil, "oauth2": []obj{separate(testClient, basic(testUser, testPassword))}})
	_, resp, _ := s.Receive(notification(), nil)
	checkResult(t, resp, 200, codeUnauthorized)
	if resp.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("a result has a challenge: %v", resp.Header)
	}
}

// TestReceiveKeepsTheSecretFromOthers: a product with separate credentials
// would show its secret to the host that it fetches the event from.
func TestReceiveKeepsTheSecretFromOthers(t *testing.T) {
	s, _ := all(t)
	r := httptest.NewRequest("GET", "/appdirect/acme?url="+url.QueryEscape(dummyBase+"/api/events/dummyOrder"), nil)
	r.Header.Set("Authorization", basicHeader(testUser, testPassword))
	_, resp, err := s.Receive(r, nil)
	var refused *AddressError
	if !errors.As(err, &refused) {
		t.Fatalf("Receive: %v", err)
	}
	checkResult(t, resp, 200, codeUnknownError)
}

// TestSourceCantPrintItsSecrets: not even what is made of them.
func TestSourceCantPrintItsSecrets(t *testing.T) {
	s, _ := all(t)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		shown := fmt.Sprintf(format, *s.credentials)
		for _, a := range s.credentials.in {
			shown += fmt.Sprintf(format, a)
		}
		for _, a := range s.credentials.out {
			shown += fmt.Sprintf(format, a)
		}
		issued := s.credentials.endpoint.tokens
		key := issued.clients[testIssued].keys[0].Reveal()
		shown += fmt.Sprintf(format, *issued.clients[testIssued])
		for _, secret := range []string{"hunter2", testSecret, fmt.Sprintf(format, "hunter2"), fmt.Sprintf(format, key)} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s shows %q", format, secret)
			}
		}
	}
}
