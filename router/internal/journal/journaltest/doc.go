// Package journaltest is the conformance suite of journals: every sentence of
// router.Journal's contract is a case of Exercise, and an engine is one when it
// passes. What is an engine's own (its files, its locks, how it heals) is
// tested beside the engine.
//
// Start at exercise.go; build.go makes the events that the cases write, and
// faults.go what the sweeps of crashes and full disks share.
package journaltest
