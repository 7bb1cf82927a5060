package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// proof is one of the ways in which a request may show who sent it.
type proof struct {
	// name is the block's; the notice keeps it.
	name string
	// header is where the credentials stand.
	header string
	// check gets the header's one value. Its error tells the operator what to
	// compare, and quotes neither a secret nor what was sent, which may be one in
	// the wrong place.
	check func(credentials string, r *http.Request, body []byte) error
	// signs: the body is what is proven, and no other header is.
	signs bool
	// own is where this sender's requests have what an expression would name.
	own map[string]router.RequestText
}

// authenticate gives the first proof that holds.
func (s *Source) authenticate(r *http.Request, body []byte) (*proof, error) {
	if s.anyone {
		return &proof{name: "unauthenticated"}, nil
	}
	var failed []string
	for i := range s.proofs {
		p := &s.proofs[i]
		values := r.Header.Values(p.header)
		if len(values) == 0 {
			continue
		}
		err := errors.New("the header " + p.header + " stands in it twice")
		if len(values) == 1 {
			err = p.check(values[0], r, body)
		}
		if err == nil {
			return p, nil
		}
		failed = append(failed, p.name+": "+err.Error())
	}
	if failed == nil {
		return nil, fmt.Errorf("the request has no header %s", strings.Join(s.proofHeaders(), ", nor "))
	}
	return nil, errors.New(strings.Join(failed, "; "))
}

func (s *Source) proofHeaders() []string {
	var names []string
	for _, p := range s.proofs {
		if !slices.Contains(names, p.header) {
			names = append(names, p.header)
		}
	}
	return names
}

// challenge is what a 401 must say (RFC 9110, 11.6.1). Signatures have no
// registered scheme.
func (s *Source) challenge() []string {
	var schemes []string
	for _, p := range s.proofs {
		scheme := "Signature"
		switch p.name {
		case "basic":
			scheme = `Basic realm="signalbox"`
		case "bearer":
			scheme = "Bearer"
		}
		if !slices.Contains(schemes, scheme) {
			schemes = append(schemes, scheme)
		}
	}
	return schemes
}

// secretWords are in the names of headers and parameters that are likely to
// hold a secret, be it one that this source does not ask for.
func secretWords() []string {
	return []string{"authorization", "cookie", "password", "secret", "signature", "token", "api-key", "api_key", "apikey"}
}

// hides reports whether what has this name must not be written down.
func (s *Source) hides(name string) bool {
	if slices.ContainsFunc(s.proofs, func(p proof) bool { return strings.EqualFold(p.header, name) }) {
		return true
	}
	return likeSecret(name)
}

// likeSecret reports a name that no source shows, however its senders prove
// themselves.
func likeSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretWords(), func(word string) bool { return strings.Contains(name, word) })
}

// shown is a request as expressions may see it.
func (s *Source) shown(r *http.Request, body []byte) router.Request {
	req := router.Request{Headers: http.Header{}, Query: url.Values{}, Body: body}
	for name, values := range r.Header {
		if !s.hides(name) {
			req.Headers[name] = values
		}
	}
	// What of a query can't be read is left out.
	for name, values := range r.URL.Query() {
		if !s.hides(name) {
			req.Query[name] = values
		}
	}
	return req
}
