package daemon_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// bazaar is a marketplace of crowds: it makes up the event of any token that is
// asked for. It checks no signature: its time is not
// the daemon's.
type bazaar struct {
	*httptest.Server
	// silence, if not nil, is closed when the bazaar speaks again: until then it
	// takes connections, and says nothing on them.
	silence atomic.Pointer[chan struct{}]
	// shows, if not nil, says which fetches are answered, and hears, which
	// results are taken: of this event, the nth that comes.
	shows, hears atomic.Pointer[func(name string, nth int) bool]

	mu      sync.Mutex
	results map[string]string // by token: the first that was taken
	asked   map[string]int    // by token: how often it was fetched
	told    map[string]int    // by token: how often a result came
}

func newBazaar(t testing.TB) *bazaar {
	b := &bazaar{results: map[string]string{}, asked: map[string]int{}, told: map[string]int{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(func() {
		b.CloseClientConnections() // silent ones too
		b.Close()
	})
	return b
}

func (b *bazaar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, isResult := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, eventsPath), "/result")
	if silence := b.silence.Load(); silence != nil {
		select {
		case <-*silence:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
	k, err := readTicket(name)
	switch {
	case err != nil:
		http.NotFound(w, r)
	case isResult:
		body, err := io.ReadAll(r.Body)
		if err != nil || !b.take(name, string(body)) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	case !b.show(name):
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		fmt.Fprintf(w, `{"type":%q,"marketplace":{"partner":"ACME","baseUrl":%q},"creator":{"email":%q},"payload":{`+
			`"account":{"accountIdentifier":%q,"status":"ACTIVE"},"company":{"uuid":%q,"name":"Blue Heron"},"order":{"editionCode":"PRO"},"notice":{"type":"DEACTIVATED"}}}`,
			kinds[k.kind], b.URL, name, k.account, name)
	}
}

// showing has only those fetches answered for which shows is true, and hearing
// only those results taken for which hears is; nil is all.
func (b *bazaar) showing(shows func(name string, nth int) bool) { b.shows.Store(&shows) }
func (b *bazaar) hearing(hears func(name string, nth int) bool) { b.hears.Store(&hears) }

// fallSilent has it answer nothing until speak is called.
func (b *bazaar) fallSilent() (speak func()) {
	silence := make(chan struct{})
	b.silence.Store(&silence)
	return func() {
		b.silence.Store(nil)
		close(silence)
	}
}

// show reports whether a fetch is to be answered.
func (b *bazaar) show(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked[name]++
	shows := b.shows.Load()
	return shows == nil || *shows == nil || (*shows)(name, b.asked[name])
}

// take takes a result, or does not hear it.
func (b *bazaar) take(name, result string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told[name]++
	if hears := b.hears.Load(); hears != nil && *hears != nil && !(*hears)(name, b.told[name]) {
		return false
	}
	if b.results[name] == "" {
		b.results[name] = result
	}
	return true
}

func (b *bazaar) result(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.results[name]
}
