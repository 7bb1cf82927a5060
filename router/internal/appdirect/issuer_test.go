package appdirect

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/signalbox/signalbox/router"
)

func TestIssuerTokens(t *testing.T) {
	l := newLogin(t)
	s, log := loginSource(t, l, &clock{testNow})
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	publicDER := x509.MarshalPKCS1PublicKey(&l.rsa.PublicKey)
	right := sign(t, jose.RS256, l.rsa, "rsa", claims(nil))
	parts := strings.Split(right, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(body), testParty, "gadget-party", 1)))
	by := func(change obj) string { return sign(t, jose.ES256, l.ec, "ec", claims(change)) }
	for _, tt := range []struct{ name, token, want string }{
		{"RS256", right, testClient},
		{"ES256", by(nil), testClient},
		{"the other product", by(obj{"client_id": "gadget-party", "aud": []string{"x", "gadget"}}), "gadget-1"},
		{"the client in azp", by(obj{"client_id": nil, "azp": testParty}), testClient},
		{"the client in sub", by(obj{"client_id": nil, "sub": testParty}), testClient},
		{"ended a moment ago", by(obj{"exp": testNow.Add(-issuerLeeway).Unix()}), testClient},
		{"without nbf", by(obj{"nbf": nil, "iat": nil}), testClient},
		{"one issued here", tokenOf(t, s, testIssued), "gizmo-3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, resp, err := s.Receive(authorized("Bearer "+tt.token), nil)
			if err != nil || resp != nil || n.Credential != tt.want {
				t.Errorf("Receive = %+v, %v; want %s", n, err, tt.want)
			}
		})
	}
	for _, tt := range []struct{ name, token, want string }{
		{"alg none", unsigned, "not signed with a public key"},
		{"HS256 with the public key as the secret", sign(t, jose.HS256, publicDER, "rsa", claims(nil)), "not signed with a public key"},
		{"another's key", sign(t, jose.RS256, stranger, "rsa", claims(nil)), "does not fit"},
		{"another algorithm than the key's", sign(t, jose.RS512, l.rsa, "rsa", claims(nil)), "not one for RS512"},
		{"the key of the other kind", sign(t, jose.RS256, l.rsa, "ec", claims(nil)), "does not fit"},
		{"a key for sealing", sign(t, jose.RS256, l.rsa, "sealing", claims(nil)), `no key "sealing"`},
		{"an unknown key", sign(t, jose.RS256, stranger, "new", claims(nil)), `no key "new"`},
		{"no key id", sign(t, jose.RS256, l.rsa, "", claims(nil)), `no key ""`},
		{"other claims than were signed", parts[0] + "." + forged + "." + parts[2], "does not fit"},
		{"no signature", parts[0] + "." + parts[1] + ".", "does not fit"},
		{"not even base64", "!.!.!", "can't be read"},
		{"claims that are no object", sign(t, jose.ES256, l.ec, "ec", nil), "is not configured"},
		{"another issuer", by(obj{"iss": "https://evil.example"}), `the issuer "https://evil.example" of`},
		{"another audience", by(obj{"aud": "gadget"}), "not for the audience"},
		{"no audience", by(obj{"aud": nil}), "not for the audience"},
		{"another client", by(obj{"client_id": "stranger"}), `given to "stranger"`},
		{"another client, the product's in azp", by(obj{"client_id": "stranger", "azp": testParty}), `given to "stranger"`},
		{"the other product's client", by(obj{"client_id": "gadget-party"}), "not for the audience"},
		{"no client", by(obj{"client_id": nil, "sub": nil}), `given to ""`},
		{"ended", by(obj{"exp": testNow.Add(-issuerLeeway - time.Second).Unix()}), "ended at"},
		{"without an end", by(obj{"exp": nil}), "does not say when it ends"},
		{"not yet", by(obj{"nbf": testNow.Add(issuerLeeway + time.Second).Unix()}), "not valid before"},
		{"issued in the future", by(obj{"iat": testNow.Add(time.Hour).Unix()}), "issued in the future"},
		{"an end that is no number", by(obj{"exp": "soon"}), "claims of the JSON Web Token can't be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, resp, err := s.Receive(authorized("Bearer "+tt.token), nil)
			var refused *CredentialError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Receive: %v; want %q", err, tt.want)
			}
			checkResult(t, resp, 401, codeUnauthorized)
			if shown := err.Error() + log(); strings.Contains(shown, tt.token) {
				t.Errorf("the token shows in %s", shown)
			}
		})
	}
	if n := l.fetched.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

func TestIssuerKeysAreRenewed(t *testing.T) {
	l := newLogin(t)
	now := &clock{testNow}
	s, _ := loginSource(t, l, now)
	next, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	with := func(key *rsa.PrivateKey, kid string) error {
		c := claims(obj{"iat": now.at.Unix(), "nbf": now.at.Unix(), "exp": now.at.Add(time.Hour).Unix()})
		_, _, err := s.Receive(authorized("Bearer "+sign(t, jose.RS256, key, kid, c)), nil)
		return err
	}
	step := func(name string, after time.Duration, key *rsa.PrivateKey, kid, want string, fetched int32) {
		t.Helper()
		now.at = now.at.Add(after)
		err := with(key, kid)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
		if n := l.fetched.Load(); n != fetched {
			t.Errorf("%s: the keys were fetched %d times, want %d", name, n, fetched)
		}
	}
	step("first", 0, l.rsa, "rsa", "", 1)
	step("kept", time.Minute, l.rsa, "rsa", "", 1)
	step("unknown", 0, next, "next", "no key", 2)
	l.publish(jose.JSONWebKey{Key: l.rsa.Public(), KeyID: "rsa"}, jose.JSONWebKey{Key: next.Public(), KeyID: "next"})
	step("too soon", keysPause-time.Second, next, "next", "no key", 2)
	step("meanwhile", 0, l.rsa, "rsa", "", 2)
	step("new", 2*time.Second, next, "next", "", 3)
	l.publish(jose.JSONWebKey{Key: next.Public(), KeyID: "next"})
	step("withdrawn, not known yet", keysRenew-time.Second, l.rsa, "rsa", "", 3)
	step("withdrawn", 2*time.Second, l.rsa, "rsa", "no key", 4)
	step("the only one needs no name", 0, next, "", "", 4)
	l.fail(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	step("old keys, while new ones can't be had", keysRenew+time.Second, next, "next", "", 5)
	step("not each time", time.Second, next, "next", "", 5)
	step("now and then", keysRetryOld, next, "next", "", 6)
	step("an unknown one can't be told from a new one", keysRetryOld, l.rsa, "other", "can't be authenticated now", 7)
	step("for a day", keysKeep-keysRenew-3*keysRetryOld, next, "next", "", 8)
	step("not longer", time.Hour, next, "next", "can't be authenticated now", 9)
	step("not each time either", 0, next, "next", "can't be authenticated now", 9)
	l.fail(nil)
	step("until they can be had", keysRetryOld, next, "next", "", 10)
}

func TestIssuerOutOfReach(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "503 Service Unavailable"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example", http.StatusFound)
		}, "302 Found"},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, "can't be read"},
		{"no keys", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":[]}`) }, "no public key among its 0"},
		{"a shared key", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":[{"kty":"oct","k":"AAAA"}]}`) }, "no public key among its 1"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(" ", maxKeys+1)) }, "larger than"},
		{"no connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLogin(t)
			now := &clock{testNow}
			s, _ := loginSource(t, l, now)
			l.fail(tt.answer)
			token := sign(t, jose.ES256, l.ec, "ec", claims(nil))
			for range 2 { // the second is not fetched for
				_, resp, err := s.Receive(authorized("Bearer "+token), nil)
				if !errors.Is(err, errNotNow) || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("Receive: %v; want %q", err, tt.want)
				}
				// What the router says too when it has no room.
				checkResult(t, resp, 200, codeUnknownError)
				if notNow := s.Reply(&router.Event{}, router.Verdict{Kind: router.NotNow}); string(notNow.Body) != string(resp.Body) {
					t.Errorf("%s is not %s", resp.Body, notNow.Body)
				}
			}
			if n := l.fetched.Load(); n != 1 {
				t.Errorf("the keys were fetched %d times", n)
			}
			l.fail(nil)
			now.at = now.at.Add(keysRetry)
			if _, _, err := s.Receive(authorized("Bearer "+token), nil); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// hang is a server that never answers.
type hang struct{}

func (hang) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestIssuerThatDoesNotAnswer: a fetch ends by itself, though its caller is
// gone, and meanwhile who needs no new key is not kept waiting.
func TestIssuerThatDoesNotAnswer(t *testing.T) {
	l := newLogin(t)
	now := &clock{testNow}
	s, _ := loginSource(t, l, now)
	keys := s.credentials.in[schemeBearer].(bearerTokens).issuers.byName[testIssuer].keys
	if _, err := keys.find(t.Context(), "ec"); err != nil {
		t.Fatal(err)
	}
	now.at = now.at.Add(2 * keysRenew)
	keys.client.Transport = hang{}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	synctest.Test(t, func(t *testing.T) {
		first := make(chan time.Duration, 1)
		began := time.Now()
		go func() {
			_, err := keys.find(gone, "ec")
			if err != nil {
				t.Errorf("the first: %v", err)
			}
			first <- time.Since(began)
		}()
		synctest.Wait()
		if _, err := keys.find(t.Context(), "ec"); err != nil || time.Since(began) != 0 {
			t.Errorf("while another fetches: %v, after %s", err, time.Since(began))
		}
		if waited := <-first; waited != keysLimit {
			t.Errorf("the first waited for %s", waited)
		}
	})
}
