package appdirect

import (
	"net/http"
	"strings"
)

// maxBearer bounds a bearer token; those of issuers have one or two kB.
const maxBearer = 8 << 10

// bearerTokens authenticate by a bearer token (RFC 6750 §2.1). One of our own
// has no dot in it; an issuer's is a JSON Web Token, which has two.
type bearerTokens struct {
	issued  *issuedTokens // nil if no product has them
	issuers *issuers      // nil if no product has one
}

func (b bearerTokens) authenticate(r *http.Request) (product string, err error) {
	_, text := cutScheme(r.Header.Get("Authorization"))
	switch isJWT := strings.Contains(text, "."); {
	case text == "":
		return "", refuseCredential("the bearer token is empty")
	case len(text) > maxBearer:
		return "", refuseCredential("the bearer token is longer than %d characters", maxBearer)
	case isJWT && b.issuers != nil:
		return b.issuers.authenticate(r.Context(), text)
	case !isJWT && b.issued != nil:
		return b.issued.verify(text)
	}
	return "", refuseCredential("the bearer token is none of ours, and no JSON Web Token of a configured issuer")
}
