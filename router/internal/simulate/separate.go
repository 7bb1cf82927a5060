package simulate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Scopes and lifetime as the marketplace has them. (AppDirect documentation,
// 'Validate outbound event' and 'Authorize inbound API'; the lifetime is that of
// its samples.)
const (
	notificationScope = "post_subscription_events"
	vendorScope       = "ROLE_APPLICATION"
	vendorTokenLives  = 43199 * time.Second

	clientGrant = "client_credentials"
	formType    = "application/x-www-form-urlencoded"
	// tokenMargin is how long before its end a token is no longer presented.
	tokenMargin = 10 * time.Second
)

// Separate are a product's separate credentials: the vendor's at this
// marketplace, and the marketplace's at the vendor, which are either a name and
// a password or a client of the vendor's token endpoint.
type Separate struct {
	// ClientID and ClientSecret are what the vendor gets its tokens with, at
	// /oauth2/token.
	ClientID     string
	ClientSecret router.Secret

	// Username and Password go with every notification as HTTP Basic, unless
	// there is a TokenURL.
	Username string
	Password router.Secret

	// TokenURL is the vendor's token endpoint. TokenID and TokenSecret get a
	// token there, which goes with every notification.
	TokenURL    string
	TokenID     string
	TokenSecret router.Secret
}

// separate are such credentials in use.
type separate struct {
	Separate
	m *Marketplace

	mu     sync.Mutex
	token  string // for notifications, from the vendor
	expiry time.Time
	issued tokens
}

func (s *separate) present(ctx context.Context, r *http.Request) error {
	if s.TokenURL == "" {
		r.SetBasicAuth(s.Username, string(s.Password.Reveal()))
		return nil
	}
	token, err := s.notificationToken(ctx)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}

func (s *separate) refused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = ""
}

// notificationToken is the one at hand, or a new one.
func (s *separate) notificationToken(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" && later(s.expiry, s.m.options.Now(), tokenMargin) {
		return s.token, nil
	}
	token, lives, err := s.askForToken(ctx)
	if err != nil {
		return "", fmt.Errorf("asking the vendor for a token: %w", err)
	}
	s.token, s.expiry = token, s.m.options.Now().Add(lives)
	return token, nil
}

// askForToken makes the request that AppDirect documents: client credentials,
// the client authenticated by HTTP Basic. ('Validate outbound event'.)
func (s *separate) askForToken(ctx context.Context) (token string, lives time.Duration, err error) {
	form := url.Values{"grant_type": {clientGrant}, "scope": {notificationScope}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, err
	}
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Accept", "application/json")
	// RFC 6749 §2.3.1 has both encoded as in a form.
	req.SetBasicAuth(url.QueryEscape(s.TokenID), url.QueryEscape(string(s.TokenSecret.Reveal())))
	res, err := s.m.do(req)
	if err != nil {
		return "", 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return "", 0, err
	}
	if absent(res.StatusCode) {
		return "", 0, fmt.Errorf("%w: HTTP status %d from %s: the source has no issued block, or --token-url should say where its tokens are", ErrNoAnswer, res.StatusCode, s.TokenURL)
	}
	var answer struct {
		AccessToken string      `json:"access_token"`
		TokenType   string      `json:"token_type"`
		ExpiresIn   json.Number `json:"expires_in"`
		Error       string      `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); res.StatusCode != http.StatusOK || err != nil {
		return "", 0, fmt.Errorf("%w: HTTP status %d %s", ErrNoAnswer, res.StatusCode, answer.Error)
	}
	if answer.AccessToken == "" || !strings.EqualFold(answer.TokenType, "bearer") {
		return "", 0, fmt.Errorf("%w: it has no bearer token", ErrNoAnswer)
	}
	seconds, err := cmp.Or(answer.ExpiresIn, "0").Int64()
	if err != nil {
		return "", 0, fmt.Errorf("%w: expires_in is %q", ErrNoAnswer, answer.ExpiresIn)
	}
	return answer.AccessToken, time.Duration(seconds) * time.Second, nil
}

var errNoToken = errors.New("the request has no bearer token of this marketplace")

// verify takes the tokens that this marketplace has issued, and no other:
// "A token is valid only in the marketplace that issued it." ('Authorize
// inbound API'.)
func (s *separate) verify(r *http.Request, _ *url.URL) error {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || len(r.Header.Values("Authorization")) != 1 || !s.issued.good(token, s.m.options.Now()) {
		return errNoToken
	}
	return nil
}
