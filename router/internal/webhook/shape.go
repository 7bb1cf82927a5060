package webhook

import (
	"encoding/json"

	"github.com/signalbox/signalbox/router"
)

// What the events of both kinds look like beside their payload, which is the
// sender's affair.

// webhookShapes: a request without a query has none in its attributes.
func webhookShapes() []router.Shape {
	return []router.Shape{{Attributes: json.RawMessage(`["object",{"headers":"dynamic","query":"dynamic"},["query"]]`)}}
}

// cloudEventShapes are the context attributes (CloudEvents 1.0.2, "Context
// Attributes"); beside them an event has what extensions it likes.
func cloudEventShapes() []router.Shape {
	return []router.Shape{{
		Attributes: json.RawMessage(`["object",{"specversion":"string","id":"string","source":"string","type":"string",` +
			`"subject":"string","datacontenttype":"string","dataschema":"string","time":"string"},["datacontenttype","dataschema","subject","time"]]`),
		More: true,
	}}
}
