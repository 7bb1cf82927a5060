package router

import "time"

// Observer is told what happens, for metrics and tests. Its methods are called
// by many goroutines at once; they must not block and must not call the Router.
type Observer interface {
	// Answered: a caller of the source was told this, so long after its request
	// came in.
	Answered(source string, kind VerdictKind, took time.Duration)
	// Refused: the source refused a request.
	Refused(source string)
	// Accepted: an event, or a blind notice (its type is ""), is in the journal,
	// or, if it is not to be kept, in memory.
	Accepted(source, eventType string)
	// Fetched: a fetch has ended, well if failure is nil. Passing failures come
	// again.
	Fetched(source string, failure *FetchError, took time.Duration)
	// Attempted: an attempt of a delivery has ended. One that never left is none.
	Attempted(to ActionRef, kind OutcomeKind, took time.Duration)
	// CalledBack: an attempt of a callback has ended.
	CalledBack(source string, kind OutcomeKind, took time.Duration)
	// Failed: a failure event of this type was caused.
	Failed(eventType string)
	// Finished: nothing is left to do for an event. It may not be durable yet,
	// and is told again when an operator has had it run anew.
	Finished(e *Event, s *State)
}

// unobserved is the Observer of a Router that has none.
type unobserved struct{}

func (unobserved) Answered(string, VerdictKind, time.Duration)     {}
func (unobserved) Refused(string)                                  {}
func (unobserved) Accepted(string, string)                         {}
func (unobserved) Fetched(string, *FetchError, time.Duration)      {}
func (unobserved) Attempted(ActionRef, OutcomeKind, time.Duration) {}
func (unobserved) CalledBack(string, OutcomeKind, time.Duration)   {}
func (unobserved) Failed(string)                                   {}
func (unobserved) Finished(*Event, *State)                         {}
