package router

// Watch has see told of each fact, right before it is applied: by which run, to
// which event, and what was known of it then. Two runs of one event are two
// lives of it. It comes before Start.
func (r *Router) Watch(see func(run any, e Event, s State, f Fact)) {
	r.watch = func(x *run, f Fact) { see(x, x.event, x.state, f) }
}

// Places counts the events that have a place in a lane.
func (r *Router) Places() int {
	r.lanes.mu.Lock()
	defer r.lanes.mu.Unlock()
	n := len(r.lanes.places)
	for _, l := range r.lanes.byName {
		n = max(n, len(l.queue))
	}
	return n
}
