package appdirect

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
)

const (
	// tokenPath is where tokens are given out, below the source's path.
	tokenPath = "/oauth2/token"
	// maxTokenForm bounds a request for a token, which has about 200 characters.
	maxTokenForm = 8 << 10

	formType         = "application/x-www-form-urlencoded"
	clientGrant      = "client_credentials"
	errInvalidClient = "invalid_client"
)

// tokenEndpoint gives out bearer tokens by client credentials (RFC 6749 §4.4),
// which is the only grant that marketplaces ask for (AppDirect documentation,
// "Separate credentials authorization").
type tokenEndpoint struct {
	path   string // as it is asked for
	tokens *issuedTokens
}

// isFor reports whether a request asks for a token.
func (e *tokenEndpoint) isFor(r *http.Request) bool {
	return e != nil && r.URL.EscapedPath() == e.path
}

// tokenError is a refusal in the words of RFC 6749 §5.2.
type tokenError struct{ Code, Description string }

func (e *tokenError) Error() string {
	return "giving out a token: " + e.Code + ": " + e.Description
}

// answer gives out a token, or refuses to, and says which.
func (e *tokenEndpoint) answer(r *http.Request, form []byte) (*router.Response, error) {
	if r.Method != http.MethodPost {
		return &router.Response{Status: http.StatusMethodNotAllowed, Header: http.Header{"Allow": {http.MethodPost}}},
			errors.New("a token must be asked for with POST")
	}
	token, client, err := e.grant(r, form)
	if err != nil {
		return tokenRefusal(err), err
	}
	return tokenAnswer(http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
		Scope       string `json:"scope,omitempty"`
	}{token, "Bearer", int64(client.lifetime.Seconds()), client.scope}), nil
}

// tokenRefusal is 400, or 401 with a challenge for a client that is not known
// (RFC 6749 §5.2).
func tokenRefusal(err error) *router.Response {
	var refused *tokenError
	if !errors.As(err, &refused) {
		refused = &tokenError{Code: "invalid_request"}
	}
	status := http.StatusBadRequest
	if refused.Code == errInvalidClient {
		status = http.StatusUnauthorized
	}
	resp := tokenAnswer(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{refused.Code, refused.Description})
	if status == http.StatusUnauthorized {
		resp.Header.Set("WWW-Authenticate", "Basic "+realm)
	}
	return resp
}

func tokenAnswer(status int, content any) *router.Response {
	body, _ := json.Marshal(content) // strings and a number
	return &router.Response{Status: status, Body: body, Header: http.Header{
		"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "Pragma": {"no-cache"},
	}}
}

// grant checks the client and what it asks for. An error wraps a *tokenError.
func (e *tokenEndpoint) grant(r *http.Request, body []byte) (token string, c *tokenClient, err error) {
	form, err := readTokenForm(r.Header.Get("Content-Type"), body)
	if err != nil {
		return "", nil, err
	}
	c, key, err := e.client(r, form)
	if err != nil {
		return "", nil, err
	}
	switch grant := form.Get("grant_type"); grant {
	case clientGrant:
	case "":
		return "", nil, &tokenError{"invalid_request", "grant_type is missing"}
	default:
		return "", nil, &tokenError{"unsupported_grant_type", "the grant is not " + clientGrant}
	}
	if scope := form.Get("scope"); scope != "" && !sameScope(scope, c.scope) {
		return "", nil, &tokenError{"invalid_scope", "the scope is not the one that is configured for the client"}
	}
	return e.tokens.issue(c, key), c, nil
}

// sameScope compares scopes, which are sets of words (RFC 6749 §3.3).
func sameScope(a, b string) bool {
	words := func(s string) []string {
		w := strings.Fields(s)
		slices.Sort(w)
		return slices.Compact(w)
	}
	return slices.Equal(words(a), words(b))
}

// readTokenForm reads the request's body. No parameter may stand twice (RFC
// 6749 §3.2).
func readTokenForm(contentType string, body []byte) (url.Values, error) {
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != formType {
		return nil, &tokenError{"invalid_request", "the request is not of the type " + formType}
	}
	if len(body) > maxTokenForm {
		return nil, &tokenError{"invalid_request", fmt.Sprintf("the request is longer than %d characters", maxTokenForm)}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &tokenError{"invalid_request", "the form can't be read"}
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, &tokenError{"invalid_request", "a parameter is given twice"}
		}
	}
	return form, nil
}

// client authenticates the client by HTTP Basic or, as RFC 6749 §2.3.1 allows,
// by two parameters of the form, never by both. The key is that of the secret
// it has shown.
func (e *tokenEndpoint) client(r *http.Request, form url.Values) (c *tokenClient, key router.Secret, err error) {
	id, secret, basic := r.BasicAuth()
	switch {
	case len(r.Header.Values("Authorization")) > 1, basic && form.Has("client_secret"):
		return nil, router.Secret{}, &tokenError{"invalid_request", "the client authenticates itself twice"}
	case basic && form.Has("client_id") && form.Get("client_id") != id:
		return nil, router.Secret{}, &tokenError{"invalid_request", "the client names itself twice, and differently"}
	case !basic && r.Header.Get("Authorization") != "":
		return nil, router.Secret{}, &tokenError{errInvalidClient, "the client does not authenticate itself by HTTP Basic"}
	case !basic:
		id = form.Get("client_id")
		c, key = e.find(id, form.Get("client_secret"))
	default:
		if c, key = e.find(id, secret); c == nil {
			c, key = e.findEncoded(id, secret)
		}
	}
	if c == nil {
		err := &tokenError{errInvalidClient, "there is no client with this id and secret"}
		return nil, router.Secret{}, fmt.Errorf("%w: it calls itself %q", err, bounded(id, maxName))
	}
	return c, key, nil
}

func (e *tokenEndpoint) find(id, secret string) (*tokenClient, router.Secret) {
	c := e.tokens.clients[id]
	if c == nil {
		return nil, router.Secret{}
	}
	i := find(c.secrets, secret)
	if i < 0 {
		return nil, router.Secret{}
	}
	return c, c.keys[i]
}

// findEncoded undoes the encoding that RFC 6749 §2.3.1 wants of id and secret
// in front of HTTP Basic's own; many clients leave it out.
func (e *tokenEndpoint) findEncoded(id, secret string) (*tokenClient, router.Secret) {
	plainID, err := url.QueryUnescape(id)
	if err != nil {
		return nil, router.Secret{}
	}
	plainSecret, err := url.QueryUnescape(secret)
	if err != nil {
		return nil, router.Secret{}
	}
	return e.find(plainID, plainSecret)
}
