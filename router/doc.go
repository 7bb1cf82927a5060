// Package router is an event's whole life, one file per step.
//
// A request comes in at a source (source.go) as a Notice, becomes an Event
// (event.go), is written down in the Journal (journal.go), routed by the Plan
// (route.go), and each Delivery of it is attempted until it has an Outcome
// (deliver.go); all outcomes fold into one Verdict (verdict.go), which the
// source tells its caller, at once or by a callback.
//
// Read in this order:
//
//	request.go   what a source's expressions see of a request
//	shape.go     what events look like, for who routes them
//	event.go     what arrives, and what it becomes
//	state.go     where an event can stand; Step, the whole machine, pure
//	waits.go     what it waits for, and until when
//	owes.go      what it still owes, and to whom
//	pending.go   who waits for its answer for too long
//	facts.go     what can happen to it, and what is then to be done
//	step.go      the rules: what starts, what ends, what is held (machine.go: on what)
//	apply.go     what each fact changes
//	retry.go     when something is tried again, under which key
//	again.go     what a restart and an operator change
//	handle.go    a request's way: receive → look up → fetch → accept → wait
//	fetch.go     getting the event, at once or behind a blind 202
//	accept.go    writing it down before anything runs
//	answer.go    who is told what, decided once
//	atonce.go    an answer that only a waiting caller can use ends with its wait
//	run.go       one event in memory: facts in, effects out, until it is settled
//	mailbox.go   the facts on their way to it
//	resume.go    the same after a restart or a rest
//	effects.go   how each effect is carried out
//	record.go    what attempts came to, for the log and the story
//	conclude.go  the verdict, with its reply
//	write.go     what of it is made durable, and when
//	lane.go      one lane, one event at a time
//	gate.go      before each plugin: breaker, rate, calls in flight
//	rest.go      what waits leaves memory, and comes back
//	line.go      in which order, and how much of it at one time
//	vault.go     what must not be read is covered while it is kept
//	claim.go     an event is read back by one at a time
//	failure.go   failures become events themselves
//	throttle.go  the same failure is not told again and again
//	summary.go   what a throttle has kept back is told in the end
//	refused.go   refused requests are told of together
//	health.go    the journal fails; work is late
//	observe.go   who counts all that
//	operator.go  what an operator can ask for
//	rehearse.go  all of it without the world, for tests of routes
//	router.go    start, stop, swap
//
// No configuration language, no plugin protocol, no database and no source's
// protocol shows here: they live in internal/, one room each. The package is
// wired up in router/daemon. It imports the standard library, zerolog and uuid.
package router
