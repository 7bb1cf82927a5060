package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// credentials are how the two sides of one product know each other. (AppDirect
// documentation, 'Shared credentials authorization' and 'Separate credentials
// authorization'.)
type credentials interface {
	// present makes a notification known as the marketplace's.
	present(ctx context.Context, r *http.Request) error
	// refused says that the vendor did not accept what was presented last.
	refused()
	// verify reports whether a request to the address is the vendor's.
	verify(r *http.Request, address *url.URL) error
}

// shared are a consumer key and secret that both sides sign with.
type shared struct {
	signer oauth.Signer
}

func newShared(o Options) *shared {
	s := &shared{oauth.NewSigner(o.ConsumerKey, o.ConsumerSecret, o.Now)}
	if o.Nonce != nil {
		s.signer.Nonce = o.Nonce
	}
	return s
}

func (s *shared) present(_ context.Context, r *http.Request) error {
	authorization, err := s.signer.Header(r.Method, r.URL)
	if err != nil {
		return fmt.Errorf("signing the notification: %w", err)
	}
	r.Header.Set("Authorization", authorization)
	return nil
}

func (s *shared) refused() {}

func (s *shared) verify(r *http.Request, address *url.URL) error {
	return s.signed(r.Method, address, r.Header.Values("Authorization"))
}

// signed checks a signature in one of the headers or in the address.
func (s *shared) signed(method string, address *url.URL, authorizations []string) error {
	verifier := oauth.Verifier{
		Secrets: func(key string) []router.Secret {
			if key != s.signer.Key {
				return nil
			}
			return []router.Secret{s.signer.Secret}
		},
		Window: signatureWindow,
		Now:    s.signer.Now,
	}
	_, err := verifier.Verify(method, address, authorizations)
	return err
}

// later reports whether t is still to come by more than margin.
func later(t, now time.Time, margin time.Duration) bool { return t.Sub(now) > margin }
