// Package admin is the operator's door: the API /v1 that a running daemon
// serves on its admin socket, and the client that the command line uses.
//
// Start with v1.go: the documents of the API. They last; within /v1 fields are
// added, and none is renamed, removed or given another meaning. No type of
// another package is ever marshalled, so that the rooms behind may change.
// admin.go has the routes and what the daemon must be able to do (Backend),
// events.go, again.go and system.go answer them, story.go turns what the journal knows
// into documents, plan.go shows plans, dry runs and whole pages of stories, filter.go reads and writes query strings, client.go is the
// other end.
//
// The room decides nothing about events: the router does. It authenticates
// nobody either: whoever can open the socket is an operator.
package admin
