// Package subscriptionbridge speaks SubscriptionBridge: it is the source that
// takes EventRequests in, and their twins NotificationRequests, answers them, and
// tells callers the time.
//
// A call is one XML document in a POST: <EventRequest> with Username, Token,
// GUID and Action. The token is made of a password, a key and the minute; it
// signs neither the GUID nor the Action, and every call of one store within a
// minute carries the same one. TLS is the call's only integrity, so the daemon
// must never be reached in the clear.
//
// Start with receive.go, which follows a request to its notice; form.go finds
// the document in it, document.go reads the XML, store.go and token.go check who
// sent it, address.go from where. event.go makes the event, and answer.go writes
// what the caller is told, with what compat.go adds for older clients. client.go
// is the caller's side, for the simulator; settings.go the configuration, and
// source.go holds what else the router asks of a source.
//
// The room is not for what an Action does: that is the routes' business.
// Subscription_Canceled, too, only tells that it is so.
package subscriptionbridge
