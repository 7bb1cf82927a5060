// Package subscriptionbridge is the bundled plugin that speaks SubscriptionBridge
// outwards: it tells a cart what became of a subscription, as SubscriptionBridge
// told carts, and it calls a server that takes SubscriptionBridge's requests, as
// carts did. Such a server is another signalbox.
//
// callback posts an SB_Callback to a store's Callback URL (SubscriptionBridge
// wiki, "Callback URL"): the subscription's id and an event code, not signed. The
// known receiver, ProductCart, reads the id as Guid where the wiki has GUID; the
// post holds both. ProductCart acts on sb_n_4c and sb_n_6b alone, which tell of a
// payment: it repeats the order. It complains in plain text, with status 200.
//
// event_request and notification_request are one call under two names: they ask
// the server to fire one of five Actions for a subscription. Success and Warning
// are success; a Warning most often means that the server has the event and is
// not done with it. The protocol has no event id: the server knows a repeat by
// its store, subscription and Action, and signalbox does so for ten minutes after
// it was finished. Two deliveries of one Action within that time are therefore
// one event there.
//
// A DEVELOPMENT event is not sent, since nothing in these documents could tell
// it from a customer's; the delivery succeeds with suppressed = true. The
// configuration's development = true sends it: to a test store.
//
// Start at [New]; callback.go and call.go are the two sides, document.go the XML
// and the token.
package subscriptionbridge
