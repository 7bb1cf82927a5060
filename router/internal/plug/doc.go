// Package plug runs plugins: it starts their programs, speaks the contract of
// sdk/proto with them, keeps them running and ends them. It is the only room
// that knows go-plugin and gRPC.
//
// Start at Catalog, which the router calls plugin actions through, and at
// Stage, by which a load or reload builds the next set of plugins and swaps it
// in. Below them:
//
//	plugin    one configured plugin: supervised, restarted, drained
//	instance  one life of it: a handshake, a connection, calls in flight
//	          (start.go, stream.go, outcome.go; facade.go is version 1)
//	process   the operating system's side: group, signals, pipes
//
// go-plugin gives the handshake, AutoMTLS and the connection. All else is done
// here, because a plugin must not be able to hang, crash, flood or read its
// host: the process group, the pipes, the log, time limits, supervision and
// draining.
//
// The room is not for what a plugin's values mean: that is the configuration's,
// which turns schemas into checks on the operator's own lines.
package plug
