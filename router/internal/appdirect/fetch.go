package appdirect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/signalbox/signalbox/router"
)

// acceptEvent asks for JSON first; with no Accept a marketplace sends XML.
const acceptEvent = "application/json, application/xml;q=0.9"

// What a customer reads where an event can't be had.
const (
	messageNotFound   = "The event was not found at the marketplace."
	messageUnreadable = "The event could not be read."
	messageForeign    = "The event does not belong to the marketplace that sent it."
	messageRefused    = "The marketplace did not hand out the event."
)

// Fetch gets the event of a notice and reads it. The address is checked once
// more: a reload may have taken its marketplace off the list.
func (s *Source) Fetch(ctx context.Context, n router.Notice) (router.Event, error) {
	if n.Type == typeOrderValidation {
		return s.fetchForm(n)
	}
	at, err := s.parseAddress(n.Address)
	if err != nil {
		return router.Event{}, refused(codeUnknownError, messageForeign, err)
	}
	raw, err := s.get(ctx, at, n.Credential)
	if err != nil && s.isDummy(n.Credential) {
		// Anybody's request: it is not worth a notice that is tried again.
		return router.Event{}, refused(codeUnknownError, messageRefused, errors.Unwrap(err))
	}
	if err != nil {
		return router.Event{}, err
	}
	d, of, err := decode(raw)
	if err != nil {
		return router.Event{}, refused(codeInvalidResponse, messageUnreadable, err)
	}
	if err := s.checkMarketplace(d.Flag, of.marketplace, at, n.Credential); err != nil {
		return router.Event{}, refused(codeUnknownError, messageForeign, err)
	}
	return router.Event{
		Source: n.Source, Type: d.Type, Flag: d.Flag, Lane: of.lane(n.Source, at.base), Received: n.Received,
		Payload: d.Payload, Attributes: d.Attributes, Extra: of.extra(), Raw: raw, Notice: n,
	}, nil
}

// get reads the document. A fetch that the marketplace answers with 410 has
// been answered before: an event is single-use (AppDirect documentation,
// "Integration events").
func (s *Source) get(ctx context.Context, at eventAddress, credential string) ([]byte, error) {
	a, _, err := s.send(ctx, exchange{
		method: http.MethodGet, address: at.url, credential: credential, accept: acceptEvent, limit: s.maxEventSize,
	})
	if err != nil {
		return nil, &router.FetchError{
			Kind: router.FetchPassing, NeedsOperator: needsOperator(err), Err: err,
		}
	}
	switch {
	case a.succeeded() && a.cut:
		return nil, refused(codeInvalidResponse, messageUnreadable, fmt.Errorf("the event is larger than max_event_size, %d bytes", s.maxEventSize))
	case a.succeeded():
		return a.body, nil
	case a.status == http.StatusGone:
		return nil, &router.FetchError{Kind: router.FetchGone, Err: errors.New(a.String())}
	case refusesCredentials(a.status):
		return nil, &router.FetchError{Kind: router.FetchPassing, NeedsOperator: true, Err: errors.New(a.String())}
	case a.passing():
		return nil, &router.FetchError{Kind: router.FetchPassing, Err: errors.New(a.String())}
	case a.status == http.StatusNotFound:
		// AppDirect's own connectors answer so; to the customer it differs from
		// an event that could not be read.
		return nil, refused(codeNotFound, messageNotFound, errors.New(a.String()))
	default:
		return nil, refused(codeUnknownError, messageRefused, errors.New(a.String()))
	}
}

func refused(code, message string, err error) error {
	return &router.FetchError{Kind: router.FetchRefused, Code: code, Message: message, Err: err}
}

// checkMarketplace refuses an event that names another marketplace than the
// one that served it, and one that only a ping test may be. Ping tests are
// served from one host in the name of any marketplace, and change nothing.
func (s *Source) checkMarketplace(flag router.Flag, named string, at eventAddress, credential string) error {
	if flag == router.FlagStateless {
		return nil
	}
	if s.isDummy(credential) {
		return errors.New("an event fetched with the published test key is not a ping test")
	}
	if _, listed := s.marketplaces.known(at.served); !listed {
		return fmt.Errorf("an event from %s, which is not a configured marketplace, is not a ping test", at.served)
	}
	if own, err := url.Parse(named); err == nil {
		if base, _ := s.marketplaces.known(baseOf(own)); base == at.base {
			return nil
		}
	}
	return fmt.Errorf("the event from %s names the marketplace %q; if that is another address of it, say so in aliases", at.served, bounded(named, maxQuote))
}
