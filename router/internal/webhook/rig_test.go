package webhook

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// The secrets of the tests' sources, none of which may be shown.
const (
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	oldSecret      = "whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQ="
	stripeSecret   = "whsec_stripe_6b1f9d0c"
	hmacSecret     = "github-secret-90a1"
	password       = "pass:word-77aa"
	token          = "token-5e30-bearer"
)

// now is the clock of the tests' sources, but for Stripe's library.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// names are expressions for requests that anybody may send.
func names() map[string]router.RequestText {
	return map[string]router.RequestText{attrID: inBody("id"), attrType: inBody("type")}
}

// open makes a source of its decoded block.
func open(t testing.TB, kind router.SourceKind, config string, expressions map[string]router.RequestText) *Source {
	t.Helper()
	s, err := kind.New("test.source", router.NewSecret([]byte(config)), deps(expressions))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Source)
}

func deps(expressions map[string]router.RequestText) router.SourceDeps {
	return router.SourceDeps{Path: "/hook", Now: func() time.Time { return now }, Expressions: expressions}
}

// post is a POST of JSON with these headers, name after value.
func post(body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// take has a source receive a request and fetch its event.
func take(t testing.TB, s *Source, r *http.Request, body string) router.Event {
	t.Helper()
	n, resp, err := s.Receive(r, []byte(body))
	if err != nil || resp != nil {
		t.Fatalf("refused: %v, %+v", err, resp)
	}
	e, err := s.Fetch(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// refused is the status and the words with which a request is refused, and the
// error for the log. None of it may hold a secret.
func refused(t testing.TB, s *Source, r *http.Request, body string) (status int, public, why string) {
	t.Helper()
	n, resp, err := s.Receive(r, []byte(body))
	if err == nil || resp == nil {
		t.Fatalf("not refused: %+v, %+v", n, resp)
	}
	assertNoSecret(t, string(resp.Body)+err.Error())
	var a answer
	if json.Unmarshal(resp.Body, &a) != nil || a.Status != "refused" {
		t.Errorf("the refusal is %s", resp.Body)
	}
	return resp.Status, a.Message, err.Error()
}

func assertNoSecret(t testing.TB, text string) {
	t.Helper()
	for _, secret := range []string{standardSecret, standardSecret[6:], oldSecret, oldSecret[6:], stripeSecret, hmacSecret, password, token} {
		if strings.Contains(text, secret) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
}
