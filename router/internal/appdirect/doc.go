// Package appdirect is the AppDirect source: it turns a marketplace's
// integration event notifications into events, and verdicts into results.
//
// The journey: a marketplace calls with the address of an event (receive.go),
// its credentials are checked (credentials.go), and which event it names
// (notification.go), at which marketplace (address.go, marketplaces.go), the
// event is fetched (fetch.go, exchange.go), from public addresses only
// (guard.go), its JSON or XML form read into the one normalised form (event.go,
// and below it tree.go, json.go, shape.go and normalise.go), and the verdict told
// in the response (result.go) or, later, in a callback (callback.go). kind.go,
// settings.go and products.go say what the configuration may hold.
//
// Credentials are shared, which both sides sign with (shared.go), or separate:
// HTTP Basic (basic.go) or a bearer token (bearer.go) for what comes in, which is
// issued here (issued.go, tokenendpoint.go) or by a server of the vendor's own
// (issuer.go, keys.go), and tokens of the marketplace for what goes out
// (separate.go).
//
// Two other callers have ways of their own: a customer's browser, which waits
// and is sent back (interactive.go, waiting.go, page.go), and a checkout that
// has a form checked (validation.go, validated.go).
//
// The same codec writes events and reads results (encode.go, result.go), for a
// simulated marketplace.
//
// It is not where events are remembered, deduplicated, routed or retried: a
// Source keeps no state of events. Nothing of AppDirect's own forms leaves it
// but the normalised event, which keeps AppDirect's names.
//
// Start at Source in source.go.
package appdirect
