// Package operator is what an operator's commands need of a running daemon:
// where it answers, and how to ask it. Start with Dial.
//
// It holds no code of its own beyond that: the client, and the documents that
// it gives, are the admin API's (/v1).
package operator
