package oauth

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// The seeds stand in testdata/fuzz, one file each, named for what they try.

// FuzzBaseString proves that no query breaks the builder, and that the order
// of the parameters makes no difference.
func FuzzBaseString(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Method, parse(f, v.Address).RawQuery, "k")
	}
	f.Fuzz(func(t *testing.T, method, query, key string) {
		address := &url.URL{Scheme: "https", Host: "example.com", Path: "/a", RawQuery: query}
		header := []Param{{paramConsumerKey, key}, {paramNonce, "-1"}}
		var base string
		var err error
		routertest.Bounded(t, func() { base, err = BaseString(method, address, header) })
		if err != nil {
			return
		}
		if strings.Count(base, "&") != 2 && !strings.Contains(method, "&") {
			t.Fatalf("%q has not three parts", base)
		}
		pieces := strings.Split(query, "&")
		slices.Reverse(pieces)
		address.RawQuery = strings.Join(pieces, "&")
		slices.Reverse(header)
		if again, err := BaseString(method, address, header); err != nil || again != base {
			t.Fatalf("in another order: %q, %v; want %q", again, err, base)
		}
	})
}

// FuzzParseQuery holds our reading of a query against net/url's, which knows no
// order and takes no semicolon, and proves that what was read is read again
// from what we write.
func FuzzParseQuery(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(parse(f, v.Address).RawQuery)
	}
	f.Fuzz(func(t *testing.T, query string) {
		var params []Param
		var err error
		routertest.Bounded(t, func() { params, err = ParseQuery(query) })
		want, wantErr := url.ParseQuery(query)
		if !strings.Contains(query, ";") {
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%v; net/url says %v", err, wantErr)
			}
			got := url.Values{}
			for _, p := range params {
				got.Add(p.Name, p.Value)
			}
			if err == nil && !cmp.Equal(want, got) {
				t.Fatalf("-net/url +ours\n%s", cmp.Diff(want, got))
			}
		}
		var written []string
		for _, p := range params {
			written = append(written, encode(p.Name)+"="+encode(p.Value))
		}
		again, err := ParseQuery(strings.Join(written, "&"))
		if err != nil || !slices.Equal(params, again) {
			t.Fatalf("read again: %v, -once +twice\n%s", err, cmp.Diff(params, again))
		}
	})
}

// FuzzAuthorization proves that no header breaks the parser, and that what it
// read is read again from what we write.
func FuzzAuthorization(f *testing.F) {
	f.Fuzz(func(t *testing.T, header string) {
		var params []Param
		var err error
		routertest.Bounded(t, func() { params, err = ParseAuthorization(header) })
		if err != nil {
			return
		}
		again, err := ParseAuthorization(formatAuthorization(params))
		if err != nil {
			t.Fatalf("reading what was written of %q: %v", params, err)
		}
		if diff := cmp.Diff(params, again); diff != "" {
			t.Fatalf("-read +read again\n%s", diff)
		}
	})
}

// FuzzVerify proves that nobody gets in who does not know the secret, whatever
// they write into header and query, that every refusal is an *Error, and that
// none tells the secret.
func FuzzVerify(f *testing.F) {
	const hidden = "q5PuGbWzRkLx"
	f.Fuzz(func(t *testing.T, method, query, header, second string) {
		v := Verifier{
			Secrets: func(string) []router.Secret { return []router.Secret{secret(hidden), secret("the one before")} },
			Window:  100 * 365 * 24 * time.Hour, Now: func() time.Time { return signedAt },
		}
		headers := []string{header}
		if second != "" {
			headers = append(headers, second)
		}
		address := &url.URL{Scheme: "https", Host: "example.com", Path: "/a", RawQuery: query}
		var key string
		var err error
		routertest.Bounded(t, func() { key, err = v.Verify(method, address, headers) })
		var refused *Error
		if !errors.As(err, &refused) || key != "" {
			t.Fatalf("Verify = %q, %v; want an *Error", key, err)
		}
		if refused.Kind == "" || refused.Kind == Stale || strings.Contains(err.Error(), hidden) {
			t.Fatalf("refused with %+v", refused)
		}
	})
}

// FuzzSign proves that what we sign we accept, header and query alike, and not
// once it has changed.
func FuzzSign(f *testing.F) {
	f.Fuzz(func(t *testing.T, method, query, key, value, nonce string) {
		params, err := ParseQuery(query)
		taken := slices.ContainsFunc(params, func(p Param) bool { return strings.HasPrefix(p.Name, "oauth_") })
		if err != nil || taken || key == "" || nonce == "" {
			return
		}
		s := Signer{Key: key, Secret: secret(value), Now: func() time.Time { return signedAt }, Nonce: func() string { return nonce }}
		v := Verifier{
			Secrets: func(string) []router.Secret { return []router.Secret{secret(value)} },
			Window:  time.Second, Now: s.Now,
		}
		address := &url.URL{Scheme: "https", Host: "example.com", Path: "/a", RawQuery: query}
		header, err := s.Header(method, address)
		if err != nil {
			t.Fatal(err)
		}
		inQuery, err := s.Query(method, address)
		if err != nil {
			t.Fatal(err)
		}
		for _, signed := range []struct {
			address *url.URL
			headers []string
		}{{address, []string{header}}, {inQuery, nil}} {
			if got, err := v.Verify(method, signed.address, signed.headers); err != nil || got != key {
				t.Fatalf("%s with %q: %q, %v", signed.address, signed.headers, got, err)
			}
			changed := *signed.address
			changed.RawQuery += "&x=1"
			if got, err := v.Verify(method, &changed, signed.headers); err == nil {
				t.Fatalf("%s with %q is accepted from %q though it was changed", &changed, signed.headers, got)
			}
		}
	})
}
