package appdirect

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// sharedCredentials authenticate the notifications of all products with shared
// credentials: the consumer key in the signature tells which it is.
type sharedCredentials struct {
	verifier *oauth.Verifier
	// signed is the address that the marketplace called and signed.
	signed func(asked *url.URL) *url.URL
}

func (c sharedCredentials) authenticate(r *http.Request) (product string, err error) {
	return c.verifier.Verify(r.Method, c.signed(r.URL), r.Header.Values("Authorization"))
}

// sharedProduct is one product with shared credentials.
type sharedProduct struct {
	key     string
	secrets []router.Secret // the newest first
	now     func() time.Time
}

// authorizations are signatures with the newest secret, and with the older one:
// which of two is in use at the marketplace while they rotate is not known
// here.
func (p sharedProduct) authorizations(_ context.Context, method string, address *url.URL) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, secret := range p.secrets {
			authorization, err := oauth.NewSigner(p.key, secret, p.now).Header(method, address)
			if !yield(authorization, err) || err != nil {
				return
			}
		}
	}
}
