package appdirect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// marketplace is a marketplace that checks signatures and answers as told.
func marketplace(t testing.TB, secret string, answer http.HandlerFunc) (base string) {
	t.Helper()
	var server *httptest.Server
	verifier := oauth.Verifier{
		Secrets: func(key string) []router.Secret {
			if key != testKey {
				return nil
			}
			return []router.Secret{router.NewSecret([]byte(secret))}
		},
		Window: time.Minute, Now: func() time.Time { return testNow },
	}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := verifier.Verify(r.Method, parseURL(t, server.URL+r.URL.RequestURI()), r.Header["Authorization"]); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// at is a source for that marketplace, and a notice of an event there.
func at(t testing.TB, base string, more map[string]any) (*Source, router.Notice) {
	t.Helper()
	block := map[string]any{"marketplaces": []string{base}}
	for name, v := range more {
		block[name] = v
	}
	s, _ := newSource(t, block)
	t.Cleanup(s.client.CloseIdleConnections)
	return s, router.Notice{
		Source: "appdirect.acme", Key: base + "|" + testToken, Address: base + "/api/integration/v1/events/" + testToken,
		Base: base, Token: testToken, Credential: testKey, Format: "json", Received: testNow,
	}
}

func serve(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func eventOf(base, account string) string {
	return fmt.Sprintf(`{"type":"SUBSCRIPTION_CHANGE","flag":null,"marketplace":{"partner":"ACME","baseUrl":"%s/"},"payload":{"account":%s}}`, base, account)
}

func TestFetch(t *testing.T) {
	var body, contentType string
	base := marketplace(t, testSecret, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); got != "application/json, application/xml;q=0.9" || r.Method != "GET" {
			t.Errorf("%s, Accept: %s", r.Method, got)
		}
		serve(200, contentType, body)(w, r)
	})
	s, n := at(t, base, nil)
	lane := "appdirect.acme|" + base + "|"
	for _, tt := range []struct{ name, contentType, body, lane string }{
		{"JSON as text", "text/plain;charset=UTF-8", eventOf(base, `{"accountIdentifier":"a"}`), lane + "a"},
		{"JSON that says it is XML", "application/xml", eventOf(base, `{"accountIdentifier":"a","parentAccountIdentifier":"p"}`), lane + "a"},
		{"XML that says it is JSON", "application/json", `<event><type>SUBSCRIPTION_CHANGE</type><marketplace><baseurl>` + base + `</baseurl></marketplace><payload><account><accountidentifier>a</accountidentifier></account></payload></event>`, lane + "a"},
		{"add-on product", "application/json", eventOf(base, `{"accountIdentifier":null,"parentAccountIdentifier":"p"}`), lane + "p"},
		{"no account", "application/json", eventOf(base, `null`), ""},
		{"account of another form", "application/json", eventOf(base, `"a"`), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body, contentType = tt.body, tt.contentType
			e, err := s.Fetch(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if e.Type != "SUBSCRIPTION_CHANGE" || e.Lane != tt.lane || string(e.Raw) != tt.body || e.Source != n.Source || !e.Received.Equal(testNow) {
				t.Errorf("event = %+v", e)
			}
			if diff := cmp.Diff(n, e.Notice); diff != "" {
				t.Errorf("notice: -want +got\n%s", diff)
			}
			if !json.Valid(e.Payload) || !json.Valid(e.Attributes) {
				t.Errorf("payload %s, attributes %s", e.Payload, e.Attributes)
			}
		})
	}
}

func TestFetchFails(t *testing.T) {
	type want struct {
		kind          router.FetchKind
		needsOperator bool
		code          string
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   want
	}{
		{"401", serve(401, "text/plain", "no"), want{router.FetchPassing, true, ""}},
		{"403", serve(403, "text/plain", "no"), want{router.FetchPassing, true, ""}},
		{"404", serve(404, "application/json", `{"code":"NotFound"}`), want{router.FetchRefused, false, codeNotFound}},
		{"410", serve(410, "application/json", `{"code":"Gone"}`), want{router.FetchGone, false, ""}},
		{"400", serve(400, "text/plain", "no"), want{router.FetchRefused, false, codeUnknownError}},
		{"408", serve(408, "text/plain", ""), want{router.FetchPassing, false, ""}},
		{"425", serve(425, "text/plain", ""), want{router.FetchPassing, false, ""}},
		{"429", serve(429, "text/plain", ""), want{router.FetchPassing, false, ""}},
		{"500", serve(500, "text/plain", ""), want{router.FetchPassing, false, ""}},
		{"503", serve(503, "text/plain", ""), want{router.FetchPassing, false, ""}},
		{"connection lost", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, want{router.FetchPassing, false, ""}},
		{"body cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"type":`)
		}, want{router.FetchPassing, false, ""}},
		{"empty", serve(204, "", ""), want{router.FetchRefused, false, codeInvalidResponse}},
		{"a web page", serve(200, "text/html", "<html/>"), want{router.FetchRefused, false, codeInvalidResponse}},
		{"unreadable JSON", serve(200, "application/json", `{"type":`), want{router.FetchRefused, false, codeInvalidResponse}},
		{"unreadable XML", serve(200, "application/xml", `<event><type>`), want{router.FetchRefused, false, codeInvalidResponse}},
		{"XML bomb", serve(200, "application/xml", `<!DOCTYPE e [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><event><type>&b;</type></event>`), want{router.FetchRefused, false, codeInvalidResponse}},
		{"one byte too large", serve(200, "application/json", `{"type":"A","x":"`+strings.Repeat("a", 1<<20-18)+`"}`), want{router.FetchRefused, false, codeInvalidResponse}},
		{"other marketplace", serve(200, "application/json", eventOf("https://evil.example", "null")), want{router.FetchRefused, false, codeUnknownError}},
		{"no marketplace", serve(200, "application/json", `{"type":"A"}`), want{router.FetchRefused, false, codeUnknownError}},
		{"marketplace that is no address", serve(200, "application/json", eventOf("https://[", "null")), want{router.FetchRefused, false, codeUnknownError}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, n := at(t, marketplace(t, testSecret, tt.answer), nil)
			e, err := s.Fetch(t.Context(), n)
			checkFetchError(t, e, err, tt.want.kind, tt.want.needsOperator, tt.want.code)
		})
	}
}

func checkFetchError(t testing.TB, e router.Event, err error, kind router.FetchKind, needsOperator bool, code string) {
	t.Helper()
	var fe *router.FetchError
	if !errors.As(err, &fe) {
		t.Fatalf("Fetch = %+v, %v; want a *FetchError", e, err)
	}
	if fe.Kind != kind || fe.NeedsOperator != needsOperator || fe.Code != code {
		t.Errorf("kind %d, needs operator %t, code %q; want %d, %t, %q (%v)", fe.Kind, fe.NeedsOperator, fe.Code, kind, needsOperator, code, err)
	}
	if (fe.Message != "") != (kind == router.FetchRefused) {
		t.Errorf("message = %q", fe.Message)
	}
	if strings.Contains(err.Error(), testSecret) {
		t.Errorf("the secret shows in %v", err)
	}
}

func TestFetchTakesTheLargestEvent(t *testing.T) {
	base := marketplace(t, testSecret, func(w http.ResponseWriter, r *http.Request) {
		document := `{"type":"A","flag":"STATELESS","x":""}`
		serve(200, "", strings.Replace(document, `""`, `"`+strings.Repeat("a", 1<<20-len(document))+`"`, 1))(w, r)
	})
	s, n := at(t, base, nil)
	if e, err := s.Fetch(t.Context(), n); err != nil || len(e.Raw) != 1<<20 {
		t.Errorf("%d bytes, %v", len(e.Raw), err)
	}
}

func TestFetchFollowsNoRedirect(t *testing.T) {
	followed := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	base := marketplace(t, testSecret, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	s, n := at(t, base, nil)
	e, err := s.Fetch(t.Context(), n)
	checkFetchError(t, e, err, router.FetchPassing, false, "")
	if followed {
		t.Error("the redirect was followed")
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	base := marketplace(t, testSecret, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	s, n := at(t, base, nil)
	e, err := s.Fetch(ctx, n)
	checkFetchError(t, e, err, router.FetchPassing, false, "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestFetchWhileASecretRotates(t *testing.T) {
	for name, inUse := range map[string]string{"new": "new-secret", "old": "old-secret"} {
		t.Run(name, func(t *testing.T) {
			var base string
			base = marketplace(t, inUse, func(w http.ResponseWriter, r *http.Request) { serve(200, "", eventOf(base, "null"))(w, r) })
			s, n := at(t, base, map[string]any{"oauth1": []any{
				map[string]any{"consumer_key": testKey, "consumer_secret": "new-secret", "previous_secret": "old-secret"},
			}})
			if _, err := s.Fetch(t.Context(), n); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFetchAfterAReload(t *testing.T) {
	base := marketplace(t, testSecret, serve(200, "", "{}"))
	t.Run("without the marketplace", func(t *testing.T) {
		s, _ := newSource(t, nil)
		_, n := at(t, base, nil)
		e, err := s.Fetch(t.Context(), n)
		checkFetchError(t, e, err, router.FetchRefused, false, codeUnknownError)
	})
	t.Run("without the credential", func(t *testing.T) {
		s, n := at(t, base, nil)
		n.Credential = "gone"
		e, err := s.Fetch(t.Context(), n)
		checkFetchError(t, e, err, router.FetchPassing, true, "")
	})
}

// served lets a test answer for a host that is not on loopback.
type served string

func (s served) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	io.WriteString(w, string(s))
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func TestFetchPingTests(t *testing.T) {
	const ping = `{"type":"SUBSCRIPTION_ORDER","flag":"STATELESS","marketplace":{"baseUrl":"https://acme.appdirect.com"}}`
	const live = `{"type":"SUBSCRIPTION_ORDER","marketplace":{"baseUrl":"https://www.appdirect.com"}}`
	address := dummyBase + "/rest/api/events/dummyOrder"
	for _, tt := range []struct {
		name, credential, body string
		listed                 bool
		refused                bool
	}{
		{"with the product's key", testKey, ping, false, false},
		{"with the published key", dummyKey, ping, false, false},
		{"live event from a host not listed", testKey, live, false, true},
		{"live event from the host when listed", testKey, live, true, false},
		{"live event with the published key", dummyKey, live, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			marketplaces := []string{testMarketplace}
			if tt.listed {
				marketplaces = append(marketplaces, dummyBase)
			}
			s, _ := newSource(t, map[string]any{"allow_dummy": true, "marketplaces": marketplaces})
			s.client.Transport = served(tt.body)
			e, err := s.Fetch(t.Context(), router.Notice{Address: address, Credential: tt.credential})
			if tt.refused {
				checkFetchError(t, e, err, router.FetchRefused, false, codeUnknownError)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
