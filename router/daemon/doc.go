// Package daemon is the composition root and the embedding API: the one
// package that knows every room, builds them, and swaps them at a reload.
//
// Start with daemon.go (New, Start, Stop), then load.go (a configuration
// becomes sources, plugins and a plan) and reload.go (another takes its place:
// owed.go says what must stay, plans.go which plans do, listen.go and server.go
// how an address changes under those who are connected). The verbs of the command
// line have a file each: validate.go, client.go (the operator's), simulate.go;
// sandbox/ plays the whole thing on one machine. Nothing here decides what
// happens to an event: that is package router.
package daemon
