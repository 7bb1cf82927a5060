package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/signalbox/signalbox/sdk"
	"github.com/signalbox/signalbox/sdk/sdktest"
)

const token = "tok_4eC39HqLyjWDarjtT1zdp7dc"

func TestMain(m *testing.M) { sdktest.Main(m, newPlugin()) }

// fakeAcme opens one account for each key. An owner's name decides what it
// answers.
type fakeAcme struct {
	mu       sync.Mutex
	accounts map[string]string // by key
	tests    int
}

func (f *fakeAcme) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch {
	case r.URL.Path == "/status":
	case r.Method == http.MethodPost:
		var in struct {
			Owner string
			Test  bool
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		switch in.Owner {
		case "busy":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		case "banned":
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		case "broken":
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		key := r.Header.Get("Idempotency-Key")
		if f.accounts[key] == "" {
			f.accounts[key] = fmt.Sprintf("acc-%d", len(f.accounts)+1)
		}
		if in.Test {
			f.tests++
		}
		fmt.Fprintf(w, `{"account_id":%q}`, f.accounts[key])
	case r.URL.Path != "/accounts/acc-1":
		w.WriteHeader(http.StatusNotFound)
	}
}

func startFake(t *testing.T) (*fakeAcme, map[string]any) {
	f := &fakeAcme{accounts: map[string]string{}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return f, map[string]any{"base_url": s.URL, "token": token}
}

func TestConform(t *testing.T) {
	_, config := startFake(t)
	sdktest.Conform(t, sdktest.Subject{
		Plugin: newPlugin(), Config: config,
		Samples: []sdktest.Sample{
			{Action: "open_account", Input: map[string]any{"owner": "ann@example.com"}},
			{Action: "close_account", Input: map[string]any{"account_id": "acc-1"}},
		},
	})
}

func TestOneAccountForEachKey(t *testing.T) {
	f, config := startFake(t)
	c := sdktest.Start(t, newPlugin(), config)
	in := map[string]any{"owner": "ann@example.com"}
	for _, key := range []string{"e/order/account:0", "e/order/account:0", "f/order/account:0"} {
		if got := c.Handle("open_account", in, sdktest.Key(key)); got.Kind != sdktest.Succeeded {
			t.Fatalf("got %s", got)
		}
	}
	if len(f.accounts) != 2 {
		t.Errorf("got the accounts %v, want two", f.accounts)
	}
	c.Handle("open_account", in, sdktest.Event(sdk.Event{Flag: "DEVELOPMENT"}))
	if f.tests != 1 {
		t.Error("a vendor's own test opens a real account")
	}
}

func TestOutcomes(t *testing.T) {
	_, config := startFake(t)
	c := sdktest.Start(t, newPlugin(), config)
	cases := map[string]struct {
		action string
		input  map[string]any
		want   sdktest.Outcome
	}{
		"busy": {"open_account", map[string]any{"owner": "busy"},
			sdktest.Outcome{Kind: sdktest.Retry, After: 7 * time.Second, Detail: "acme answered 429 Too Many Requests"}},
		"broken": {"open_account", map[string]any{"owner": "broken"},
			sdktest.Outcome{Kind: sdktest.Retry, Detail: "acme answered 500 Internal Server Error"}},
		"banned": {"open_account", map[string]any{"owner": "banned"},
			sdktest.Outcome{Kind: sdktest.Rejected, Code: "refused", Public: "Acme has refused the order.", Detail: "acme answered 422 Unprocessable Entity"}},
		"closed": {"close_account", map[string]any{"account_id": "acc-1"},
			sdktest.Outcome{Kind: sdktest.Succeeded, Output: json.RawMessage("{}")}},
		"no account": {"close_account", map[string]any{"account_id": "acc-9"},
			sdktest.Outcome{Kind: sdktest.Rejected, Code: "no_account", Public: "There is no such account.", Detail: "acme answered 404 Not Found"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.Handle(tc.action, tc.input); got.String() != tc.want.String() {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}

func TestBadConfig(t *testing.T) {
	c := sdktest.Start(t, newPlugin(), nil)
	got := c.Validate(map[string]any{"base_url": "acme", "token": token})
	if len(got) != 1 || len(got[0].Path) != 1 || got[0].Path[0] != "base_url" {
		t.Errorf("got %+v", got)
	}
}

// TestLeaksNoSecret makes everything fail that can.
func TestLeaksNoSecret(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:1", "http://[bad"} {
		c := sdktest.Start(t, newPlugin(), map[string]any{"base_url": url, "token": token})
		c.Handle("open_account", map[string]any{"owner": 1})
		if got := c.Handle("open_account", map[string]any{"owner": "ann@example.com"}); got.Kind != sdktest.Unknown {
			t.Errorf("got %s", got)
		}
		if err := c.Check(); err == nil {
			t.Error("the check passes")
		}
		sdktest.AssertLeaksNoSecret(t, c)
	}
}
