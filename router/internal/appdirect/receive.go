package appdirect

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// maxRequestID bounds the caller's correlation id, which goes into the log.
const maxRequestID = 128

// errMethod: a notification is a GET and nothing else.
var errMethod = errors.New("a notification must be a GET")

// Receive authenticates a notification and reads the event's address in it.
// Errors are an *oauth.Error or an *AddressError, or tell of a wrong method.
// Once the signature is right, a refusal goes out as a result, which the
// marketplace shows to its user (AppDirect documentation, "Event error codes").
func (s *Source) Receive(r *http.Request, _ []byte) (router.Notice, *router.Response, error) {
	if r.Method != http.MethodGet {
		return router.Notice{}, &router.Response{
			Status: http.StatusMethodNotAllowed,
			Header: http.Header{"Allow": {http.MethodGet}},
		}, errMethod
	}
	format := formatOf(r.Header.Values("Accept"))
	key, err := s.verifier.Verify(r.Method, s.signedAddress(r.URL), r.Header.Values("Authorization"))
	if err != nil {
		var refused *oauth.Error
		if errors.As(err, &refused) {
			s.log.Debug().Str("kind", string(refused.Kind)).Str("consumer_key", refused.ConsumerKey).
				Str("base_string", refused.BaseString).Msg("the signature of a notification was not accepted")
		}
		return router.Notice{}, s.refusal(format), err
	}
	at, err := s.findAddress(r.URL.RawQuery, key)
	if err != nil {
		code := codeUnknownError
		if errors.Is(err, errNoAddress) {
			code = codeConfigurationError
		}
		return router.Notice{}, respond(http.StatusOK, format, Result{
			ErrorCode: code, Message: "The notification does not name an event that this service may read.",
		}), err
	}
	return router.Notice{
		Source: s.name, Key: at.base + "|" + at.token, Address: at.url.String(), Base: at.base, Token: at.token,
		Credential: key, Format: format, RequestID: bounded(r.Header.Get("X-Request-Id"), maxRequestID), Received: s.now(),
	}, nil, nil
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

// refusal answers a notification that is not authentic.
func (s *Source) refusal(format string) *router.Response {
	resp := respond(s.refuseStatus, format, Result{
		ErrorCode: codeUnauthorized, Message: "The notification's signature was not accepted.",
	})
	if s.refuseStatus == http.StatusUnauthorized {
		resp.Header.Set("WWW-Authenticate", "OAuth")
	}
	return resp
}

// errNoAddress: the address that the vendor entered in the marketplace lacks
// the placeholder for the event's.
var errNoAddress = &AddressError{Reason: "no parameter of event_parameters holds it"}

// findAddress reads the event's address from the parameters of the signed
// query that may hold it. Two that differ are refused.
func (s *Source) findAddress(query, key string) (eventAddress, error) {
	params, err := oauth.ParseQuery(query)
	if err != nil {
		return eventAddress{}, &AddressError{Reason: "the query can't be parsed"}
	}
	var found []string
	for _, p := range params {
		v := strings.TrimSpace(p.Value)
		if v != "" && slices.Contains(s.parameters, p.Name) && !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	switch len(found) {
	case 0:
		return eventAddress{}, errNoAddress
	case 1:
	default:
		return eventAddress{}, &AddressError{Reason: "the notification holds two that differ"}
	}
	at, err := s.parseAddress(found[0])
	if err == nil && s.isDummy(key) && at.base != dummyBase {
		return eventAddress{}, &AddressError{Reason: "the published test key may only name events at " + dummyBase}
	}
	return at, err
}

// isDummy reports whether the key is AppDirect's published one, which everybody
// can sign with.
func (s *settings) isDummy(key string) bool { return s.allowDummy && key == dummyKey }

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
