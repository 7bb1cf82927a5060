package appdirect

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	testIssuer   = "https://login.example/acme"
	testAudience = "https://events.example.com"
	testParty    = "acme-marketplace"
)

// login is an issuer: its keys, and where they are.
type login struct {
	*httptest.Server
	rsa     *rsa.PrivateKey
	ec      *ecdsa.PrivateKey
	fetched atomic.Int32
	answer  atomic.Pointer[http.HandlerFunc] // nil serves the keys
	keys    atomic.Pointer[jose.JSONWebKeySet]
}

func newLogin(t testing.TB) *login {
	t.Helper()
	l := &login{}
	var err error
	if l.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if l.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	l.publish(
		jose.JSONWebKey{Key: l.rsa.Public(), KeyID: "rsa", Algorithm: "RS256", Use: "sig"},
		jose.JSONWebKey{Key: l.ec.Public(), KeyID: "ec"},
		jose.JSONWebKey{Key: l.rsa.Public(), KeyID: "sealing", Use: "enc"},
	)
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	return l
}

func (l *login) publish(keys ...jose.JSONWebKey) { l.keys.Store(&jose.JSONWebKeySet{Keys: keys}) }

// fail answers with this from now on; nil is the keys again.
func (l *login) fail(answer http.HandlerFunc) {
	if answer == nil {
		l.answer.Store(nil)
		return
	}
	l.answer.Store(&answer)
}

func (l *login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.fetched.Add(1)
	if answer := l.answer.Load(); answer != nil {
		(*answer)(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(l.keys.Load())
}

func claims(change obj) obj {
	c := obj{
		"iss": testIssuer, "aud": testAudience, "client_id": testParty, "sub": "someone",
		"iat": testNow.Unix(), "nbf": testNow.Unix(), "exp": testNow.Add(time.Hour).Unix(),
	}
	for name, v := range change {
		c[name] = v
		if v == nil {
			delete(c, name)
		}
	}
	return c
}

// sign makes a token with a key, under that key id.
func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, kid string, c obj) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("at+jwt")
	if kid != "" {
		options = options.WithHeader("kid", kid)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(s).Claims(c).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// loginSource is a source with two products of the issuer.
func loginSource(t testing.TB, l *login, c *clock) (*Source, func() string) {
	t.Helper()
	by := func(client, audience string) obj {
		return obj{"issuer": obj{"issuer": testIssuer, "jwks_url": l.URL, "audience": audience, "client": client}}
	}
	s, log := sourceAt(t, "appdirect.acme", c, productBlocks(
		separate(testClient, by(testParty, testAudience)), separate("gadget-1", by("gadget-party", "gadget")),
		separate("gizmo-3", issued(testIssued, testIssuedSecret)),
	))
	return s, log.String
}
