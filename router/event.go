package router

import (
	"encoding/json"
	"fmt"
	"time"
)

// Notice is what arrived at a source, not yet an event: the source has
// authenticated who sent it, but what it tells of is still to be fetched (or,
// where the notice carries its payload, to be decoded).
type Notice struct {
	// Source is the name of the source it came in by: "appdirect.acme".
	Source string `json:"source"`
	// Key is the event's identity within the source, known before anything is
	// fetched; "" means that the notice has none and is never deduplicated.
	Key string `json:"key,omitempty"`
	// Address is where the payload is to be fetched; "" means that Body is it
	// and that Fetch needs no network.
	Address string `json:"address,omitempty"`
	// Base is the base address of the marketplace or store that answers go to.
	Base string `json:"base,omitempty"`
	// Token is the event's own name at the caller's: the last path segment of
	// an AppDirect event address.
	Token string `json:"token,omitempty"`
	// Credential names the credential that authenticated the notice and signs
	// what is sent back. It is a name (a consumer key, a username), no secret.
	Credential string `json:"credential,omitempty"`
	// Format is the form the caller wants its answer in ("json", "xml"). But for
	// Again it is the only field in which a repeat may differ from the first
	// notice.
	Format string `json:"format,omitempty"`
	// RequestID is the caller's own correlation id, for the log.
	RequestID string `json:"request_id,omitempty"`
	// Type is the event's type, where the request itself tells it; then the
	// limits of that type hold from the start.
	Type string `json:"-"`
	// Again is where a caller that is told to wait asks again, in the source's
	// own words. As with Format, each request has its own.
	Again string `json:"-"`
	// Unkept keeps the event out of the journal: it lives in memory, and only
	// while its caller waits. Nothing that it carries is logged. Its type is
	// Synchronous, and it has no Key.
	Unkept bool `json:"-"`
	// Body is the request's body as received, secrets struck out.
	Body []byte `json:"-"`
	// Received is when the request came in. Every limit counts from here.
	Received time.Time `json:"received"`
}

// Event is the journaled fact that a verified notice becomes.
type Event struct {
	// ID is a UUIDv7, ours; it sorts by the time of receipt.
	ID     string
	Source string
	// Type is the protocol's own name: an open set ("SUBSCRIPTION_ORDER",
	// "Balance_Due", "delivery.failed").
	Type string
	Flag Flag
	// Lane is the ordering key; never "" once the payload is known.
	Lane string
	// Seq is the place in the lane, taken when the payload is known. It grows.
	Seq      int64
	Received time.Time
	// Payload is the protocol's payload object in its one normalised JSON form.
	Payload json.RawMessage
	// Attributes is all else the protocol says of the event (creator,
	// marketplace, …), normalised JSON too.
	Attributes json.RawMessage
	// Extra is what the source's kind has of its own at the top of the envelope:
	// a compact JSON object whose members SourceKind.Extra declares, or nil. Like
	// the type it is kept as long as the event is.
	Extra json.RawMessage
	// Raw is the document as received, before it was normalised.
	Raw []byte
	// Notice is how the event came in, which is what its answer needs.
	Notice Notice
	// CausedBy is the id of the event that this failure event tells of, or "".
	CausedBy string
	// Plan is the digest of the plan that the event is routed by, to its end.
	Plan string
}

// Key is the event's identity within its source, or "" where it has none. A
// STATELESS event never takes one: its tokens are constants.
func (e *Event) Key() string {
	if e.Flag == FlagStateless {
		return ""
	}
	return e.Notice.Key
}

// Flag says that an event is not a customer's. It is the protocol's own word.
type Flag string

const (
	// FlagNone marks a live event.
	FlagNone Flag = ""
	// FlagStateless marks a ping: it is answered well-formed, shown in the log
	// and runs nothing.
	FlagStateless Flag = "STATELESS"
	// FlagDevelopment marks a vendor's own test; routes and plugins see it.
	FlagDevelopment Flag = "DEVELOPMENT"
)

// Envelope is the one JSON form in which expressions and plugins see an event.
// The members of Event.Extra stand beside these.
type Envelope struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	Type       string          `json:"type"`
	Flag       Flag            `json:"flag"`
	Lane       string          `json:"lane"`
	Received   time.Time       `json:"received"`
	Payload    json.RawMessage `json:"payload"`
	Attributes json.RawMessage `json:"attributes"`
	CausedBy   string          `json:"caused_by,omitempty"`
}

// Envelope writes the event as expressions and plugins see it.
func (e *Event) Envelope() ([]byte, error) {
	b, err := json.Marshal(Envelope{
		ID: e.ID, Source: e.Source, Type: e.Type, Flag: e.Flag, Lane: e.Lane, Received: e.Received.UTC(),
		Payload: orEmptyObject(e.Payload), Attributes: orEmptyObject(e.Attributes), CausedBy: e.CausedBy,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the event: %w", err)
	}
	if len(e.Extra) > len("{}") {
		b = append(append(b[:len(b)-1], ','), e.Extra[1:]...)
	}
	return b, nil
}

func orEmptyObject(v json.RawMessage) json.RawMessage {
	if len(v) == 0 {
		return json.RawMessage("{}")
	}
	return v
}
