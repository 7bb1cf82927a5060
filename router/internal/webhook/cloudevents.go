package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/binding/spec"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/signalbox/signalbox/router"
)

// ceHeader begins the headers that hold attributes in binary mode (CloudEvents
// HTTP Protocol Binding 1.0.2, 3.1.3).
const ceHeader = "Ce-"

// versionAttr says how to read all the others.
const versionAttr = "specversion"

// partitionKey is what a producer groups its events by (CloudEvents,
// "Partitioning" extension), which is what a lane is.
const partitionKey = "partitionkey"

// readCloudEvent reads one event in binary or structured mode. A batch is
// refused: it has one answer for events that may come to different ends.
func (s *Source) readCloudEvent(r *http.Request, body []byte, by *proof) (arrival, error) {
	e, err := decode(r, body, by)
	if err != nil {
		return arrival{}, err
	}
	if err := errors.Join(checkName("source", e.Source()), checkName(attrID, e.ID()), checkName(attrType, e.Type())); err != nil {
		return arrival{}, err
	}
	// id and source together are unique (CloudEvents 1.0.2, "id"). The first bar
	// is always the one between them.
	a := arrival{key: strings.ReplaceAll(e.Source(), "|", "%7C") + "|" + e.ID(), token: e.ID(), Type: e.Type()}
	payload, err := payloadOf(e)
	if err != nil {
		return arrival{}, err
	}
	if !bytes.Equal(payload, body) {
		a.payload = payload
	}
	attrs := attributesOfEvent(e)
	if a.Attributes, err = json.Marshal(attrs); err != nil {
		return arrival{}, fmt.Errorf("writing the event's attributes: %w", err)
	}
	lane, err := s.laneOf(e, attrs, r, payload, by)
	a.Lane = shortLane(lane)
	return a, err
}

// decode reads a request into the SDK's event, which knows what an event may
// hold. The SDK's own reading of requests decodes no headers, and brings a logger
// of its own.
func decode(r *http.Request, body []byte, by *proof) (*event.Event, error) {
	contentType := r.Header.Get("Content-Type")
	media, _, _ := mime.ParseMediaType(contentType)
	structured := strings.HasPrefix(media, "application/cloudevents")
	switch {
	case structured && media != event.ApplicationCloudEventsJSON:
		return nil, &refusal{http.StatusUnsupportedMediaType,
			"One event is taken a request, in binary mode or as application/cloudevents+json; batches and other formats are not.",
			fmt.Errorf("the content type %.100q is not taken", contentType)}
	case !structured && by.signs:
		return nil, &refusal{http.StatusBadRequest,
			"A signature over the body does not cover an event's attributes in headers: send it in structured mode (application/cloudevents+json).", nil}
	}
	e := event.New(event.CloudEventsVersionV1)
	var err error
	if structured {
		err = readStructured(&e, body)
	} else {
		err = readBinary(&e, r.Header, body)
	}
	if err == nil {
		err = e.Validate()
	}
	if err != nil && !errors.As(err, new(*refusal)) {
		err = &refusal{http.StatusBadRequest, "The request is not one CloudEvent of version 1.0.", fmt.Errorf("the request is no CloudEvent: %.300w", err)}
	}
	return &e, err
}

// readBinary reads an event whose attributes are headers and whose data is the body.
func readBinary(e *event.Event, headers http.Header, body []byte) error {
	if version := headers.Get(ceHeader + versionAttr); version != event.CloudEventsVersionV1 {
		return fmt.Errorf("the header ce-%s is %.20q", versionAttr, version)
	}
	e.DataEncoded = body
	if contentType := headers.Get("Content-Type"); contentType != "" {
		e.SetDataContentType(contentType)
	}
	for name, values := range headers {
		attr, ok := strings.CutPrefix(name, ceHeader)
		if !ok {
			continue
		}
		switch {
		case len(values) != 1:
			return &refusal{http.StatusBadRequest, "The header " + name + " stands in the request twice.", nil}
		case strings.EqualFold(attr, "datacontenttype"):
			return &refusal{http.StatusBadRequest, "In binary mode the header Content-Type is the datacontenttype; there can't be another.", nil}
		}
		value := decoded(values[0])
		if !utf8.ValidString(value) {
			return &refusal{http.StatusBadRequest, "The header " + name + " is not percent-encoded UTF-8.", nil}
		}
		if err := spec.V1.SetAttribute(e.Context, strings.ToLower(attr), value); err != nil {
			return err
		}
	}
	return nil
}

// decoded undoes what binary mode does to an attribute (HTTP Protocol Binding
// 1.0.2, 3.1.3.2). What is no percent-encoding stands for itself: the SDK's own
// sender encodes nothing.
func decoded(value string) string {
	value = unquoted(value)
	if text, err := url.PathUnescape(value); err == nil {
		return text
	}
	return value
}

// unquoted is a value without the quotes that older senders put around it
// (RFC 9110, 5.6.4).
func unquoted(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	var b strings.Builder
	inner := value[1 : len(value)-1]
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' && i+1 < len(inner) {
			i++
		}
		b.WriteByte(inner[i])
	}
	return b.String()
}

// payloadOf is the data as JSON: itself where it is JSON, a string where it is
// text, else {"data_base64": …}, as the JSON format writes it.
func payloadOf(e *event.Event) (json.RawMessage, error) {
	data := e.Data()
	media, _, _ := mime.ParseMediaType(e.DataContentType())
	switch {
	case len(data) == 0:
		return json.RawMessage("{}"), nil
	case e.DataContentType() == "" || isJSON(media):
		// No content type means JSON (CloudEvents 1.0.2, "datacontenttype").
		if !isDocument(data) {
			return nil, &refusal{http.StatusBadRequest, "The data is not JSON, and no datacontenttype says what it is.", nil}
		}
		if string(bytes.TrimSpace(data)) == "null" {
			return json.RawMessage("{}"), nil
		}
		return data, nil
	case strings.HasPrefix(media, "text/") && utf8.Valid(data):
		return json.Marshal(string(data))
	}
	return json.Marshal(map[string][]byte{"data_base64": data})
}

// attributesOfEvent are the context attributes, extensions among them, whose
// names can't be the others'.
func attributesOfEvent(e *event.Event) map[string]any {
	attrs := map[string]any{"specversion": e.SpecVersion(), "id": e.ID(), "source": e.Source(), "type": e.Type()}
	for name, value := range e.Extensions() {
		attrs[name] = value
	}
	for name, value := range map[string]string{
		"subject": e.Subject(), "datacontenttype": e.DataContentType(), "dataschema": e.DataSchema(),
	} {
		if value != "" {
			attrs[name] = value
		}
	}
	if at := e.Time(); !at.IsZero() {
		attrs["time"] = at.Format(time.RFC3339Nano)
	}
	return attrs
}

// laneOf asks the operator's expression, which sees the event in binary mode;
// else takes the partition key, or the subject, which means something within
// its source only.
func (s *Source) laneOf(e *event.Event, attrs map[string]any, r *http.Request, payload json.RawMessage, by *proof) (string, error) {
	if s.expressions[attrLane] != nil {
		req := s.shown(r, payload)
		// In structured mode a header of that name is no attribute, and no
		// signature covers it.
		maps.DeleteFunc(req.Headers, func(name string, _ []string) bool { return strings.HasPrefix(name, ceHeader) })
		req.Headers.Set("Content-Type", e.DataContentType())
		for name, value := range attrs {
			req.Headers[http.CanonicalHeaderKey(ceHeader+name)] = []string{fmt.Sprint(value)}
		}
		return s.ask(attrLane, by, req)
	}
	if key, ok := e.Extensions()[partitionKey].(string); ok && key != "" {
		return key, nil
	}
	if e.Subject() != "" {
		return e.Source() + "|" + e.Subject(), nil
	}
	return "", nil
}

// permission answers a sender that asks whether it may send (CloudEvents HTTP
// 1.1 Web Hooks 1.0.2, 4); nil is for any other request.
func (s *Source) permission(r *http.Request) *router.Response {
	origin := r.Header.Get("WebHook-Request-Origin")
	if r.Method != http.MethodOptions || !slices.Contains(s.origins, origin) {
		return nil
	}
	return &router.Response{Status: http.StatusOK, Header: http.Header{
		"Allow": {http.MethodPost}, "Webhook-Allowed-Origin": {origin}, "Webhook-Allowed-Rate": {"*"},
	}}
}
