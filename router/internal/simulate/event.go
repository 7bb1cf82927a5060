package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
)

// Event is an event as a marketplace makes it up, in AppDirect's own field
// names.
type Event struct {
	// Type is an open set: SUBSCRIPTION_ORDER, USER_ASSIGNMENT, …
	Type string
	// Token is the event's name in its address. Send gives it one where it is "".
	Token string
	Flag  router.Flag
	// Payload is the protocol's payload object.
	Payload map[string]any
	// Attributes is all else: creator, marketplace, returnUrl. Send fills in the
	// marketplace.
	Attributes map[string]any
	// Form, if not "", is the form in which the event is spoken, FormJSON or
	// FormXML: the document has it whatever the vendor asks for, and the
	// notification asks for a result in it.
	Form string
	// Faults is what the marketplace does wrong when the event is fetched.
	Faults Faults
}

// ReadEvent reads an event from a document as a marketplace serves it, in JSON
// or XML, to be sent again. It gets a token, and the marketplace that sends it
// for the one that it was from, of which only the partner stays.
func ReadEvent(document []byte) (Event, error) {
	read, err := appdirect.Decode(document)
	if err != nil {
		return Event{}, fmt.Errorf("reading the event: %w", err)
	}
	e := Event{Type: read.Type, Flag: read.Flag, Payload: object{}, Attributes: object{}}
	for _, part := range []struct {
		raw  json.RawMessage
		into *map[string]any
	}{{read.Payload, &e.Payload}, {read.Attributes, &e.Attributes}} {
		d := json.NewDecoder(bytes.NewReader(part.raw))
		d.UseNumber() // a big identifier keeps all its digits
		if len(part.raw) > 0 && d.Decode(part.into) != nil {
			return Event{}, fmt.Errorf("reading the event: %q is not an object", part.raw)
		}
	}
	delete(e.Attributes, "returnUrl") // which is at the marketplace too
	if from, ok := e.Attributes["marketplace"].(object); ok {
		delete(from, "baseUrl")
	}
	return e, nil
}

// document is the event as the codec of the protocol writes one.
func (e *Event) document() (appdirect.Document, error) {
	payload, err := json.Marshal(e.Payload)
	if err != nil {
		return appdirect.Document{}, fmt.Errorf("writing the payload: %w", err)
	}
	attributes, err := json.Marshal(e.Attributes)
	if err != nil {
		return appdirect.Document{}, fmt.Errorf("writing the attributes: %w", err)
	}
	return appdirect.Document{Type: e.Type, Flag: e.Flag, Payload: payload, Attributes: attributes}, nil
}

// isAddon says that the event is an add-on product's.
func (e *Event) isAddon() bool {
	account, _ := e.Payload["account"].(map[string]any)
	parent, _ := account["parentAccountIdentifier"].(string)
	return parent != ""
}
