package router

import (
	"slices"
	"time"
)

// Rehearse carries an event through its whole life without the world: it is
// routed by the plan, each delivery comes to what outcome says of it
// ("route/name"), and all of it is folded into the verdict. Nothing is called,
// written down or told, and no time passes: a delivery that would be tried again
// is given up at once, a throttle has seen nothing before, and what is held
// stays so. Of deliveries that run at the same time the optional ones end first,
// so that a failure of theirs makes a warning where it can, and the others as
// they began. The endpoint is nil for events of SourceSelf.
func Rehearse(plan *Plan, ep *Endpoint, e Event, outcome func(delivery string) Outcome) State {
	r := New(Options{Caller: anyAction{}})
	defer r.cancel()
	close(r.throttles.restored)
	t := &Table{Plan: plan, Sources: map[string]*Endpoint{e.Source: ep}, Rules: DefaultRules()}
	r.Swap(t)
	x := &rehearsal{run: r.newRun(t, e), outcome: outcome}
	x.plan = plan
	x.state = State{Phase: Open, Quiet: true, Turn: true, Rules: DefaultRules()}
	if ep != nil {
		x.state.Late = ep.Source.Limits(e.Type).Late
	}
	if e.Flag == FlagStateless {
		return pinged(x.state)
	}
	x.apply(x.match())
	for len(x.started) > 0 {
		i := max(0, slices.IndexFunc(x.started, func(a Attempt) bool { return x.state.delivery(a.Name).Optional }))
		next := x.started[i]
		x.started = slices.Delete(x.started, i, i+1)
		x.apply(x.end(next))
	}
	return x.state
}

// rehearsal is a run whose effects stay within it.
type rehearsal struct {
	*run
	outcome func(delivery string) Outcome
	started []Attempt // and not ended yet
}

func (x *rehearsal) apply(f Fact) {
	effects := x.state.step(f)
	if a, ok := f.(Attempted); ok && a.Outcome.Kind == Succeeded {
		if err := x.scope.Output(a.Name, a.Outcome.Output); err != nil {
			effects = append(effects, x.state.step(Stuck{At: a.At, Why: err.Error()})...)
		}
	}
	for _, e := range effects {
		switch e := e.(type) {
		case Attempt:
			x.started = append(x.started, e)
		case Conclude:
			x.apply(x.conclude(e))
		}
	}
}

// end is how an attempt ends. There is no second one.
func (x *rehearsal) end(a Attempt) Fact {
	call, instead := x.prepare(a)
	if instead != nil {
		return instead
	}
	x.state.delivery(a.Name).Policy.Attempts = a.Number
	now := time.Now()
	return Attempted{Began: now, At: now, Name: a.Name, Outcome: x.outcome(a.Name), Input: call.Input}
}

// anyAction has every action, and is never called.
type anyAction struct{ Caller }

func (anyAction) Lookup(ActionRef) (Action, bool) { return Action{}, true }
