package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

func TestSendTakesTheResultInTheAnswerAndConsumesTheEvent(t *testing.T) {
	m, v := startMarketplace(t, nil), newVendor(t)
	var fetched []byte
	answer := v.answer
	v.answer = func(w http.ResponseWriter, r *http.Request, address string, doc []byte) {
		fetched = doc
		answer(w, r, address, doc)
	}
	endpoint := v.start().URL + "/appdirect/acme?eventType=create"
	x, err := m.Send(t.Context(), endpoint, NewCustomer(1).Event("SUBSCRIPTION_ORDER"))
	if err != nil {
		t.Fatal(err)
	}
	address := m.URL() + eventsPath + testToken
	if want := endpoint + "&url=" + url.QueryEscape(address); x.Notification != want {
		t.Errorf("notified at %s, want %s", x.Notification, want)
	}
	if x.Status != http.StatusOK || x.ByCallback || x.Fetches != 1 {
		t.Errorf("status %d, by callback %t, %d fetches", x.Status, x.ByCallback, x.Fetches)
	}
	if diff := cmp.Diff(&Result{Success: true, AccountIdentifier: "cus_1"}, x.Result); diff != "" {
		t.Errorf("the result (-want +got):\n%s", diff)
	}
	if !bytes.Equal(fetched, x.Document) {
		t.Errorf("the vendor fetched %s, the exchange shows %s", fetched, x.Document)
	}
	var doc struct {
		Type        string
		Marketplace struct{ Partner, BaseURL string }
	}
	if err := json.Unmarshal(fetched, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Type != "SUBSCRIPTION_ORDER" || doc.Marketplace.Partner != defaultPartner || doc.Marketplace.BaseURL != m.URL() {
		t.Errorf("the document says %+v", doc)
	}
	status, body := v.call(http.MethodGet, address, nil)
	gone := `{"code":"Gone","message":"Event with token ` + testToken + ` has already been consumed."}`
	if status != http.StatusGone || string(body) != gone {
		t.Errorf("a fetch after the answer got %d %s", status, body)
	}
	if status, _ := v.call(http.MethodPost, address+"/result", []byte(`{"success":true}`)); status != http.StatusGone {
		t.Errorf("a result after the answer got %d", status)
	}
	if got, want := m.Summary(), "Marketplace: 1 event, 1 succeeded (0 by callback), 0 failed, 1 document fetched"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}

func TestSendWaitsForTheCallback(t *testing.T) {
	for _, test := range []struct{ name, body string }{
		{"JSON, success as text", `{"success":"true","accountIdentifier":"cus_7"}`},
		{"JSON, success as boolean", `{"success":true,"accountIdentifier":"cus_7"}`},
		{"XML", `<result><success>true</success><accountIdentifier>cus_7</accountIdentifier></result>`},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, v := startMarketplace(t, nil), newVendor(t)
			callback := make(chan string, 1)
			v.answer = func(w http.ResponseWriter, _ *http.Request, address string, _ []byte) {
				w.WriteHeader(http.StatusAccepted)
				callback <- address + "/result"
			}
			posted := make(chan int, 1)
			go func() {
				status, _ := v.call(http.MethodPost, <-callback, []byte(test.body))
				posted <- status
			}()
			x, err := m.Send(t.Context(), v.start().URL, NewCustomer(1).Event("SUBSCRIPTION_ORDER"))
			if err != nil {
				t.Fatal(err)
			}
			if status := <-posted; status != http.StatusOK {
				t.Errorf("the posted result was answered %d", status)
			}
			if x.Status != http.StatusAccepted || !x.ByCallback {
				t.Errorf("status %d, by callback %t", x.Status, x.ByCallback)
			}
			if diff := cmp.Diff(&Result{Success: true, AccountIdentifier: "cus_7"}, x.Result); diff != "" {
				t.Errorf("the result (-want +got):\n%s", diff)
			}
			if !strings.Contains(m.Summary(), "1 succeeded (1 by callback)") {
				t.Errorf("summary %q", m.Summary())
			}
		})
	}
}

// Nothing is listening: the transport itself is the vendor.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSendIsBounded(t *testing.T) {
	silent := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	accepted := func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusAccepted, Body: http.NoBody}, nil
	}
	for _, test := range []struct {
		name   string
		vendor roundTrip
		want   error
		after  time.Duration
	}{
		{"no answer in 5 seconds", silent, context.DeadlineExceeded, answerWithin},
		{"no result after 202", accepted, ErrNoResult, 20 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The listener's goroutines stay outside of the bubble.
			m := startMarketplace(t, func(o *Options) { o.CallbackWithin = 20 * time.Second })
			synctest.Test(t, func(t *testing.T) {
				m.client.Transport = test.vendor
				began := time.Now()
				x, err := m.Send(t.Context(), "http://vendor.example/", NewCustomer(1).Event("SUBSCRIPTION_CANCEL"))
				if !errors.Is(err, test.want) {
					t.Errorf("error %v, want %v", err, test.want)
				}
				if took := time.Since(began); took != test.after {
					t.Errorf("gave up after %s, want %s", took, test.after)
				}
				if x.Event.Token != testToken || x.Result != nil {
					t.Errorf("the exchange is %+v", x)
				}
			})
		})
	}
}

func TestSendRefusesWhatIsNoResult(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
	}{
		{"server error", http.StatusInternalServerError, `{"success":true}`},
		{"not found", http.StatusNotFound, ""},
		{"redirect", http.StatusFound, ""},
		{"empty body", http.StatusOK, ""},
		{"another document", http.StatusOK, "<html></html>"},
		{"no success", http.StatusOK, `{"accountIdentifier":"cus_1"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, v := startMarketplace(t, nil), newVendor(t)
			v.answer = func(w http.ResponseWriter, _ *http.Request, _ string, _ []byte) {
				w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}
			x, err := m.Send(t.Context(), v.start().URL, NewCustomer(1).Event("SUBSCRIPTION_ORDER"))
			if !errors.Is(err, ErrNoAnswer) {
				t.Errorf("error %v, want ErrNoAnswer", err)
			}
			if x.Status != test.status || string(x.Body) != test.body || x.Result != nil {
				t.Errorf("status %d, body %q, result %v", x.Status, x.Body, x.Result)
			}
			if status, _ := v.call(http.MethodGet, m.URL()+eventsPath+testToken, nil); status != http.StatusOK {
				t.Errorf("the event without a result is answered %d, want it still there", status)
			}
		})
	}
}

func TestSendAgain(t *testing.T) {
	t.Run("a repeat is of the same event", func(t *testing.T) {
		m, v := startMarketplace(t, nil), newVendor(t)
		v.start()
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"success":true}`)
		}))
		t.Cleanup(endpoint.Close)
		e := NewCustomer(1).Event("SUBSCRIPTION_ORDER")
		e.Token = "once"
		first, err := m.Send(t.Context(), endpoint.URL, e)
		if err != nil {
			t.Fatal(err)
		}
		other := NewCustomer(2).Event("SUBSCRIPTION_CANCEL")
		other.Token = "once"
		second, err := m.Send(t.Context(), endpoint.URL, other)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.Event, second.Event); diff != "" {
			t.Errorf("the second event (-first +second):\n%s", diff)
		}
		if status, _ := v.call(http.MethodGet, m.eventAddress("once"), nil); status != http.StatusGone {
			t.Errorf("the repeat made the event readable again: %d", status)
		}
	})
	t.Run("a ping is never used up", func(t *testing.T) {
		m, v := startMarketplace(t, nil), newVendor(t)
		endpoint := v.start().URL
		e := NewCustomer(1).Event("SUBSCRIPTION_ORDER")
		e.Token, e.Flag = "dummyOrder", router.FlagStateless
		for range 2 {
			if _, err := m.Send(t.Context(), endpoint, e); err != nil {
				t.Fatal(err)
			}
		}
		if status, _ := v.call(http.MethodGet, m.eventAddress("dummyOrder"), nil); status != http.StatusOK {
			t.Errorf("a third fetch was answered %d", status)
		}
	})
}

func TestSendGoesByAnotherAddress(t *testing.T) {
	var host string
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host = r.Host
		verifier := oauth.Verifier{
			Secrets: func(string) []router.Secret { return []router.Secret{testSecret()} }, Window: time.Minute, Now: testNow,
		}
		called, err := url.Parse("https://events.example.com" + r.URL.RequestURI())
		if err != nil {
			t.Error(err)
		}
		if _, err := verifier.Verify(r.Method, called, r.Header.Values("Authorization")); err != nil {
			t.Error(err)
		}
		fmt.Fprint(w, `{"success":true}`)
	}))
	t.Cleanup(here.Close)
	m := startMarketplace(t, func(o *Options) { o.Via = here.URL })
	endpoint := "https://events.example.com/appdirect/acme?eventUrl={eventUrl}&token={token}"
	x, err := m.Send(t.Context(), endpoint, NewCustomer(1).Event("SUBSCRIPTION_CANCEL"))
	if err != nil {
		t.Fatal(err)
	}
	if host != "events.example.com" {
		t.Errorf("the vendor was called %q", host)
	}
	if !strings.HasSuffix(x.Notification, "&token="+testToken) || strings.Contains(x.Notification, "?url=") {
		t.Errorf("notified at %s", x.Notification)
	}
}

func TestSendNeedsAStartedMarketplace(t *testing.T) {
	m := NewMarketplace(Options{})
	if _, err := m.Send(t.Context(), "http://127.0.0.1:1", Event{Type: "X"}); !errors.Is(err, ErrNotStarted) {
		t.Errorf("error %v, want ErrNotStarted", err)
	}
}
