package sdk

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Event is the event as every plugin sees it. As JSON it is the envelope of the
// wire, Extra's values beside the others.
type Event struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	Type       string          `json:"type"`
	Flag       string          `json:"flag"` // "", "STATELESS" or "DEVELOPMENT"
	Lane       string          `json:"lane"`
	Received   time.Time       `json:"received"`
	Payload    json.RawMessage `json:"payload"`
	Attributes json.RawMessage `json:"attributes"`
	CausedBy   string          `json:"caused_by"`
	// Extra is what only the events of some protocols have, by name: "addon" of
	// AppDirect's is true for an add-on's.
	Extra map[string]json.RawMessage `json:"-"`
}

// Development reports whether the event is a vendor's own test: provision for
// test, bill nobody, mail no customer.
func (e Event) Development() bool { return e.Flag == "DEVELOPMENT" }

// UnmarshalJSON reads an envelope. It goes over the payload once: most of an
// event is payload.
func (e *Event) UnmarshalJSON(raw []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	*e = Event{Payload: members["payload"], Attributes: members["attributes"]}
	for name, into := range map[string]any{
		"id": &e.ID, "source": &e.Source, "type": &e.Type, "flag": &e.Flag, "lane": &e.Lane,
		"received": &e.Received, "caused_by": &e.CausedBy, "payload": nil, "attributes": nil,
	} {
		member, given := members[name]
		delete(members, name)
		if !given || into == nil {
			continue
		}
		if err := json.Unmarshal(member, into); err != nil {
			return err
		}
	}
	if len(members) > 0 {
		e.Extra = members
	}
	return nil
}

// MarshalJSON writes an envelope, what is extra last.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	b, err := json.Marshal(plain(e))
	if err != nil || len(e.Extra) == 0 {
		return b, err
	}
	b = b[:len(b)-len("}")]
	for _, name := range slices.Sorted(maps.Keys(e.Extra)) {
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, ','), quoted...), ':')
		b = append(b, e.Extra[name]...)
	}
	return append(b, '}'), nil
}
