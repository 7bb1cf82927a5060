package daemon_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

// answer is what a caller was told.
type answer struct {
	Status int
	Body   string
}

// send makes a request.
func (r *rig) send(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatalf("calling the daemon: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("reading the daemon's answer: %v", err)
	}
	return answer{resp.StatusCode, string(body)}
}

// notify makes a notification of the event at an address, signed as sign says.
func (r *rig) notify(t *testing.T, path, address string, sign oauth.Signer) *http.Request {
	t.Helper()
	target := r.public + path + "?url=" + url.QueryEscape(address)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	authorization, err := sign.Header(http.MethodGet, req.URL)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", "application/json")
	return req
}

// signer signs as the marketplace does.
func signer() oauth.Signer {
	return oauth.NewSigner(consumerKey, router.NewSecret([]byte(consumerSecret)), time.Now)
}

// notice is an honest notification of the marketplace's event with this token.
func (r *rig) notice(t *testing.T, path, token string) *http.Request {
	t.Helper()
	return r.notify(t, path, r.market.address(token), signer())
}

// eventRequest has the store send an honest EventRequest.
func (r *rig) eventRequest(t *testing.T, guid string) simulate.StoreExchange {
	t.Helper()
	x, err := simulate.Store{
		URL: r.public + "/subscriptionbridge/EventRequest", Username: storeUsername,
		Password: router.NewSecret([]byte(storePassword)), APIKey: router.NewSecret([]byte(storeAPIKey)),
	}.Send(t.Context(), guid, "Balance_Due")
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// serves shows that the daemon does its work: an honest order is fetched, is
// run once, and answered with success.
func (r *rig) serves(t *testing.T, token string) {
	t.Helper()
	r.market.has(token, page{body: r.market.order("")})
	before := r.tally(t)
	got := r.send(t, r.notice(t, "/appdirect", token))
	want := answer{http.StatusOK, `{"success":true,"accountIdentifier":"account-1"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("an honest order is answered otherwise (-want +got):\n%s", diff)
	}
	r.expectSince(t, before, tally{Events: 1, Runs: 1, Fetches: 1})
}
