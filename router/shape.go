package router

import "encoding/json"

// Shape is what the events of some types look like, so that a route that names
// what none of them has is told so before an event comes.
//
// The types of the two documents are in cty's JSON form, as Attr.Type is. A
// member that its object calls optional may be absent; any other is in every such
// event whose object is there. "dynamic" is what nothing is known of: an open map.
type Shape struct {
	// On are the event types; none stands for all that no other Shape names.
	On []string
	// Payload and Attributes are types; nil is "dynamic".
	Payload, Attributes json.RawMessage
	// More: the attributes may have other members beside those.
	More bool
}
