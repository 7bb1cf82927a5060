// Package routes says what the routes of a configuration are, and what they
// would do with an event: which take it and why others don't, what each
// delivery would be given, and what the caller would be told. Nothing is
// called, opened or written; the plugins are started to ask what they can do.
//
// Start with Open. event.go makes the event that is asked about, answer.go
// what is said of it; tests.go reads tests, and tests_run.go runs them; graph.go
// draws the routes. backtest.go compares two plans on the events of the past.
package routes
