package simulate

import (
	"cmp"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
)

// eventsPath is where events live under a marketplace's base address.
const eventsPath = "/api/integration/v1/events/"

// Forms of a document.
const (
	FormJSON = "json"
	FormXML  = "xml"
)

func (m *Marketplace) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+eventsPath+"{token}", m.signed(m.serveEvent))
	mux.HandleFunc("POST "+eventsPath+"{token}/result", m.signed(m.takeResult))
	if s, ok := m.credentials.(*separate); ok {
		mux.HandleFunc("POST "+tokenPath, s.serveToken)
	}
	return mux
}

// signed lets only the vendor through, and only to events that wait for it.
func (m *Marketplace) signed(next func(http.ResponseWriter, *http.Request, *listing)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := m.verify(r); err != nil {
			m.options.Log.Debug().Err(err).Str("path", r.URL.Path).Msg("a request's credentials were refused")
			m.count(&m.refused)
			refuse(w, http.StatusUnauthorized, "Unauthorized", "The request does not have the product's credentials.")
			return
		}
		token := r.PathValue("token")
		l, consumed := m.find(token)
		switch {
		case l == nil:
			refuse(w, http.StatusNotFound, "NotFound", fmt.Sprintf("Event with token %s was not found.", token))
		case consumed:
			refuse(w, http.StatusGone, "Gone", fmt.Sprintf("Event with token %s has already been consumed.", token))
		default:
			next(w, r, l)
		}
	}
}

func (m *Marketplace) verify(r *http.Request) error {
	address, err := url.Parse(m.URL() + r.URL.RequestURI())
	if err != nil {
		return fmt.Errorf("reading the address called: %w", err)
	}
	return m.credentials.verify(r, address)
}

// find returns the event of that token, or nil, and whether it was resolved.
// What is STATELESS is never used up.
func (m *Marketplace) find(token string) (l *listing, consumed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l = m.listed[token]
	if l == nil {
		return nil, false
	}
	return l, l.event.Faults.Gone || l.result != nil && l.event.Flag != router.FlagStateless
}

func (m *Marketplace) count(n *int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*n++
}

// serveEvent answers the vendor's fetch, with the faults asked for.
func (m *Marketplace) serveEvent(w http.ResponseWriter, r *http.Request, l *listing) {
	m.count(&m.fetched)
	m.count(&l.fetches)
	faults := l.event.Faults
	if !linger(r, faults.Delay) {
		return
	}
	if m.fetches(l) <= faults.Fail {
		status := cmp.Or(faults.Status, http.StatusServiceUnavailable)
		refuse(w, status, http.StatusText(status), "The marketplace was told to fail this fetch.")
		return
	}
	form := l.event.Form
	if form == "" {
		form = formFor(r.Header.Values("Accept"))
	}
	body := l.json
	if form == FormXML {
		body = l.xml
	}
	w.Header().Set("Content-Type", "application/"+form+";charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // a vendor who has gone away fetches again
}

func (m *Marketplace) posts(l *listing) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return l.posts
}

// linger waits, and reports whether the caller is still there.
func linger(r *http.Request, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// takeResult takes the posted result of an event that was answered with 202.
func (m *Marketplace) takeResult(w http.ResponseWriter, r *http.Request, l *listing) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "TooLarge", "The result could not be read.")
		return
	}
	m.count(&l.posts)
	if faults := l.event.Faults; m.posts(l) <= faults.CallbackFail {
		status := cmp.Or(faults.CallbackStatus, http.StatusServiceUnavailable)
		refuse(w, status, http.StatusText(status), "The marketplace was told to refuse this result.")
		return
	}
	result, err := decodeResult(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidResponse", err.Error())
		return
	}
	if !m.settle(l, result, true) {
		refuse(w, http.StatusGone, "Gone", fmt.Sprintf("Event with token %s has already been consumed.", l.event.Token))
		return
	}
	w.WriteHeader(http.StatusOK)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	jsonAnswer(status, object{"code": code, "message": message}).write(w)
}

// formFor chooses by the Accept headers; without a word for JSON it is XML.
// (AppDirect documentation, 'Notification URLs'.)
func formFor(accept []string) string {
	quality := map[string]float64{}
	for _, field := range strings.Split(strings.Join(accept, ","), ",") {
		kind, params, err := mime.ParseMediaType(field)
		if err != nil {
			continue
		}
		q := 1.0
		if v, err := strconv.ParseFloat(params["q"], 64); err == nil {
			q = v
		}
		quality[kind] = max(quality[kind], q)
	}
	if q := quality["application/json"]; q > 0 && q >= quality["application/xml"] {
		return FormJSON
	}
	return FormXML
}
