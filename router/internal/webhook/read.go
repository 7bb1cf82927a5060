package webhook

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/signalbox/signalbox/router"
)

// ErrNoType is that a body does not say the event's type.
var ErrNoType = errors.New("its type stands in the request around it, and not in it")

// ReadBody makes the event of a webhook's body that is at hand. It vouches for
// nothing, and an id is not needed. The type is looked for where the block, or
// one of the senders that it knows, has it, unless eventType says it.
func (s *Source) ReadBody(body []byte, eventType string) (router.Event, error) {
	r := bare("application/json")
	if err := checkJSON(r.Header.Get("Content-Type"), body); err != nil {
		return router.Event{}, err
	}
	req := s.shown(r, body)
	a := arrival{Type: eventType}
	var failed error
	for i := 0; a.Type == "" && i <= len(s.proofs); i++ {
		by := &proof{}
		if i < len(s.proofs) {
			by = &s.proofs[i]
		}
		a.Type, failed = s.ask(attrType, by, req)
	}
	switch {
	case failed != nil:
		return router.Event{}, failed
	case a.Type == "":
		return router.Event{}, ErrNoType
	}
	if lane, err := s.ask(attrLane, &proof{}, req); err == nil { // it may stand in a header
		a.Lane = shortLane(lane)
	}
	var err error
	if a.Attributes, err = attributesOf(req); err != nil {
		return router.Event{}, err
	}
	return s.arrived(a, body)
}

// ReadStructured makes the event of a CloudEvent in structured mode that is at
// hand, and vouches for nothing.
func (s *Source) ReadStructured(body []byte) (router.Event, error) {
	a, err := s.readCloudEvent(bare(event.ApplicationCloudEventsJSON), body, &proof{})
	if err != nil {
		return router.Event{}, err
	}
	return s.arrived(a, body)
}

// arrived is the event of what was read.
func (s *Source) arrived(a arrival, body []byte) (router.Event, error) {
	document, err := a.document(body)
	if err != nil {
		return router.Event{}, err
	}
	return s.Fetch(context.Background(), router.Notice{Source: s.name, Body: document, Received: s.now()})
}

// bare is a request that says no more than what its body is.
func bare(contentType string) *http.Request {
	return &http.Request{Method: http.MethodPost, URL: &url.URL{}, Header: http.Header{"Content-Type": {contentType}}}
}
