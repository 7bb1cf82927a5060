// Package config turns the operator's HCL into typed settings and a
// router.Plan. It is the only room that knows HCL and cty; none of their types
// shows in what it exports.
//
// Load reads a file or a directory, checks all that can be known before an
// event has come, and gives either a whole Config or the reasons why there is
// none, each with the operator's line and a way out. Compile makes the plan
// again from the snapshot that the journal keeps, so that an event ends under
// the plan it began with.
//
// The room starts no plugin, opens no socket and keeps no state: what it needs
// of the world is lent to it in Env. It is not for carrying out a plan either;
// the closures of the plan evaluate expressions, and package router decides
// when.
//
// Start with config.go (what comes out), then files.go (what is read, and what is
// refused), syntax.go and jsonbody.go (two syntaxes become one) and load.go (the
// order in which a configuration is read). A route goes through route.go and deliver.go into a
// draft, through snapshot.go into the journal's form, and through plan.go into
// closures; scope.go is what expressions see of an event at run time, and
// reference.go the short way for those that only name something. shape.go is what is
// known of an event before it comes, absent.go what a field that it lacks reads as,
// and absence.go finds the conditions that this surprises. explain.go says
// in words what the routes do with an event, and tests.go reads what an operator
// expects of them.
package config
