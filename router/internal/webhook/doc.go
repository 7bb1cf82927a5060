// Package webhook takes in what others post: it is the source "webhook", for
// any JSON that a sender authenticates, and the source "cloudevents", for
// CloudEvents 1.0 over HTTP. One event comes in one POST, and the status of its
// answer is the verdict; nobody is called back.
//
// A sender proves itself by a header (proof.go; signature.go and password.go
// have the kinds of proof). What a webhook's event is called, of which type it
// is and to which lane it belongs is read by the operator's expressions, or
// where the sender is known to put it (webhook.go). A CloudEvent says all that
// itself (cloudevents.go; structured.go where it is one JSON document).
//
// Start with source.go, which follows a request to its notice and event;
// kind.go is what the configuration sees, and answer.go what the sender is told.
//
// The room fetches nothing, keeps nothing, and is not for sending: that is the
// plugin of the same name.
package webhook
