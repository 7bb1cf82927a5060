// Package webhook is the bundled plugin that posts events to a URL of the
// operator's: the way into a system that has no plugin of its own.
//
// The body is JSON: delivery (the id, the same in all attempts), attempt,
// event (the envelope that every plugin sees) and data (whatever the route
// gives). It is signed as the Standard Webhooks specification says: header
// webhook-id (a digest of the idempotency key; one id, one effect),
// webhook-timestamp and webhook-signature ("v1," and the HMAC-SHA256), so that
// any of that specification's libraries can verify it. DEVELOPMENT events are
// posted like all others; event.flag tells them apart.
//
// A 2xx is success, and what it holds is the delivery's output: status, body,
// and json where the body is JSON. A receiver refuses for good with a 4xx,
// whose JSON body may name a code (for the route's mapping) and a
// public_message (which the marketplace's customer may read).
//
// Start at [New]; sign.go makes the signature.
package webhook
