package routes

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
	"github.com/signalbox/signalbox/router/internal/webhook"
)

// decode reads what a source's protocol sends. Where the request around it says
// the type, as for a webhook, somebody has to say it.
func (r *Routes) decode(source string, document []byte, eventType string) (router.Event, error) {
	switch r.kind(source).Name {
	case appdirect.Kind().Name:
		return appdirect.Read(source, document)
	case subscriptionbridge.Kind().Name:
		return r.inspected.Sources[source].Source.Fetch(context.Background(), router.Notice{Source: source, Body: document, Received: time.Now()})
	}
	endpoint := r.inspected.Sources[source]
	switch {
	case !json.Valid(document):
		return router.Event{}, errors.New("it is not JSON")
	case endpoint != nil:
		if posted, ok := endpoint.Source.(*webhook.Source); ok {
			return r.decodePosted(posted, source, document, eventType)
		}
	}
	if eventType == "" {
		return router.Event{}, errNoType
	}
	return router.Event{Source: source, Type: eventType, Payload: document}, nil
}

var errNoType = errors.New("its type stands in the request, not here: say the event's type")

// decodePosted reads the body of a request.
func (r *Routes) decodePosted(s *webhook.Source, source string, body []byte, eventType string) (router.Event, error) {
	if r.kind(source).Name != webhook.CloudEvents().Name {
		e, err := s.ReadBody(body, eventType)
		if errors.Is(err, webhook.ErrNoType) {
			err = errNoType
		}
		return e, err
	}
	var structured struct {
		Version string `json:"specversion"`
	}
	if json.Unmarshal(body, &structured) == nil && structured.Version != "" {
		return s.ReadStructured(body)
	}
	if eventType == "" {
		return router.Event{}, errNoType
	}
	return router.Event{Source: source, Type: eventType, Payload: body}, nil
}

// normalise makes an event that is written by hand as the protocol's own are:
// with the source's own members, and its values in the form that they have.
func (r *Routes) normalise(e *router.Event) (*router.Event, error) {
	var document []byte
	var err error
	switch r.kind(e.Source).Name {
	case appdirect.Kind().Name:
		document, err = appDirectDocument(e)
	case subscriptionbridge.Kind().Name:
		document, err = eventRequest(e)
	default:
		return e, nil
	}
	if err != nil {
		return nil, err
	}
	normal, err := r.decode(e.Source, document, e.Type)
	if err != nil {
		return nil, fmt.Errorf("making an event of %s: %w", e.Source, err)
	}
	e.Payload, e.Attributes = normal.Payload, normal.Attributes
	if len(e.Extra) == 0 {
		e.Extra = normal.Extra
	}
	if e.Lane == e.ID && normal.Lane != "" {
		e.Lane = normal.Lane
	}
	return e, nil
}

// appDirectDocument is the document that a marketplace would hand out.
func appDirectDocument(e *router.Event) ([]byte, error) {
	doc := map[string]any{}
	if len(e.Attributes) > 0 {
		if err := json.Unmarshal(e.Attributes, &doc); err != nil {
			return nil, fmt.Errorf("reading the event's attributes: %w", err)
		}
	}
	doc["type"] = e.Type
	if e.Flag != router.FlagNone {
		doc["flag"] = e.Flag
	}
	if len(e.Payload) > 0 {
		doc["payload"] = e.Payload
	}
	return json.Marshal(doc)
}

// eventRequest is the call that a store would make.
func eventRequest(e *router.Event) ([]byte, error) {
	var payload struct {
		GUID string `json:"guid"`
	}
	var attributes struct {
		Store struct {
			Username string `json:"username"`
		} `json:"store"`
	}
	for _, part := range []struct {
		from json.RawMessage
		into any
	}{{e.Payload, &payload}, {e.Attributes, &attributes}} {
		if len(part.from) == 0 {
			continue
		}
		if err := json.Unmarshal(part.from, part.into); err != nil {
			return nil, fmt.Errorf("reading the event: %w", err)
		}
	}
	return xml.Marshal(struct {
		XMLName  xml.Name `xml:"EventRequest"`
		Username string
		GUID     string
		Action   string
	}{Username: attributes.Store.Username, GUID: payload.GUID, Action: e.Type})
}
