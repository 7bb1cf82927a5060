package daemon_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

const eventsPath = "/api/integration/v1/events/"

// market is a marketplace that answers a fetch with whatever it is told to. It
// checks every signature.
type market struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	pages   map[string][]page // by token: the answers to come; the last one stays
	fetches int
	results map[string]chan string // by token: what was posted
}

// page is one answer to a fetch. A zero status is 200.
type page struct {
	status int
	header map[string]string
	body   string
	// gate, if not nil, holds the answer back until it is closed.
	gate chan struct{}
	// begun, if not nil, is told that the fetch has begun.
	begun chan struct{}
	// silent says nothing until the caller gives up; broken ends the connection
	// in the middle of the document.
	silent, broken bool
}

func newMarket(t *testing.T) *market {
	m := &market{t: t, pages: map[string][]page{}, results: map[string]chan string{}}
	m.Server = httptest.NewServer(http.HandlerFunc(m.serve))
	t.Cleanup(m.Close)
	return m
}

// has tells the market what to answer when the event is fetched.
func (m *market) has(token string, pages ...page) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pages[token] = pages
	// A result is told at least once; more than a few are none.
	m.results[token] = make(chan string, 8)
}

func (m *market) address(token string) string { return m.URL + eventsPath + token }

// fetched counts the fetches so far.
func (m *market) fetched() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fetches
}

// result waits for the result that is posted for an event.
func (m *market) result(t *testing.T, token string) string {
	t.Helper()
	m.mu.Lock()
	results := m.results[token]
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case body := <-results:
		return body
	case <-ctx.Done():
		t.Fatalf("no result is posted for %s", token)
		return ""
	}
}

// order is the document of an order, with members put in front of its others.
func (m *market) order(members string) string {
	return `{` + members + `"type":"SUBSCRIPTION_ORDER","marketplace":{"partner":"ACME","baseUrl":"` + m.URL + `"},` +
		`"creator":{"email":"ada@blue-heron.example"},` +
		`"payload":{"company":{"name":"Blue Heron"},"order":{"editionCode":"PRO"}}}`
}

// sized is an order of exactly so many bytes.
func (m *market) sized(bytes int) string {
	const frame = `"padding":"",`
	return m.order(`"padding":"` + strings.Repeat("x", bytes-len(m.order(frame))) + `",`)
}

func (m *market) serve(w http.ResponseWriter, r *http.Request) {
	if err := m.verify(r); err != nil {
		m.t.Errorf("the daemon signs wrongly: %v", err)
	}
	token, isResult := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, eventsPath), "/result")
	if isResult {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost {
			m.t.Errorf("a result came as %s: %v", r.Method, err)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.results[token] <- string(body)
		return
	}
	m.turn(token).write(w, r)
}

// turn is the answer whose turn it is.
func (m *market) turn(token string) page {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fetches++
	pages := m.pages[token]
	if len(pages) == 0 {
		return page{status: http.StatusNotFound}
	}
	if len(pages) > 1 {
		m.pages[token] = pages[1:]
	}
	return pages[0]
}

func (m *market) verify(r *http.Request) error {
	address, err := url.Parse(m.URL + r.URL.RequestURI())
	if err != nil {
		return err
	}
	verifier := oauth.Verifier{
		Secrets: func(string) []router.Secret { return []router.Secret{router.NewSecret([]byte(consumerSecret))} },
		Window:  time.Minute, Now: time.Now,
	}
	_, err = verifier.Verify(r.Method, address, r.Header.Values("Authorization"))
	return err
}

func (p page) write(w http.ResponseWriter, r *http.Request) {
	if p.begun != nil {
		close(p.begun)
	}
	if p.gate != nil {
		select {
		case <-p.gate:
		case <-r.Context().Done():
		}
	}
	if p.silent {
		<-r.Context().Done()
	}
	if p.broken {
		_, _ = io.WriteString(w, `{"type":`)
		_ = http.NewResponseController(w).Flush()
	}
	if p.silent || p.broken {
		panic(http.ErrAbortHandler)
	}
	for name, value := range p.header {
		w.Header().Set(name, value)
	}
	if p.status != 0 {
		w.WriteHeader(p.status)
	}
	_, _ = io.WriteString(w, p.body) // a daemon that has read enough hangs up
}

// receiver is where the webhook plugin posts to: what it saw is what was run.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string // ids of deliveries
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var post struct {
			Delivery string `json:"delivery"`
		}
		if err := json.NewDecoder(req.Body).Decode(&post); err != nil {
			t.Errorf("reading a webhook's post: %v", err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, post.Delivery)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.calls)
}
