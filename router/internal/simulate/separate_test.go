package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

const testClient = "gizmo-991"

// separateVendor is a vendor's side with separate credentials: it gives out
// tokens for notifications unless they come with a password, and fetches the
// event with a token of the marketplace.
type separateVendor struct {
	t *testing.T
	// marketplace is the base address.
	marketplace string
	// tokens counts those given out; each is good for the notifications up to
	// the next, and expiresIn seconds.
	tokens, expiresIn int
	// refuse makes it answer 401 so many times.
	refuse int
	secret string
	seen   []string // the Authorization headers of notifications
}

func (v *separateVendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/oauth2/token" {
		id, secret, _ := r.BasicAuth()
		if err := r.ParseForm(); err != nil || id != "market" || secret != "p%26w" ||
			r.PostForm.Encode() != "grant_type=client_credentials&scope=post_subscription_events" {
			v.t.Errorf("a token is asked for by %q %q with %v", id, secret, r.PostForm)
		}
		v.tokens++
		fmt.Fprintf(w, `{"access_token":"t%d","token_type":"Bearer","expires_in":%d}`, v.tokens, v.expiresIn)
		return
	}
	v.seen = append(v.seen, r.Header.Get("Authorization"))
	if v.refuse > 0 {
		v.refuse--
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	status, token := askToken(v.t, v.marketplace, testClient, v.secret, url.Values{"grant_type": {"client_credentials"}, "scope": {"ROLE_APPLICATION"}})
	if status != http.StatusOK {
		v.t.Errorf("the marketplace gave out no token: %d", status)
	}
	if status, doc := get(v.t, r.URL.Query().Get("url"), "Bearer "+token); status != http.StatusOK {
		v.t.Errorf("the fetch was answered %d: %s", status, doc)
	}
	fmt.Fprint(w, `{"success":true,"accountIdentifier":"cus_1"}`)
}

// askToken asks the marketplace for a token.
func askToken(t *testing.T, marketplace, id, secret string, form url.Values) (status int, token string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, marketplace+tokenPath, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", formType)
	if id != "" {
		req.SetBasicAuth(id, secret)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode == http.StatusOK && (answer.TokenType != "bearer" || answer.ExpiresIn != 43199) {
		t.Errorf("token answer %+v", answer)
	}
	return res.StatusCode, answer.AccessToken
}

// get makes one call with that Authorization header.
func get(t *testing.T, address, authorization string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode, res.Status
}

// startSeparate starts a marketplace and a vendor that know each other by
// separate credentials.
func startSeparate(t *testing.T, bearer bool, now func() time.Time) (*Marketplace, *separateVendor, string) {
	t.Helper()
	v := &separateVendor{t: t, secret: "local-only-secret", expiresIn: 3600}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	s := &Separate{ClientID: testClient, ClientSecret: router.NewSecret([]byte(v.secret)), Username: "u", Password: router.NewSecret([]byte("hunter2"))}
	if bearer {
		s.TokenURL, s.TokenID, s.TokenSecret = server.URL+"/oauth2/token", "market", router.NewSecret([]byte("p&w"))
	}
	m := startMarketplace(t, func(o *Options) { o.Separate, o.Now, o.NewToken = s, now, nil })
	v.marketplace = m.URL()
	return m, v, server.URL + "/appdirect"
}

func TestNotificationsWithAPassword(t *testing.T) {
	m, v, endpoint := startSeparate(t, false, testNow)
	x, err := m.Send(t.Context(), endpoint, NewCustomer(1).Event("SUBSCRIPTION_ORDER"))
	if err != nil || !x.Result.Success {
		t.Fatalf("%+v, %v", x, err)
	}
	if len(v.seen) != 1 || v.seen[0] != "Basic dTpodW50ZXIy" || v.tokens != 0 {
		t.Errorf("notified with %q, %d tokens", v.seen, v.tokens)
	}
}

// A token is asked for once, again shortly before its end, and again after it
// was refused.
func TestNotificationsWithAToken(t *testing.T) {
	now := testNow()
	m, v, endpoint := startSeparate(t, true, func() time.Time { return now })
	send := func(want string, wantErr error) {
		t.Helper()
		if _, err := m.Send(t.Context(), endpoint, NewCustomer(1).Event("SUBSCRIPTION_ORDER")); !errors.Is(err, wantErr) {
			t.Fatalf("got %v, want %v", err, wantErr)
		}
		if got := v.seen[len(v.seen)-1]; got != want {
			t.Errorf("notified with %q, want %q", got, want)
		}
	}
	send("Bearer t1", nil)
	send("Bearer t1", nil)
	now = now.Add(time.Hour - tokenMargin)
	send("Bearer t2", nil)
	v.refuse = 1
	send("Bearer t2", ErrNoAnswer)
	send("Bearer t3", nil)
	v.expiresIn = 0
	now = now.Add(time.Hour)
	send("Bearer t4", nil)
	send("Bearer t5", nil)
}

// A vendor whose product has another kind of credentials gives out no tokens.
func TestNotificationsWithATokenNeedATokenEndpoint(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusMethodNotAllowed} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		m := startMarketplace(t, func(o *Options) { o.Separate = &Separate{TokenURL: server.URL + "/oauth2/token"} })
		_, err := m.Send(t.Context(), server.URL, NewCustomer(1).Event("SUBSCRIPTION_ORDER"))
		if !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "no issued block") || !strings.Contains(err.Error(), server.URL+"/oauth2/token") {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestMarketplaceGivesOutTokens(t *testing.T) {
	now := testNow()
	m, v, _ := startSeparate(t, false, func() time.Time { return now })
	other, _, _ := startSeparate(t, false, testNow)
	l, err := m.list(NewCustomer(1).Event("SUBSCRIPTION_ORDER"))
	if err != nil {
		t.Fatal(err)
	}
	address := m.eventAddress(l.event.Token)
	good := url.Values{"grant_type": {"client_credentials"}, "scope": {"ROLE_APPLICATION"}}
	for _, tt := range []struct {
		name, id, secret string
		form             url.Values
		want             int
	}{
		{"good", testClient, v.secret, good, http.StatusOK},
		{"no scope", testClient, v.secret, url.Values{"grant_type": {"client_credentials"}}, http.StatusOK},
		{"no client", "", "", good, http.StatusUnauthorized},
		{"other client", "gizmo-992", v.secret, good, http.StatusUnauthorized},
		{"other secret", testClient, "other", good, http.StatusUnauthorized},
		{"empty secret", testClient, "", good, http.StatusUnauthorized},
		{"other grant", testClient, v.secret, url.Values{"grant_type": {"password"}}, http.StatusBadRequest},
		{"no grant", testClient, v.secret, url.Values{}, http.StatusBadRequest},
		{"two grants", testClient, v.secret, url.Values{"grant_type": {"client_credentials", "client_credentials"}}, http.StatusBadRequest},
		{"other scope", testClient, v.secret, url.Values{"grant_type": {"client_credentials"}, "scope": {"ROLE_ADMIN"}}, http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, token := askToken(t, m.URL(), tt.id, tt.secret, tt.form); status != tt.want || (token != "") != (tt.want == http.StatusOK) {
				t.Errorf("answered %d with the token %q, want %d", status, token, tt.want)
			}
		})
	}
	_, token := askToken(t, m.URL(), testClient, v.secret, good)
	_, foreign := askToken(t, other.URL(), testClient, v.secret, good)
	for _, tt := range []struct {
		name, authorization string
		want                int
	}{
		{"its own token", "Bearer " + token, http.StatusOK},
		{"in lower case", "bearer " + token, http.StatusOK},
		{"of another marketplace", "Bearer " + foreign, http.StatusUnauthorized},
		{"no token", "Bearer ", http.StatusUnauthorized},
		{"no header", "", http.StatusUnauthorized},
		{"the client's own credentials", "Basic Z2l6bW8tOTkxOmxvY2FsLW9ubHktc2VjcmV0", http.StatusUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, _ := get(t, address, tt.authorization); status != tt.want {
				t.Errorf("answered %d, want %d", status, tt.want)
			}
		})
	}
	now = now.Add(vendorTokenLives)
	if status, _ := get(t, address, "Bearer "+token); status != http.StatusUnauthorized {
		t.Errorf("a token past its end is answered %d", status)
	}
	_, token = askToken(t, m.URL(), testClient, v.secret, good)
	m.RevokeTokens()
	if status, _ := get(t, address, "Bearer "+token); status != http.StatusUnauthorized {
		t.Errorf("a revoked token is answered %d", status)
	}
}

func TestSharedMarketplaceGivesOutNoTokens(t *testing.T) {
	m := startMarketplace(t, nil)
	res, err := http.PostForm(m.URL()+tokenPath, url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("answered %d", res.StatusCode)
	}
}
