package appdirect

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
)

func TestFetchKeepsTheTokenOfEachMarketplace(t *testing.T) {
	one, two := newMarket(t), newMarket(t)
	now := &clock{testNow}
	s := sourceFor(t, now, nil, one, two)
	for range 3 {
		mustFetch(t, s, one)
		mustFetch(t, s, two)
	}
	one.want(t, 1, 0)
	two.want(t, 1, 0)
	now.at = testNow.Add(43199*time.Second - renewEarly - time.Second)
	mustFetch(t, s, one)
	one.want(t, 1, 0)
	now.at = now.at.Add(2 * time.Second)
	mustFetch(t, s, one)
	one.want(t, 2, 0) // before the marketplace would refuse it
}

func TestFetchRenewsARefusedToken(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		m := newMarket(t)
		m.denied = status
		s := sourceFor(t, &clock{testNow}, nil, m)
		mustFetch(t, s, m)
		m.forget()
		mustFetch(t, s, m)
		m.want(t, 2, 1)
		m.forget()
		out := s.Callback(t.Context(), &router.Event{Type: "SUBSCRIPTION_ORDER", Notice: noticeOf(m)}, router.Verdict{Kind: router.Success})
		if out.Kind != router.Succeeded {
			t.Errorf("Callback = %+v", out)
		}
		m.want(t, 3, 2)
	}
}

// TestFetchAsksOnceMore: a token that was given out just now and is refused is
// not asked for again.
func TestFetchAsksOnceMore(t *testing.T) {
	m := newMarket(t)
	m.answer = func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"access_token":"never-good"}`) }
	s := sourceFor(t, &clock{testNow}, nil, m)
	_, err := s.Fetch(t.Context(), noticeOf(m))
	var fe *router.FetchError
	if !errors.As(err, &fe) || fe.Kind != router.FetchPassing || !fe.NeedsOperator {
		t.Errorf("Fetch: %+v", err)
	}
	m.want(t, 1, 1)
}

func TestFetchTriesThePreviousSecret(t *testing.T) {
	m := newMarket(t)
	s := sourceFor(t, &clock{testNow}, obj{"client_secret": "hunter2-new", "previous_secret": testClientSecret}, m)
	mustFetch(t, s, m)
	m.want(t, 2, 0)
	m.set(func(m *market) { m.secret, m.tokens = "hunter2-new", map[string]bool{} })
	mustFetch(t, s, m)
	m.want(t, 3, 1)
}

func TestFetchWithoutAToken(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	for _, tt := range []struct {
		name          string
		answer        http.HandlerFunc
		needsOperator bool
		want          string
	}{
		{"401", answer(401, `{"error":"invalid_client","error_description":"Bad credentials"}`), true, `401 Unauthorized: "invalid_client" "Bad credentials"`},
		{"401 without words", answer(401, ``), true, "401 Unauthorized"},
		{"403", answer(403, `<html>`), true, "403 Forbidden"},
		{"400 invalid_client", answer(400, `{"error":"invalid_client"}`), true, "invalid_client"},
		{"400 invalid_scope", answer(400, `{"error":"invalid_scope"}`), true, "invalid_scope"},
		{"404", answer(404, ``), true, "404 Not Found"},
		{"429", answer(429, ``), false, "429 Too Many Requests"},
		{"503", answer(503, ``), false, "503 Service Unavailable"},
		{"302", answer(302, ``), false, "302 Found"},
		{"a page", answer(200, `<html>hunter2`), false, "can't be read"},
		{"no token", answer(200, `{}`), false, "no bearer token"},
		{"an error as 200", answer(200, `{"error":"invalid_client"}`), false, "no bearer token"},
		{"a token for another scheme", answer(200, `{"access_token":"hunter2","token_type":"mac"}`), false, "no bearer token"},
		{"a token that is no word", answer(200, `{"access_token":"hunter2\r\nX: y"}`), false, "no bearer token"},
		{"endless", answer(200, `{"access_token":"`+strings.Repeat("hunter2", maxTokenAnswer)+`"}`), false, "can't be read"},
		{"no connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMarket(t)
			m.answer = tt.answer
			s := sourceFor(t, &clock{testNow}, nil, m)
			_, err := s.Fetch(t.Context(), noticeOf(m))
			var fe *router.FetchError
			if !errors.As(err, &fe) || fe.Kind != router.FetchPassing || fe.NeedsOperator != tt.needsOperator || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Fetch: %v; want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret shows in %v", err)
			}
			m.want(t, 1, 0)
			out := s.Callback(t.Context(), &router.Event{Notice: noticeOf(m)}, router.Verdict{Kind: router.Success})
			if out.Kind != router.Retry || out.NeedsOperator != tt.needsOperator {
				t.Errorf("Callback = %+v; nothing has reached the marketplace", out)
			}
		})
	}
	t.Run("a product that is gone", func(t *testing.T) {
		m := newMarket(t)
		n := noticeOf(m)
		n.Credential = "stranger"
		_, err := sourceFor(t, &clock{testNow}, nil, m).Fetch(t.Context(), n)
		var fe *router.FetchError
		if !errors.As(err, &fe) || !fe.NeedsOperator || !errors.Is(err, errNoCredential) {
			t.Errorf("Fetch: %v", err)
		}
	})
	t.Run("a marketplace that is gone", func(t *testing.T) {
		m, other := newMarket(t), newMarket(t)
		n := noticeOf(m)
		n.Address = dummyBase + "/api/events/dummyOrder"
		s := sourceFor(t, &clock{testNow}, nil, other)
		s.client.Transport = neverAsked{t}
		if _, err := s.Fetch(t.Context(), n); err == nil || !strings.Contains(err.Error(), "not a configured marketplace") {
			t.Errorf("Fetch: %v", err)
		}
	})
}

type neverAsked struct{ t testing.TB }

func (n neverAsked) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("%s was asked", r.URL)
	return nil, errors.New("never")
}

// productOf is a product whose requests for a token go to ask.
func productOf(ask func(context.Context) (answer, error)) *separateProduct {
	return &separateProduct{
		clientID: testClient, secrets: newestFirst(testClientSecret, ""), scope: outboundScope, tokens: map[string]*tokenPlace{},
		listed: func(string) bool { return true }, now: time.Now,
		send: func(ctx context.Context, _ exchange, _ string) (answer, bool, error) {
			a, err := ask(ctx)
			return a, err == nil, err
		},
	}
}

// TestTokenIsAskedForOnceForAll: of many requests at once, one asks for a token,
// and what came of it is everybody's, be it a token or a failure.
func TestTokenIsAskedForOnceForAll(t *testing.T) {
	const callers = 32
	for _, tt := range []struct {
		name string
		answer
		want string
	}{
		{"a token", answer{status: 200, body: []byte(`{"access_token":"good"}`)}, ""},
		{"a failure", answer{status: 503}, "503 Service Unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked, release := 0, make(chan struct{})
				product := productOf(func(context.Context) (answer, error) {
					asked++
					<-release
					return tt.answer, nil
				})
				errs := make(chan error, callers)
				for range callers {
					go func() {
						_, _, err := product.token(t.Context(), testMarketplace, "")
						errs <- err
					}()
				}
				synctest.Wait() // one asks, the others wait for it
				close(release)
				for range callers {
					if err := <-errs; tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
						t.Errorf("%v; want %q", err, tt.want)
					}
				}
				if asked != 1 {
					t.Errorf("asked %d times", asked)
				}
				time.Sleep(failurePause)
				if _, _, err := product.token(t.Context(), testMarketplace, ""); (err != nil) != (tt.want != "") || tt.want != "" && asked != 2 {
					t.Errorf("afterwards: %v, asked %d times", err, asked)
				}
			})
		})
	}
}

// TestTokenWaitEndsWithItsCaller: who waits for another's request goes when its
// own time is over, and a caller's own end is no failure for the others.
func TestTokenWaitEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		product := productOf(func(ctx context.Context) (answer, error) {
			asked++
			if asked == 1 {
				<-ctx.Done()
				return answer{}, ctx.Err()
			}
			return answer{status: 200, body: []byte(`{"access_token":"good"}`)}, nil
		})
		ask := func(wait time.Duration) chan error {
			errs := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), wait)
				defer cancel()
				_, _, err := product.token(ctx, testMarketplace, "")
				errs <- err
			}()
			synctest.Wait()
			return errs
		}
		first, impatient, patient := ask(2*time.Second), ask(time.Second), ask(3*time.Second)
		if err := <-impatient; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the impatient: %v", err)
		}
		if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first: %v", err)
		}
		if err := <-patient; err != nil {
			t.Errorf("the patient: %v", err)
		}
	})
}

func TestReadTokenLifetime(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       time.Duration
	}{
		{"a number", `{"access_token":"a","expires_in":43199}`, 43199*time.Second - renewEarly},
		{"a text", `{"access_token":"a","expires_in":"3600"}`, time.Hour - renewEarly},
		{"short", `{"access_token":"a","expires_in":10}`, 5 * time.Second},
		{"none", `{"access_token":"a"}`, unknownLifetime - renewEarly},
		{"null", `{"access_token":"a","expires_in":null}`, unknownLifetime - renewEarly},
		{"negative", `{"access_token":"a","expires_in":-1}`, unknownLifetime - renewEarly},
		{"endless", `{"access_token":"a","expires_in":9223372036854775807}`, longestLifetime - renewEarly},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, got, err := readToken(answer{status: 200, body: []byte(tt.body)}, "https://m.example")
			if err != nil || token != "a" || got != tt.want {
				t.Errorf("readToken = %q, %s, %v; want %s", token, got, err, tt.want)
			}
		})
	}
}
