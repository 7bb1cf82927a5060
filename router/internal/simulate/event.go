package simulate

import (
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
