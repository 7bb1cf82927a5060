// Package subscriptionbridge speaks SubscriptionBridge: it is the source that
// takes EventRequests in, answers them, and tells callers the time.
//
// A call is one XML document in a POST: <EventRequest> with Username, Token,
// GUID and Action. The token is made of a password, a key and the minute; it
// signs neither the GUID nor the Action, and every call of one store within a
// minute carries the same one. TLS is the call's only integrity, so the daemon
// must never be reached in the clear.
//
// Start with receive.go, which follows a request to its notice and event;
// document.go reads the XML, token.go checks who sent it, answer.go writes what
// the caller is told, and client.go is the caller's side, for the simulator.
// source.go holds the configuration and what else the router asks of a source.
//
// The room is not for what an Action does: that is the routes' business.
// Subscription_Canceled, too, only tells that it is so.
package subscriptionbridge
