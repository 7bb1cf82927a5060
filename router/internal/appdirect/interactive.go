package appdirect

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/oauth"
)

// An interactive endpoint is called by the customer's browser, which the
// marketplace sends there with the signature in the query. The answer is the
// browser sent back to the event's returnUrl, which is signed in the same way
// (AppDirect documentation, "Interactive endpoints" and "Sign return URLs").
// Until there is one the browser shows a page that asks again.

// formatBrowser is the form of answers to a browser.
const formatBrowser = "browser"

// fromBrowser reports whether a request is to be answered with pages.
func (s *Source) fromBrowser(r *http.Request) bool {
	return s.interactive && len(r.Header.Values("Authorization")) == 0 && signedInQuery(r.URL.RawQuery)
}

// receiveBrowser is Receive for a browser. Errors are those of Receive.
func (s *Source) receiveBrowser(r *http.Request) (router.Notice, *router.Response, error) {
	asked, given := cutPass(r.URL)
	product, until, err := s.visitor(r.Method, s.signedAddress(asked), given)
	if err != nil {
		s.explain(err)
		// Not a 401: its challenge would have the browser ask for a password.
		return router.Notice{}, refusedPage().respond(http.StatusForbidden), err
	}
	at, err := s.findAddress(asked.RawQuery, product)
	if err != nil {
		// By a 400 a ping test of an interactive endpoint fails (AppDirect
		// documentation, "Run ping tests").
		return router.Notice{}, nothingNamedPage().respond(http.StatusBadRequest), err
	}
	n := s.notice(r, at, product, formatBrowser)
	if n.Again, err = s.again(product, asked, until); err != nil {
		return router.Notice{}, refusedPage().respond(http.StatusInternalServerError), err
	}
	return n, nil, nil
}

// visitor authenticates a browser, and says until when it may ask again. A
// signature that is too old is good enough with a pass that was given out while
// it was not.
func (s *Source) visitor(method string, signed *url.URL, given string) (product string, until time.Time, err error) {
	product, err = s.verifier.Verify(method, signed, nil)
	var refused *oauth.Error
	stale := errors.As(err, &refused) && refused.Kind == oauth.Stale
	if err != nil && !stale {
		return "", time.Time{}, err
	}
	if stale {
		product = refused.ConsumerKey
	}
	_, until, ok := s.readPass(given, product, signed.RawQuery)
	switch {
	case ok:
		return product, until, nil
	case stale:
		return "", time.Time{}, err
	}
	return product, s.now().Add(waitFor), nil
}

// replyToBrowser says a verdict to a browser. Only the way back to the
// marketplace tells it to the marketplace: after a page the callback stays owed.
func (s *Source) replyToBrowser(e *router.Event, v router.Verdict) router.Response {
	result := resultOf(e.Type, v)
	switch {
	case v.Kind == router.NotNow:
		resp := busyPage(e.Notice.Again, s.askAgainAfter(e.Notice.Again)).respond(http.StatusServiceUnavailable)
		return *resp
	case v.Kind == router.Accepted && s.Limits(e.Type).Late == router.LateCallback:
		return *waitingPage(e.Notice.Again, s.askAgainAfter(e.Notice.Again)).respond(http.StatusAccepted)
	}
	back, err := s.wayBack(e, result)
	if err != nil {
		s.log.Warn().Str("event", e.ID).Err(err).Msg("the browser can't be sent back to the marketplace")
		resp := endPage(result).respond(http.StatusOK)
		resp.Aside = true
		return *resp
	}
	h := browserHeader()
	h.Set("Location", back.String())
	return router.Response{Status: http.StatusSeeOther, Header: h}
}

// maxReturnMessage bounds the message in the way back, in runes: it takes up to
// twelve characters for each, and proxies take addresses of a few thousand.
const maxReturnMessage = 150

// wayBack is the returnUrl with the result, signed as the browser came.
// userIdentifier in it is a guess: of an account that is linked nothing else can
// be told.
func (s *Source) wayBack(e *router.Event, r Result) (*url.URL, error) {
	back, err := s.returnAddress(e)
	if err != nil {
		return nil, err
	}
	secret, err := s.secretInUse(e.Notice.Credential, e.Notice.Again)
	if err != nil {
		return nil, err
	}
	query := []string{"success=false"}
	add := func(name, value string) {
		if value != "" {
			query = append(query, name+"="+strings.ReplaceAll(url.QueryEscape(value), "+", "%20"))
		}
	}
	if r.Success {
		query[0] = "success=true"
		add("accountIdentifier", r.AccountIdentifier)
		add("userIdentifier", r.UserIdentifier)
	} else {
		add("errorCode", r.ErrorCode)
		add("message", bounded(r.Message, maxReturnMessage))
	}
	if back.RawQuery != "" {
		query = append([]string{back.RawQuery}, query...)
	}
	back.RawQuery = strings.Join(query, "&")
	return oauth.NewSigner(e.Notice.Credential, secret, s.now).Query(http.MethodGet, back)
}

var errNoReturn = errors.New("the event has no returnUrl")

// returnError says why a returnUrl is not one to send a browser to.
func returnError(why string) error { return errors.New("the event's returnUrl " + why) }

// returnAddress reads the event's returnUrl, which must be at a configured
// marketplace; ping tests may go back to where they come from.
func (s *Source) returnAddress(e *router.Event) (*url.URL, error) {
	tree, err := readJSON(e.Attributes)
	if err != nil {
		return nil, errNoReturn
	}
	raw := textAt(tree, "returnUrl")
	if raw == "" {
		return nil, errNoReturn
	}
	if len(raw) > maxAddress || strings.ContainsFunc(raw, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return nil, returnError("is too long, or has characters that an address can't have")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, returnError("can't be parsed")
	case u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" || u.Host == "":
		return nil, returnError("is not an absolute http or https address")
	case u.User != nil || strings.Contains(raw, "#"):
		return nil, returnError("has credentials or a fragment")
	}
	base := baseOf(u)
	if _, known := s.marketplaces.known(base); !known && !(base == dummyBase && e.Notice.Base == dummyBase) {
		return nil, returnError("is at " + base + ", which is not one of the configured marketplaces")
	}
	return u, nil
}
