// Package pluginv1 is the public contract between signalbox and its plugins,
// protocol version 1: plugin.proto, the Go code generated from it, and the
// constants of the handshake.
//
// Start at plugin.proto. A field, a type or a call that was published never
// changes; contract.txt lists them all and a test holds the generated code to
// it. The package is for the host and the SDK; a plugin in Go uses package sdk
// and never sees it.
package pluginv1

//go:generate sh generate.sh
