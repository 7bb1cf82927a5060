package appdirect

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// maxRequestID bounds the caller's correlation id, which goes into the log.
const maxRequestID = 128

// errMethod: a notification is a GET and nothing else.
var errMethod = errors.New("a notification must be a GET")

// Receive authenticates a notification and reads the event's address in it.
// It also answers marketplaces that ask for a token to authenticate with. Errors
// are an *oauth.Error, a *CredentialError or an *AddressError, or tell of a wrong
// method, a refused token or an issuer out of reach. Once the credentials are
// right, a refusal goes out as a result, which the marketplace shows to its user
// (AppDirect documentation, "Event error codes").
func (s *Source) Receive(r *http.Request, body []byte) (router.Notice, *router.Response, error) {
	if s.credentials.endpoint.isFor(r) {
		resp, err := s.credentials.endpoint.answer(r, body)
		return router.Notice{}, resp, err
	}
	if s.validation.isFor(r) {
		return s.receiveForm(r, body)
	}
	if r.Method != http.MethodGet {
		return router.Notice{}, &router.Response{
			Status: http.StatusMethodNotAllowed,
			Header: http.Header{"Allow": {http.MethodGet}},
		}, errMethod
	}
	if s.fromBrowser(r) {
		return s.receiveBrowser(r)
	}
	format := formatOf(r.Header.Values("Accept"))
	product, err := s.credentials.authenticate(r)
	if err != nil {
		s.explain(err)
		return router.Notice{}, s.refusal(r, format, err), err
	}
	at, err := s.findAddress(r.URL.RawQuery, product)
	if err != nil {
		code := codeUnknownError
		if errors.Is(err, errNoAddress) || errors.Is(err, errNoBase) {
			code = codeConfigurationError
		}
		return router.Notice{}, respond(http.StatusOK, format, Result{
			ErrorCode: code, Message: "The notification does not name an event that this service may read.",
		}), err
	}
	return s.notice(r, at, product, format), nil, nil
}

// notice is what an authentic notification comes to.
func (s *Source) notice(r *http.Request, at eventAddress, product, format string) router.Notice {
	key := at.base + "|" + at.token
	if s.isDummy(product) {
		// Everybody has this key: it leads to no event that came in by another.
		key = dummyKey + "|" + key
	}
	return router.Notice{
		Source: s.name, Key: key, Address: at.url.String(), Base: at.base, Token: at.token,
		Credential: product, Format: format, RequestID: bounded(r.Header.Get("X-Request-Id"), maxRequestID), Received: s.now(),
	}
}

// explain logs what a refused signature was expected over.
func (s *Source) explain(err error) {
	var refused *oauth.Error
	if errors.As(err, &refused) {
		s.log.Debug().Str("kind", string(refused.Kind)).Str("consumer_key", refused.ConsumerKey).
			Str("base_string", refused.BaseString).Msg("the signature of a notification was not accepted")
	}
}

// signedAddress is the address that the marketplace called and signed: what it
// asked for, under the public address.
func (s *Source) signedAddress(asked *url.URL) *url.URL {
	u := *s.public
	u.Path = s.public.Path + asked.Path
	u.RawPath = s.public.EscapedPath() + asked.EscapedPath()
	u.RawQuery = asked.RawQuery
	return &u
}

// refusal answers a notification that is not authentic, or not known to be.
func (s *Source) refusal(r *http.Request, format string, err error) *router.Response {
	if errors.Is(err, errNotNow) {
		return respond(http.StatusOK, format, resultOf("", router.Verdict{Kind: router.NotNow}))
	}
	resp := respond(s.refuseStatus, format, Result{
		ErrorCode: codeUnauthorized, Message: "The notification's credentials were not accepted.",
	})
	if s.refuseStatus == http.StatusUnauthorized {
		resp.Header["Www-Authenticate"] = s.credentials.challenges(r)
	}
	return resp
}

// bounded cuts a text after so many runes.
func bounded(s string, runes int) string {
	n := 0
	for i := range s {
		if n == runes {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
