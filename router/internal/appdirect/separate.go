package appdirect

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/signalbox/signalbox/router"
)

// errNoClient: the marketplace gives no token to the client id and secret that
// are configured. It may be put right at either side.
var errNoClient = errors.New("the client credentials are refused")

// separateProduct is one product with separate credentials, on its way out: it
// asks each marketplace for a token and keeps it, since a token is good only
// where it was given out (AppDirect documentation, "Authorize inbound API
// requests").
type separateProduct struct {
	clientID string
	secrets  []router.Secret // the newest first
	scope    string
	// listed are the marketplaces that may be shown the secret.
	listed func(base string) bool
	send   func(context.Context, exchange, string) (answer, bool, error)
	now    func() time.Time

	mu     sync.Mutex
	tokens map[string]*tokenPlace // by marketplace, of those listed
}

// authorizations are the token that is kept and, if that was refused, a new
// one: a marketplace may end a token before its time.
func (p *separateProduct) authorizations(ctx context.Context, _ string, address *url.URL) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		base, refused := baseOf(address), ""
		if !p.listed(base) {
			yield("", fmt.Errorf("asking for a token: %s is not a configured marketplace", base))
			return
		}
		for range 2 {
			token, fresh, err := p.token(ctx, base, refused)
			if err != nil {
				yield("", err)
				return
			}
			if !yield("Bearer "+token, nil) || fresh {
				return
			}
			refused = token
		}
	}
}

// tokenPlace is the token of one marketplace. One request at a time asks for it;
// who has waited meanwhile gets what came of it, a failure too, so that a
// marketplace that does not answer costs each of them one wait, and not one
// after the other.
type tokenPlace struct {
	turn chan struct{} // holds one while somebody asks

	mu    sync.Mutex
	token string
	err   error     // in place of a token
	until time.Time // for how long either stands
}

func (p *separateProduct) place(base string) *tokenPlace {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tokens[base] == nil {
		p.tokens[base] = &tokenPlace{turn: make(chan struct{}, 1)}
	}
	return p.tokens[base]
}

// failurePause is for how long a failure stands. Hundreds of events may be
// waiting for one token: the marketplace should not be asked for each of them,
// nor take it for an attack.
const failurePause = time.Second

// token returns a token that is not the refused one; fresh says that it was
// asked for just now, by this call.
func (p *separateProduct) token(ctx context.Context, base, refused string) (token string, fresh bool, err error) {
	at := p.place(base)
	if token, err := at.stands(refused, p.now()); token != "" || err != nil {
		return token, false, err
	}
	select {
	case at.turn <- struct{}{}:
		defer func() { <-at.turn }()
	case <-ctx.Done():
		return "", false, fmt.Errorf("waiting for a token of %s: %w", base, ctx.Err())
	}
	if token, err := at.stands(refused, p.now()); token != "" || err != nil {
		return token, false, err
	}
	token, lifetime, err := p.ask(ctx, base)
	switch {
	case err != nil && ctx.Err() != nil:
		return "", false, err // this caller's own end: it says nothing to the others
	case err != nil:
		lifetime = failurePause
	}
	at.keep(token, err, p.now().Add(lifetime))
	return token, true, err
}

// stands returns what is known now: a token, a failure, or neither.
func (at *tokenPlace) stands(refused string, now time.Time) (token string, err error) {
	at.mu.Lock()
	defer at.mu.Unlock()
	if !now.Before(at.until) || at.err == nil && at.token == refused {
		return "", nil
	}
	return at.token, at.err
}

func (at *tokenPlace) keep(token string, err error, until time.Time) {
	at.mu.Lock()
	defer at.mu.Unlock()
	at.token, at.err, at.until = token, err, until
}

// maxTokenAnswer bounds the answer to a request for a token, which has a few
// hundred characters, or a few thousand where the token is a JSON Web Token.
const maxTokenAnswer = 64 << 10

// ask asks for a token with each secret, until one is taken.
func (p *separateProduct) ask(ctx context.Context, base string) (token string, lifetime time.Duration, err error) {
	address, err := url.Parse(base + tokenPath)
	if err != nil {
		return "", 0, fmt.Errorf("asking for a token: %w", err)
	}
	form := url.Values{"grant_type": {clientGrant}}
	if p.scope != "" {
		form.Set("scope", p.scope)
	}
	x := exchange{
		method: http.MethodPost, address: address, accept: "application/json",
		body: []byte(form.Encode()), mediaType: formType, limit: maxTokenAnswer,
	}
	for _, secret := range p.secrets {
		var a answer
		if a, _, err = p.send(ctx, x, basicAuthorization(p.clientID, secret)); err != nil {
			return "", 0, fmt.Errorf("asking %s for a token: %w", base, err)
		}
		if a.succeeded() {
			return readToken(a, base)
		}
		if err = tokenFailure(a, base); !errors.Is(err, errNoClient) {
			break
		}
	}
	return "", 0, err
}

// basicAuthorization encodes id and secret as RFC 6749 §2.3.1 wants it, which
// changes nothing in those that marketplaces make: letters, digits and dashes.
func basicAuthorization(id string, secret router.Secret) string {
	pair := url.QueryEscape(id) + ":" + url.QueryEscape(string(secret.Reveal()))
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

const (
	// renewEarly is for how long before its end a token is no longer used: the
	// request that bears it has to arrive, and the clocks differ.
	renewEarly = time.Minute
	// unknownLifetime is for how long a token is used that does not say when it
	// ends; marketplaces give 12 hours.
	unknownLifetime = 5 * time.Minute
	// longestLifetime keeps a number that can't be meant from becoming a time
	// that can't be.
	longestLifetime = 30 * 24 * time.Hour
)

// readToken reads RFC 6749 §5.1, by what was asked and not by Content-Type, as
// events are read. What the answer holds is shown nowhere.
func readToken(a answer, base string) (token string, lifetime time.Duration, err error) {
	var t struct {
		AccessToken string      `json:"access_token"`
		TokenType   string      `json:"token_type"`
		ExpiresIn   json.Number `json:"expires_in"` // some write it as a text
	}
	if a.cut || json.Unmarshal(a.body, &t) != nil {
		return "", 0, fmt.Errorf("asking %s for a token: the answer %d can't be read", base, a.status)
	}
	if !isVisible(t.AccessToken) || t.TokenType != "" && !strings.EqualFold(t.TokenType, schemeBearer) {
		return "", 0, fmt.Errorf("asking %s for a token: the answer %d holds no bearer token", base, a.status)
	}
	lifetime = unknownLifetime
	if seconds, err := t.ExpiresIn.Int64(); err == nil && seconds > 0 {
		lifetime = time.Duration(min(seconds, int64(longestLifetime/time.Second))) * time.Second
	}
	return t.AccessToken, lifetime - min(renewEarly, lifetime/2), nil
}

// isVisible reports whether a text can be the one word of a header's value.
func isVisible(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// tokenFailure tells a refusal, which stays until somebody puts it right, from
// what may pass. It quotes no more than the two fields of RFC 6749 §5.2.
func tokenFailure(a answer, base string) error {
	var said struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(a.body, &said) // the status alone says enough
	err := fmt.Errorf("asking %s for a token: it answered %d %s", base, a.status, http.StatusText(a.status))
	if said.Code != "" {
		err = fmt.Errorf("%w: %q %q", err, bounded(said.Code, maxQuote), bounded(said.Description, maxQuote))
	}
	if a.passing() {
		return err
	}
	return fmt.Errorf("%w: %w", err, errNoClient)
}
