package appdirect

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// Everybody can sign with the published key: what a product's own notification
// has brought must not be told to who names the same event with that, nor stand
// in its way.
func TestThePublishedKeyHasEventsOfItsOwn(t *testing.T) {
	s, _ := newSource(t, map[string]any{"allow_dummy": true, "marketplaces": []string{testMarketplace, dummyBase}})
	keys := map[string]bool{}
	for _, sign := range []oauth.Signer{signer(testKey, testSecret), signer(dummyKey, dummySecret)} {
		n, _, err := s.Receive(notify(t, sign, "/appdirect/acme", "url="+url.QueryEscape(dummyBase+currentPath+testToken)), nil)
		if err != nil {
			t.Fatal(err)
		}
		keys[n.Key] = true
	}
	if len(keys) != 2 {
		t.Errorf("the published key reaches the product's own event: %v", keys)
	}
}

// Everybody can name events with the published key: one that can't be had at
// once is not written down, tried for a day, or told to an operator.
func TestFetchWithThePublishedKeyIsNotTriedAgain(t *testing.T) {
	s, _ := newSource(t, map[string]any{"allow_dummy": true})
	for _, status := range []int{401, 503} {
		s.client.Transport = failing(status)
		e, err := s.Fetch(t.Context(), router.Notice{Address: dummyBase + currentPath + "x", Credential: dummyKey})
		checkFetchError(t, e, err, router.FetchRefused, false, codeUnknownError)
		e, err = s.Fetch(t.Context(), router.Notice{Address: dummyBase + currentPath + "x", Credential: testKey})
		checkFetchError(t, e, err, router.FetchPassing, status == 401, "")
	}
}

// failing answers with a status.
type failing int

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: int(f), Body: http.NoBody, Request: r}, nil
}
