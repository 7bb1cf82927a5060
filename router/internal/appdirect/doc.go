// Package appdirect is the AppDirect source: it turns a marketplace's
// integration event notifications into events, and verdicts into results.
//
// The journey: a marketplace calls with the address of an event (receive.go),
// the signature and the address are checked (address.go), the event is fetched
// (fetch.go), its JSON or XML form read into the one normalised form (event.go,
// and below it tree.go, json.go, shape.go and normalise.go), and the verdict told in the
// response (result.go) or, later, in a callback (callback.go). kind.go and
// settings.go say what the configuration may hold.
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
