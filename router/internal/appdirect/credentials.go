package appdirect

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// A product has one of the two kinds of credentials that AppDirect knows
// (AppDirect documentation, "Configure product integration security"): shared
// ones, with which both sides sign by OAuth 1.0 (shared.go), or separate ones:
// HTTP Basic (basic.go) or a bearer token (bearer.go) for what comes in, OAuth
// 2.0 client credentials (separate.go) for what goes out.

// authenticator says whose notification a request is, by one scheme of the
// Authorization header. It does no network work but what issuer.go says.
type authenticator interface {
	// authenticate returns the product's name, which is the Credential of the
	// notice. An error is a refusal, an *oauth.Error or a *CredentialError,
	// unless it is errNotNow.
	authenticate(r *http.Request) (product string, err error)
}

// authorizer authorises requests to marketplaces in the name of one product.
type authorizer interface {
	// authorizations are the values of the Authorization header that may serve
	// for a request, the likeliest first; the next is for when one was refused.
	// An error is the last; it is errNoClient if the product's credentials are
	// refused, and passing otherwise.
	authorizations(ctx context.Context, method string, address *url.URL) iter.Seq2[string, error]
}

// The schemes of the Authorization header that are spoken here, in lower case.
const (
	schemeOAuth  = "oauth"
	schemeBasic  = "basic"
	schemeBearer = "bearer"
)

// credentials are all that a source knows of its products.
type credentials struct {
	in  map[string]authenticator // by scheme
	out map[string]authorizer    // by product
	// endpoint gives out bearer tokens; it is nil where no product is to get
	// them here.
	endpoint *tokenEndpoint
}

// mayName reports whether a product's notification may name an event there. One
// with separate credentials shows its secret to whom it asks for the event.
func (c *credentials) mayName(product, base string) bool {
	p, separate := c.out[product].(*separateProduct)
	return !separate || p.listed(base)
}

// CredentialError is a refusal of HTTP Basic, of a bearer token, or of a
// request that can't be told whose it is. It holds nothing secret.
type CredentialError struct{ Reason string }

func (e *CredentialError) Error() string { return "authenticating the notification: " + e.Reason }

func refuseCredential(format string, args ...any) error {
	return &CredentialError{Reason: fmt.Sprintf(format, args...)}
}

// errNotNow: whether a credential is right can't be known at the moment.
var errNotNow = errors.New("the notification can't be authenticated now")

// authenticate returns the product whose notification the request is. A
// request bears one credential: of two, a proxy in front and this daemon might
// each believe another. One without the header may be signed in its query.
func (c *credentials) authenticate(r *http.Request) (product string, err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", refuseCredential("there are %d Authorization headers", len(headers))
	}
	name := schemeOAuth
	if len(headers) == 1 {
		name, _ = cutScheme(headers[0])
		if name != schemeOAuth && signedInQuery(r.URL.RawQuery) {
			return "", refuseCredential("there is an Authorization header, and a signature in the query")
		}
	}
	if by := c.in[name]; by != nil {
		return by.authenticate(r)
	}
	if len(headers) == 0 {
		return "", refuseCredential("there is no Authorization header")
	}
	return "", refuseCredential("the scheme%s of the Authorization header is none of %s", quoteScheme(name), strings.Join(c.schemes(), ", "))
}

// quoteScheme quotes a known scheme, and nothing else: what stands in its place
// may be a secret that came without one.
func quoteScheme(name string) string {
	switch name {
	case schemeOAuth, schemeBasic, schemeBearer:
		return " " + strconv.Quote(name)
	}
	return ""
}

// schemes are the names of the schemes that some product has, sorted.
func (c *credentials) schemes() []string {
	var names []string
	for name := range c.in {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// maxName bounds a name that a caller chose, where it is shown.
const maxName = 100

// cutScheme splits an Authorization header into the scheme's name, in lower
// case, and the rest.
func cutScheme(header string) (name, rest string) {
	name = strings.TrimLeft(header, " \t")
	if i := strings.IndexAny(name, " \t"); i >= 0 {
		name, rest = name[:i], strings.TrimLeft(name[i:], " \t")
	}
	return strings.ToLower(name), rest
}

// signedInQuery reports whether a query holds a signature, as those of browsers
// do.
func signedInQuery(query string) bool {
	if !strings.Contains(query, "oauth_signature") {
		return false
	}
	params, err := oauth.ParseQuery(query)
	return err != nil || slices.ContainsFunc(params, func(p oauth.Param) bool { return p.Name == "oauth_signature" })
}

// realm is what a challenge names; nobody sees it but in a log.
const realm = `realm="signalbox"`

// challenges are the values of the header WWW-Authenticate, one for each scheme
// that some product has. A client whose bearer token was refused is told so in
// the words of RFC 6750 §3.1, by which it knows to get another.
func (c *credentials) challenges(r *http.Request) []string {
	var out []string
	for _, name := range c.schemes() {
		switch name {
		case schemeOAuth:
			out = append(out, "OAuth")
		case schemeBasic:
			out = append(out, "Basic "+realm)
		case schemeBearer:
			challenge := "Bearer " + realm
			if sent, _ := cutScheme(r.Header.Get("Authorization")); sent == schemeBearer {
				challenge += `, error="invalid_token"`
			}
			out = append(out, challenge)
		}
	}
	return out
}

// find returns which of the secrets the text is, or -1. Hashes are compared,
// which all have one length, and all of them are: the time it takes tells
// nothing, not even how long a secret is.
func find(secrets []router.Secret, text string) int {
	given, found := sha256.Sum256([]byte(text)), -1
	for i, s := range secrets {
		want := sha256.Sum256(s.Reveal())
		if subtle.ConstantTimeCompare(want[:], given[:]) == 1 {
			found = i
		}
	}
	return found
}

// newestFirst are a secret and the one that it replaces, if that is given.
func newestFirst(secret, previous string) []router.Secret {
	secrets := []router.Secret{router.NewSecret([]byte(secret))}
	if previous != "" {
		secrets = append(secrets, router.NewSecret([]byte(previous)))
	}
	return secrets
}
