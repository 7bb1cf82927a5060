package simulate

import (
	"crypto/rand"
	"crypto/subtle"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// tokenPath is where a vendor gets its tokens, under the marketplace's base.
const tokenPath = "/oauth2/token"

// tokens are the bearer tokens that were given out.
type tokens struct {
	mu     sync.Mutex
	expiry map[string]time.Time
}

// issue makes a token that is good until then.
func (t *tokens) issue(now, until time.Time) (token string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.expiry, func(_ string, end time.Time) bool { return !later(end, now, 0) })
	if len(t.expiry) >= maxKept {
		return "", false
	}
	if t.expiry == nil {
		t.expiry = map[string]time.Time{}
	}
	token = rand.Text()
	t.expiry[token] = until
	return token, true
}

func (t *tokens) good(token string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return later(t.expiry[token], now, 0)
}

func (t *tokens) revoke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.expiry)
}

// RevokeTokens ends all tokens that vendors have got, before their time.
func (m *Marketplace) RevokeTokens() {
	if s, ok := m.credentials.(*separate); ok {
		s.issued.revoke()
	}
}

// serveToken answers a vendor who asks for a token. (AppDirect documentation,
// 'Authorize inbound API'; RFC 6749 §4.4 and §5.)
func (s *separate) serveToken(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code string) {
		s.m.count(&s.m.refused)
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="oauth2"`)
		}
		jsonAnswer(status, object{"error": code}).write(w)
	}
	w.Header().Set("Cache-Control", "no-store")
	if err := r.ParseForm(); err != nil {
		refuse(http.StatusBadRequest, "invalid_request")
		return
	}
	if !s.isClient(r) {
		refuse(http.StatusUnauthorized, "invalid_client")
		return
	}
	switch grant, scope := r.PostForm["grant_type"], r.PostForm["scope"]; {
	case len(grant) != 1 || len(scope) > 1:
		refuse(http.StatusBadRequest, "invalid_request")
		return
	case grant[0] != clientGrant:
		refuse(http.StatusBadRequest, "unsupported_grant_type")
		return
	case len(scope) == 1 && scope[0] != vendorScope:
		refuse(http.StatusBadRequest, "invalid_scope")
		return
	}
	now := s.m.options.Now()
	token, ok := s.issued.issue(now, now.Add(vendorTokenLives))
	if !ok {
		refuse(http.StatusServiceUnavailable, "temporarily_unavailable")
		return
	}
	jsonAnswer(http.StatusOK, object{
		"access_token": token, "token_type": "bearer", "expires_in": int(vendorTokenLives.Seconds()), "scope": vendorScope,
	}).write(w)
}

// isClient checks the client's Basic authentication, whose parts should be
// encoded as in a form (RFC 6749 §2.3.1), and often are not.
func (s *separate) isClient(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	if !ok {
		return false
	}
	return isText(id, []byte(s.ClientID)) && isText(secret, s.ClientSecret.Reveal())
}

// isText compares what came with what is right.
func isText(got string, want []byte) bool {
	decoded, err := url.QueryUnescape(got)
	return subtle.ConstantTimeCompare([]byte(got), want) == 1 || err == nil && subtle.ConstantTimeCompare([]byte(decoded), want) == 1
}
