package router

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// carryOut does one effect. Only Flush can fail.
func (x *run) carryOut(e Effect) error {
	switch e := e.(type) {
	case Flush:
		return x.flush()
	case Note:
		x.note()
	case Fetch:
		x.startFetch()
	case Attempt:
		x.startAttempt(e)
	case Conclude:
		return x.apply(x.conclude(e))
	case Answer:
		x.tellCallers(e.Verdict)
	case CallBack:
		x.startCallback()
	case Emit:
		x.cause(e)
	}
	return nil
}

// route asks the plan which deliveries the event has.
func (x *run) route() error { return x.apply(x.match()) }

// match is pure but for the scope it opens. All routes, and the inputs of all
// required deliveries that can start at once, are evaluated before anything runs.
func (x *run) match() Fact {
	now := time.Now()
	failed := func(err error) Fact {
		return Decided{At: now, Verdict: Verdict{Kind: Error, Code: CodeFailed}, Why: err.Error()}
	}
	if x.scope == nil {
		scope, err := x.plan.Open(&x.event)
		if err != nil {
			return failed(fmt.Errorf("reading the event: %w", err))
		}
		x.scope = scope
	}
	routes, err := x.plan.Match(&x.event, x.scope)
	if err != nil {
		return failed(err)
	}
	if len(routes) == 0 {
		return x.unrouted(now)
	}
	x.inputs = map[string]json.RawMessage{}
	passed := map[string]bool{}
	for _, route := range routes {
		for i := range route.Deliver {
			spec := &route.Deliver[i]
			if len(spec.Needs) > 0 || spec.OnFailure {
				continue
			}
			name := route.Name + "/" + spec.Name
			runs, input, err := spec.evaluate(x.scope)
			switch {
			case err == nil && runs:
				x.inputs[name] = input
			case err == nil:
				passed[name] = true
			case !spec.Optional: // which ends by itself, when its turn comes
				return failed(fmt.Errorf("route %q: %w", route.Name, err))
			}
		}
	}
	f := Routed{At: now}
	if routes, f.Throttled = x.throttle(routes); len(routes) == 0 {
		return Decided{At: now, Verdict: Verdict{Kind: Success}, Why: "throttled: its routes have told of the same before", Throttled: f.Throttled}
	}
	x.routes = routes
	for _, route := range routes {
		f.Routes = append(f.Routes, route.Name)
		for i := range route.Deliver {
			d := x.delivery(route, &route.Deliver[i])
			if passed[d.Name] {
				d.passOver()
			}
			f.Deliveries = append(f.Deliveries, d)
		}
	}
	return f
}

// evaluate asks whether the delivery runs, and with which input.
func (spec *Spec) evaluate(scope Scope) (runs bool, input json.RawMessage, err error) {
	if spec.When != nil {
		if runs, err = spec.When(scope); err != nil || !runs {
			return false, nil, err
		}
	}
	input, err = spec.Input(scope)
	return true, input, err
}

func (x *run) unrouted(now time.Time) Fact {
	if x.event.Source == SourceSelf || x.endpoint != nil && x.endpoint.AcceptUnrouted {
		return Decided{At: now, Verdict: Verdict{Kind: Success}, Why: "no route takes it"}
	}
	return Decided{At: now, Verdict: Verdict{Kind: Error, Code: CodeUnrouted}, Why: "no route takes it"}
}

// delivery makes the state of a delivery from the plan's.
func (x *run) delivery(route *Route, spec *Spec) Delivery {
	d := Delivery{
		Name: route.Name + "/" + spec.Name, To: spec.To, Optional: spec.Optional, Ordered: spec.Ordered,
		OnFailure: spec.OnFailure, Policy: spec.Policy, Status: Waiting, Rev: 1,
	}
	for _, n := range spec.Needs {
		d.Needs = append(d.Needs, route.Name+"/"+n)
	}
	if a, ok := x.r.opt.Caller.Lookup(spec.To); ok {
		d.Lifetime = a.KeyLifetime
	}
	return d
}

// refresh gives deliveries from the journal what only the plan and the present
// catalog know.
func (x *run) refresh() {
	for _, route := range x.routes {
		for i := range route.Deliver {
			fresh := x.delivery(route, &route.Deliver[i])
			if d := x.state.delivery(fresh.Name); d != nil {
				d.To, d.Needs, d.Policy, d.Lifetime = fresh.To, fresh.Needs, fresh.Policy, fresh.Lifetime
			}
		}
	}
}

// spec finds the plan's side of a delivery, with its route.
func (x *run) spec(name string) (*Route, *Spec) {
	for _, route := range x.routes {
		for i := range route.Deliver {
			if route.Name+"/"+route.Deliver[i].Name == name {
				return route, &route.Deliver[i]
			}
		}
	}
	return nil, nil
}

// startAttempt calls the plugin, or says why it can't be called.
func (x *run) startAttempt(a Attempt) {
	call, instead := x.prepare(a)
	if instead != nil {
		x.post(instead)
		return
	}
	timeout, latest := x.state.delivery(a.Name).Policy.Timeout, x.latest()
	x.busy++
	x.r.work(func() {
		x.attempt(call, timeout, latest, func(began time.Time, o Outcome) {
			// Now, not before the call: a reload meanwhile may have brought another key,
			// or a plugin that calls more sensitive.
			input, output := x.r.schemas(call.To)
			kept := a.Input
			if kept == nil {
				kept = x.r.opt.Vault.Seal(input, call.Input)
			}
			o.Output = x.r.opt.Vault.Seal(output, o.Output)
			x.post(Attempted{Began: began, At: time.Now(), Name: a.Name, Outcome: o, Input: kept, Roll: roll()})
		})
	})
}

// prepare makes the call of an attempt. A fact that is not nil comes in its
// place: the call can't be made, or the delivery is passed over.
func (x *run) prepare(a Attempt) (call Call, instead Fact) {
	d := x.state.delivery(a.Name)
	stuck := func(why string) (Call, Fact) { return Call{}, Stuck{At: time.Now(), Name: a.Name, Why: why} }
	if _, ok := x.r.opt.Caller.Lookup(d.To); !ok {
		return stuck("there is no action " + d.To.String())
	}
	input, err := x.r.opt.Vault.Open(a.Input)
	if err != nil {
		return stuck("its input: " + err.Error())
	}
	if input == nil {
		input = x.inputs[a.Name]
		delete(x.inputs, a.Name)
	}
	if input == nil {
		if x.scope == nil {
			if err := x.reopen(); err != nil {
				return stuck(err.Error())
			}
			d = x.state.delivery(a.Name)
		}
		_, spec := x.spec(a.Name)
		if spec == nil {
			return stuck("the plan that the event began with has no such delivery")
		}
		if d.OnFailure {
			x.scope.Failed(x.state.failing())
		}
		var runs bool
		if runs, input, err = spec.evaluate(x.scope); err != nil {
			return stuck(err.Error())
		}
		if !runs {
			return Call{}, PassedOver{At: time.Now(), Name: a.Name}
		}
	}
	if call, err = x.call(d, a.Number, a.Generation, input); err != nil {
		return stuck(err.Error())
	}
	return call, nil
}

// call is an attempt as the plugin gets it, but for its deadline.
func (x *run) call(d *Delivery, number, generation int, input json.RawMessage) (Call, error) {
	envelope, err := x.event.Envelope()
	if err != nil {
		return Call{}, err
	}
	id := x.event.ID + "/" + d.Name
	return Call{
		To: d.To, Delivery: id, Key: id + ":" + strconv.Itoa(generation), Attempt: number, Event: envelope, Input: input,
	}, nil
}

// attempt goes through the plugin's gate, makes the call and has the outcome
// posted. It ends by the latest time, unless that is zero.
func (x *run) attempt(call Call, timeout time.Duration, latest time.Time, post func(began time.Time, o Outcome)) {
	began := time.Now()
	ctx := x.r.ctx
	if !latest.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, latest)
		defer cancel()
	}
	pass, ok := x.r.gates.of(call.To.Plugin).enter(ctx, func(o Outcome) { post(began, o) })
	if !ok {
		return
	}
	began = time.Now()
	call.Deadline = began.Add(timeout)
	if !latest.IsZero() && latest.Before(call.Deadline) {
		call.Deadline, pass.hurried = latest, true
	}
	ctx, cancel := context.WithDeadline(ctx, call.Deadline)
	defer cancel()
	pass.leave(x.r.opt.Caller.Call(ctx, call), func(o Outcome) { post(began, o) })
}

// tellCallers lets those who wait have the settled verdict, or, if there is
// none, that the answer comes later.
func (x *run) tellCallers(v *Verdict) {
	if v == nil {
		if x.answerOnce(Verdict{Kind: Accepted}) {
			x.post(Overdue{At: time.Now()})
		}
		return
	}
	x.answerOnce(*v)
}

// startCallback makes one callback attempt.
func (x *run) startCallback() {
	x.busy++
	event, verdict := x.event, *x.state.Verdict
	x.r.work(func() {
		began := time.Now()
		outcome := Outcome{Kind: Retry, Detail: "the source is not configured any more"}
		if ep := x.source(); ep != nil {
			outcome = x.r.callBack(ep, &event, verdict)
		}
		x.post(CalledBack{Began: began, At: time.Now(), Outcome: outcome, Roll: roll()})
	})
}

// callbackTimeout bounds one callback: a marketplace answers in milliseconds,
// and nobody waits.
const callbackTimeout = 30 * time.Second
