// Package bench measures the real journey on this machine, and beside it, in
// the same run, the three things that no journey can do without: a handler
// that only verifies the signature, the journal alone, and the stream to a
// plugin alone. What they cost together, divided by what the journey costs, is
// its efficiency.
//
// The daemon is a process of its own, and so is its plugin, so that their CPU
// time and memory are theirs alone; the load and the marketplace share this
// one. All of it is on loopback addresses and in a temporary directory, and
// none of it stays.
//
// Start with bench.go (what is measured, and in what order), then load.go (how)
// and child.go (the processes). The room is no load generator for a daemon that
// serves: it sends to none but its own.
package bench
