package subscriptionbridge_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox/signalbox/plugins/subscriptionbridge"
	"github.com/signalbox/signalbox/sdk/sdktest"
)

func TestMain(m *testing.M) { sdktest.Main(m, subscriptionbridge.New()) }

const (
	username = "tulip & bulb"
	password = "tulip-bulb-44"
	apiKey   = "4F1D8E0B7A6C42D39E51F7086A2BC9D4"
	prolog   = `<?xml version="1.0" encoding="utf-8"?>`
	success  = `<EventResponse><Status>Success</Status><Timestamp>2026-03-01T09:00:07</Timestamp></EventResponse>`
)

// request is a post as the other side got it.
type request struct{ path, contentType, body string }

type answer struct {
	status int
	header http.Header
	body   string
	lost   bool
}

// counterpart answers all posts alike, but those for the time, and hands all
// over. Its clock is fast by this much.
func counterpart(t *testing.T, a answer, fast time.Duration) (*httptest.Server, <-chan request) {
	got := make(chan request, 64)
	return counterpartThat(t, func() answer { return a }, got, fast), got
}

// moody is a counterpart that answers as it is told to at the moment.
func moody(t *testing.T) (s *httptest.Server, answers *atomic.Pointer[answer]) {
	answers = new(atomic.Pointer[answer])
	return counterpartThat(t, func() answer { return *answers.Load() }, nil, 0), answers
}

// counterpartThat hands over what it gets unless nobody takes it.
func counterpartThat(t *testing.T, answers func() answer, got chan<- request, fast time.Duration) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := answers()
		body, _ := io.ReadAll(r.Body)
		select {
		case got <- request{r.URL.Path, r.Header.Get("Content-Type"), string(body)}:
		default:
		}
		if r.URL.Path == "/sb/GetTimeRequest" && a.status != http.StatusTeapot {
			fmt.Fprintf(w, "%s<GetTimeResponse><CurrentTime>%s</CurrentTime></GetTimeResponse>", prolog, minute(fast))
			return
		}
		if a.lost {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), a.header)
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func minute(fast time.Duration) string {
	return time.Now().Add(fast).UTC().Format("2006-01-02T15:04:00")
}

// tokenElement holds a call's token.
var tokenElement = regexp.MustCompile(`<Token>([0-9a-f]{40})</Token>`)

// tokenIsOf fails the test unless a call's token is of one of these minutes.
func tokenIsOf(t *testing.T, call string, minutes ...string) {
	t.Helper()
	found := tokenElement.FindStringSubmatch(call)
	if found == nil {
		t.Fatalf("there is no token in %s", call)
	}
	for _, m := range minutes {
		mac := hmac.New(sha1.New, []byte(apiKey))
		mac.Write([]byte(password + "|" + m))
		if found[1] == hex.EncodeToString(mac.Sum(nil)) {
			return
		}
	}
	t.Errorf("the token is of none of %v", minutes)
}

func start(t *testing.T, url string, more map[string]any) *sdktest.Client {
	config := map[string]any{"callback_url": url + "/callback", "server": map[string]any{
		"url": url + "/sb", "username": username, "password": password, "api_key": apiKey,
	}}
	maps.Copy(config, more)
	return sdktest.Start(t, subscriptionbridge.New(), config)
}
