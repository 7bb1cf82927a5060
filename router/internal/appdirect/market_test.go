package appdirect

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// market is a marketplace that gives out tokens, and events and answers to who
// brings one.
type market struct {
	*httptest.Server
	t testing.TB

	mu      sync.Mutex
	secret  string
	tokens  map[string]bool // those that are good
	asked   int             // how many tokens were given out
	refused int             // how many requests brought a token that is not good
	// answer, if not nil, answers requests for tokens.
	answer http.HandlerFunc
	// denied is what a request with a token that is not good is answered.
	denied int
}

func newMarket(t testing.TB) *market {
	m := &market{t: t, secret: testClientSecret, tokens: map[string]bool{}, denied: http.StatusUnauthorized}
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

func (m *market) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.URL.Path == "/oauth2/token" {
		m.giveToken(w, r)
		return
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !m.tokens[token] {
		m.refused++
		w.WriteHeader(m.denied)
		return
	}
	if r.Method == "POST" {
		return
	}
	io.WriteString(w, eventOf(m.URL, `{"accountIdentifier":"a"}`))
}

func (m *market) giveToken(w http.ResponseWriter, r *http.Request) {
	m.asked++
	if err := r.ParseForm(); err != nil { // whole, so that the caller's end is seen
		m.t.Error(err)
	}
	if m.answer != nil {
		m.answer(w, r)
		return
	}
	id, secret, ok := r.BasicAuth()
	if r.Method != "POST" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "ROLE_APPLICATION" ||
		r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		m.t.Errorf("asked for a token: %s %v %v", r.Method, r.Form, r.Header)
	}
	if !ok || id != testClient || secret != m.secret {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error":"invalid_client","error_description":"Bad client credentials"}`)
		return
	}
	token := fmt.Sprintf("token-%d-of-%s", m.asked, m.URL)
	m.tokens[token] = true
	w.Header().Set("Content-Type", "text/plain;charset=UTF-8") // as events were recorded
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":43199}`, token)
}

// forget ends all tokens, as a marketplace may.
func (m *market) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.tokens)
}

func (m *market) set(change func(*market)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

func (m *market) want(t *testing.T, asked, refused int) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asked != asked || m.refused != refused {
		t.Errorf("tokens were asked for %d times and refused %d times, want %d and %d", m.asked, m.refused, asked, refused)
	}
}

// sourceFor is a source with separate credentials for those marketplaces.
func sourceFor(t testing.TB, c *clock, more obj, markets ...*market) *Source {
	var bases []string
	for _, m := range markets {
		bases = append(bases, m.URL)
	}
	block := basic(testUser, testPassword)
	for name, v := range more {
		block[name] = v
	}
	all := productBlocks(separate(testClient, block))
	all["marketplaces"] = bases
	s, _ := sourceAt(t, "appdirect.acme", c, all)
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

func noticeOf(m *market) router.Notice {
	return router.Notice{
		Source: "appdirect.acme", Key: m.URL + "|" + testToken, Address: m.URL + "/api/integration/v1/events/" + testToken,
		Base: m.URL, Token: testToken, Credential: testClient, Format: "json", Received: testNow,
	}
}

func mustFetch(t *testing.T, s *Source, m *market) {
	t.Helper()
	if _, err := s.Fetch(t.Context(), noticeOf(m)); err != nil {
		t.Fatal(err)
	}
}
