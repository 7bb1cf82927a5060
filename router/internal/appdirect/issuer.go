package appdirect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// issuers are authorization servers of the vendor's own, whose bearer tokens
// marketplaces bring. It may be used by many goroutines.
type issuers struct {
	byName map[string]*issuer
	now    func() time.Time
}

// issuer is one of them, as it names itself in its tokens.
type issuer struct {
	keys     *keySet
	products map[string]issuerProduct // by the client that the token was given to
}

type issuerProduct struct{ name, audience string }

// signatureAlgorithms are those with a public key: with any other, who can
// verify could also sign. "none" is not among them.
func signatureAlgorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// issuerLeeway is how far the clocks of issuer and daemon may differ.
const issuerLeeway = time.Minute

// tokenClaims are what is read of a token. To whom it was given stands in
// client_id (RFC 9068 §2.2), in azp (OpenID Connect Core §2) or, where a
// client acts for itself, in sub.
type tokenClaims struct {
	jwt.Claims
	ClientID string `json:"client_id"`
	Party    string `json:"azp"`
}

func (c *tokenClaims) client() string {
	switch {
	case c.ClientID != "":
		return c.ClientID
	case c.Party != "":
		return c.Party
	}
	return c.Subject
}

// authenticate verifies a token: its issuer, the signature, the times, the
// audience and the client, which tells the product. Only where the issuer's
// keys are not at hand is there network work, of keysLimit at most; if they
// can't be had, the error is errNotNow.
func (s *issuers) authenticate(ctx context.Context, text string) (product string, err error) {
	token, err := jwt.ParseSigned(text, signatureAlgorithms())
	if err != nil {
		return "", refuseCredential("the JSON Web Token can't be read, or is not signed with a public key")
	}
	var claims tokenClaims
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return "", refuseCredential("the claims of the JSON Web Token can't be read")
	}
	by := s.byName[claims.Issuer]
	if by == nil {
		return "", refuseCredential("the issuer %q of the JSON Web Token is not configured", bounded(claims.Issuer, maxQuote))
	}
	header := token.Headers[0]
	key, err := by.keys.find(ctx, header.KeyID)
	if err != nil {
		return "", err
	}
	if key.Algorithm != "" && key.Algorithm != header.Algorithm {
		return "", refuseCredential("the key %q is not one for %s", bounded(header.KeyID, maxName), header.Algorithm)
	}
	if err := token.Claims(key.Key); err != nil {
		return "", refuseCredential("the signature of the JSON Web Token does not fit the key %q", bounded(header.KeyID, maxName))
	}
	return by.product(&claims, s.now())
}

// product checks the claims of a token that is the issuer's own.
func (i *issuer) product(claims *tokenClaims, now time.Time) (string, error) {
	p, known := i.products[claims.client()]
	if !known {
		return "", refuseCredential("the JSON Web Token was given to %q, which is not a configured client", bounded(claims.client(), maxQuote))
	}
	if !slices.Contains(claims.Audience, p.audience) {
		return "", refuseCredential("the JSON Web Token is not for the audience %q", p.audience)
	}
	if claims.Expiry == nil {
		return "", refuseCredential("the JSON Web Token does not say when it ends")
	}
	switch err := claims.ValidateWithLeeway(jwt.Expected{Time: now}, issuerLeeway); {
	case errors.Is(err, jwt.ErrExpired):
		return "", refuseCredential("the JSON Web Token ended at %s", claims.Expiry.Time().UTC().Format(time.RFC3339))
	case errors.Is(err, jwt.ErrNotValidYet):
		return "", refuseCredential("the JSON Web Token is not valid before %s", claims.NotBefore.Time().UTC().Format(time.RFC3339))
	case err != nil:
		return "", refuseCredential("the JSON Web Token: %v", err)
	}
	return p.name, nil
}

// errKeys: the issuer's keys can't be had.
func errKeys(address string, err error) error {
	return fmt.Errorf("%w: fetching the keys at %s: %w", errNotNow, address, err)
}
