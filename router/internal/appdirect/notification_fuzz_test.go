package appdirect

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// FuzzNotification proves of any query that nobody's signature stands for that
// it is refused, and of any that the marketplace did sign that either it is
// refused with an answer, or the notice names an address at a marketplace that
// may be asked, one that net/url too finds in the query.
func FuzzNotification(f *testing.F) {
	s, _ := newSource(f, nil)
	f.Fuzz(func(t *testing.T, query string) {
		asked := &url.URL{Path: "/appdirect/acme", RawQuery: query}
		r := &http.Request{Method: http.MethodGet, URL: asked, Header: http.Header{}}
		receive := func() (n router.Notice, resp *router.Response, err error) {
			routertest.Bounded(t, func() { n, resp, err = s.Receive(r, nil) })
			if (err == nil) == (n.Key == "") || (err == nil) != (resp == nil) {
				t.Fatalf("Receive = %+v, %+v, %v", n, resp, err)
			}
			return n, resp, err
		}
		if n, _, err := receive(); err == nil {
			t.Fatalf("accepted unsigned: %+v", n)
		}
		authorization, err := signer(testKey, testSecret).Header(http.MethodGet, s.signedAddress(asked))
		if err != nil {
			return // nobody can sign such a query
		}
		r.Header.Set("Authorization", authorization)
		n, _, err := receive()
		if err != nil {
			return
		}
		if again, _, err := receive(); err != nil || !cmp.Equal(n, again) {
			t.Fatalf("received again: %v\n%s", err, cmp.Diff(n, again))
		}
		at, err := url.Parse(n.Address)
		if err != nil || at.User != nil || at.Fragment != "" || !strings.HasSuffix(at.Path, "/events/"+n.Token) {
			t.Fatalf("address %q, token %q: %v", n.Address, n.Token, err)
		}
		if n.Base != testMarketplace && n.Base != dummyBase || !strings.EqualFold(strings.TrimSuffix(at.Scheme+"://"+at.Host, ":443"), n.Base) && at.Port() == "" {
			t.Fatalf("address %q is taken to be at %q", n.Address, n.Base)
		}
		if n.Key != n.Base+"|"+n.Token || n.Credential != testKey {
			t.Fatalf("notice %+v", n)
		}
		if strings.Contains(query, ";") {
			return // which net/url does not read
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("accepted what net/url can't read: %v", err)
		}
		for _, v := range slices.Concat(values["url"], values["eventUrl"], values["token"]) {
			if u, err := url.Parse(strings.TrimSpace(v)); err == nil && u.String() == n.Address {
				return
			}
		}
		t.Fatalf("%q is not in %q", n.Address, values)
	})
}
