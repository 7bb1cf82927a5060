package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/signalbox/signalbox/router"
)

// readWebhook reads a request whose body is the payload.
func (s *Source) readWebhook(r *http.Request, body []byte, by *proof) (arrival, error) {
	if err := checkJSON(r.Header.Get("Content-Type"), body); err != nil {
		return arrival{}, err
	}
	req := s.shown(r, body)
	id, err := s.need(attrID, by, req)
	if err != nil {
		return arrival{}, err
	}
	a := arrival{key: id, token: id}
	if a.Type, err = s.need(attrType, by, req); err != nil {
		return arrival{}, err
	}
	if a.Lane, err = s.ask(attrLane, by, req); err != nil {
		return arrival{}, err
	}
	a.Lane = shortLane(a.Lane)
	a.Attributes, err = attributesOf(req)
	return a, err
}

// checkJSON takes an object or an array. Nobody sends a single value; and where
// id, time and body are signed as one text with full stops between, a number
// could be cut in another place.
func checkJSON(contentType string, body []byte) error {
	if contentType != "" {
		media, params, err := mime.ParseMediaType(contentType)
		charset := strings.ToLower(params["charset"])
		if err != nil || !isJSON(media) || charset != "" && charset != "utf-8" && charset != "us-ascii" {
			return &refusal{http.StatusUnsupportedMediaType, "Events are JSON in UTF-8 (application/json). Choose that in the webhook's settings.",
				fmt.Errorf("the content type %.100q is not JSON in UTF-8", contentType)}
		}
	}
	begin := bytes.TrimLeft(body, " \t\r\n")
	if !isDocument(body) || begin[0] != '{' && begin[0] != '[' {
		return &refusal{http.StatusBadRequest, "The body is not a JSON object or array.", nil}
	}
	return nil
}

// isJSON reports whether a media type is JSON, or made of it (RFC 6839, 3.1).
func isJSON(media string) bool {
	return media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
}

// shortLane puts a digest in the place of a lane that is too long for a key.
func shortLane(lane string) string {
	if len(lane) <= maxName {
		return lane
	}
	sum := sha256.Sum256([]byte(lane))
	return hex.EncodeToString(sum[:])
}

// isDocument reports whether these bytes are one JSON value (RFC 8259).
func isDocument(body []byte) bool { return utf8.Valid(body) && json.Valid(body) }

// attributesOf is what an event has beside its payload: the headers, under
// their names in lower case, and the query.
func attributesOf(req router.Request) (json.RawMessage, error) {
	attrs := struct {
		Headers map[string]string `json:"headers"`
		Query   map[string]string `json:"query,omitempty"`
	}{Headers: make(map[string]string, len(req.Headers)), Query: map[string]string{}}
	for name, values := range req.Headers {
		attrs.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	for name, values := range req.Query {
		attrs.Query[name] = strings.Join(values, ", ")
	}
	return json.Marshal(attrs)
}

// inHeader and inBody are where senders that this room knows have what others'
// operators must write an expression for.
func inHeader(name string) router.RequestText {
	return func(req router.Request) (string, error) { return req.Headers.Get(name), nil }
}

func inBody(name string) router.RequestText {
	return func(req router.Request) (string, error) { return topText(req.Body, name), nil }
}
