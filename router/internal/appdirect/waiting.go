package appdirect

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// A browser that waits asks again with the signature that it came with, which is
// soon too old. So that address has a pass beside it: until when it may ask, and
// a code over that and the parameters that are signed, under a key made of the
// consumer secret that they are signed with. A pass lifts the check of the
// signature's time and nothing else.

const (
	// passParameter holds the pass.
	passParameter = "signalbox_wait"
	// waitFor is as long as an event is held for an operator before it is given
	// up, by default.
	waitFor = 24 * time.Hour

	// How often a page asks: after a tenth of the time that it has waited, but
	// no sooner than it would be read, and no later than anybody looks again.
	askSoonest = 5 * time.Second
	askLatest  = time.Minute
)

// cutPass takes the pass from an address. Of two, none is one.
func cutPass(address *url.URL) (without *url.URL, pass string) {
	var rest, found []string
	for piece := range strings.SplitSeq(address.RawQuery, "&") {
		if value, is := strings.CutPrefix(piece, passParameter+"="); is {
			found = append(found, value)
		} else {
			rest = append(rest, piece)
		}
	}
	u := *address
	u.RawQuery = strings.Join(rest, "&")
	if len(found) == 1 {
		pass = found[0]
	}
	return &u, pass
}

// again is where a browser asks again: a reference to the page itself.
func (s *Source) again(product string, asked *url.URL, until time.Time) (string, error) {
	secret, err := s.signedWith(product, s.signedAddress(asked))
	if err != nil {
		return "", fmt.Errorf("making a pass: %w", err)
	}
	expiry := strconv.FormatInt(until.Unix(), 10)
	code, err := s.passCode(secret, expiry, asked.RawQuery)
	if err != nil {
		return "", err
	}
	// A colon in front of a slash would read as the end of a scheme.
	query := strings.ReplaceAll(asked.RawQuery, ":", "%3A")
	return "?" + query + "&" + passParameter + "=" + expiry + "." + base64.RawURLEncoding.EncodeToString(code), nil
}

// signedWith is the product's secret that the signature in an address was made
// with.
func (s *Source) signedWith(product string, signed *url.URL) (router.Secret, error) {
	for _, secret := range s.secrets[product] {
		one := oauth.Verifier{
			Secrets: func(string) []router.Secret { return []router.Secret{secret} }, Window: math.MaxInt64, Now: s.now,
		}
		if _, err := one.Verify(http.MethodGet, signed, nil); err == nil {
			return secret, nil
		}
	}
	return router.Secret{}, errNoCredential
}

// secretInUse is the product's secret that a browser came with, by where it asks
// again: the marketplace has that one, whichever of two is the newer.
func (s *Source) secretInUse(product, again string) (router.Secret, error) {
	asked, pass := cutPass(&url.URL{RawQuery: strings.TrimPrefix(again, "?")})
	if secret, _, ok := s.readPass(pass, product, asked.RawQuery); ok {
		return secret, nil
	}
	secrets := s.secrets[product]
	if len(secrets) == 0 {
		return router.Secret{}, errNoCredential
	}
	return secrets[0], nil
}

// readPass says until when a pass is good, for the product and the query that it
// was made for, and with which of the product's secrets it was made.
func (s *Source) readPass(pass, product, query string) (by router.Secret, until time.Time, ok bool) {
	expiry, encoded, _ := strings.Cut(pass, ".")
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	if err != nil {
		return by, until, false
	}
	given, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return by, until, false
	}
	until = time.Unix(seconds, 0)
	if !s.now().Before(until) {
		return by, until, false
	}
	for _, secret := range s.secrets[product] {
		if code, err := s.passCode(secret, expiry, query); err == nil && hmac.Equal(code, given) {
			by, ok = secret, true
		}
	}
	return by, until, ok
}

// passCode is the code of a pass. The base string is over all parameters that
// the signature is over, its time and its nonce too, so that only the page that
// it was given to has use of it; which page that is, the signature says.
func (s *Source) passCode(secret router.Secret, expiry, query string) ([]byte, error) {
	address := *s.public
	address.RawQuery = query
	base, err := oauth.BaseString(http.MethodGet, &address, nil)
	if err != nil {
		return nil, fmt.Errorf("making a pass: %w", err)
	}
	key, err := hkdf.Key(sha256.New, secret.Reveal(), nil, "signalbox waiting page of "+s.name, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("making a pass: %w", err)
	}
	code := hmac.New(sha256.New, key)
	code.Write([]byte(expiry + "\n" + base))
	return code.Sum(nil), nil
}

// askAgainAfter is after how many seconds a page asks again.
func (s *Source) askAgainAfter(again string) int {
	after := askSoonest
	_, pass := cutPass(&url.URL{RawQuery: strings.TrimPrefix(again, "?")})
	expiry, _, _ := strings.Cut(pass, ".")
	if seconds, err := strconv.ParseInt(expiry, 10, 64); err == nil {
		waited := waitFor - time.Unix(seconds, 0).Sub(s.now())
		after = min(max(waited/10, askSoonest), askLatest)
	}
	return int(after / time.Second)
}
