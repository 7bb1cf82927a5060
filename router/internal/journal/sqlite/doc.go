// Package sqlite keeps the journal in one SQLite file: the embedded default.
//
// One goroutine owns the connection that writes. It drains whatever is queued
// into one transaction, so that many callers share one flush (group commit),
// and tells them only after that flush. Readers have connections of their own
// and never wait for it (WAL).
//
// It is for one daemon with one state directory, which it locks. It is not for
// several daemons at once, and it knows nothing of what a state means: it
// stores what the router gives it and takes the columns that it searches by
// from State.Finished, State.Resumes and State.Hold.
//
// Start at sqlite.go (the journal's methods); then encode.go (what a change is
// in rows), queue.go, write.go (the writer and how it heals), read.go and
// schema.go.
package sqlite
