package router

import (
	"context"
	"encoding/json"
	"fmt"
)

// Vault covers what schemas call sensitive for as long as it is kept: a State,
// and so the journal, holds inputs, outputs and replies sealed. They are opened
// for the plugin, the expressions and the source that get them, and nowhere
// else. All methods may be called at once; none waits for anything.
type Vault interface {
	// Seal returns the JSON object with the values sealed that the schema calls
	// sensitive, and beside them those that it does not know; all of them, where
	// there is no schema to ask any more (nil). Whatever Open would take for
	// sealed is sealed too.
	Seal(s *Schema, plain json.RawMessage) json.RawMessage
	// Open returns what Seal was given, by any schema. What was never sealed is
	// returned as it is. An error says what is not there to open it with.
	Open(sealed json.RawMessage) (json.RawMessage, error)
}

// unsealed is the vault of a router that has none.
type unsealed struct{}

func (unsealed) Seal(_ *Schema, v json.RawMessage) json.RawMessage { return v }
func (unsealed) Open(v json.RawMessage) (json.RawMessage, error)   { return v, nil }

// schemas are those that an action has now; nil where a reload has taken it away.
func (r *Router) schemas(ref ActionRef) (input, output *Schema) {
	action, ok := r.opt.Caller.Lookup(ref)
	if !ok {
		return nil, nil
	}
	return &action.Input, &action.Output
}

// output has expressions see what a delivery gave.
func (x *run) output(d *Delivery) error {
	plain, err := x.r.opt.Vault.Open(d.Output)
	if err != nil {
		return fmt.Errorf("the output of %s: %w", d.Name, err)
	}
	return x.scope.Output(d.Name, plain)
}

// sealReply covers a reply by what the event's source calls sensitive.
func (r *Router) sealReply(source string, reply json.RawMessage) json.RawMessage {
	ep := r.Table().Sources[source]
	if ep == nil {
		return r.opt.Vault.Seal(nil, reply)
	}
	return r.opt.Vault.Seal(&ep.Reply, reply)
}

// openReply is a verdict as the source is to tell it.
func (r *Router) openReply(v Verdict) (Verdict, error) {
	plain, err := r.opt.Vault.Open(v.Reply)
	if err != nil {
		return v, fmt.Errorf("the reply: %w", err)
	}
	v.Reply = plain
	return v, nil
}

// callBack tells a verdict that is kept. One that can't be opened is told later:
// no answer is better than a wrong one, and an operator can find the key.
func (r *Router) callBack(ep *Endpoint, e *Event, kept Verdict) Outcome {
	v, err := r.openReply(kept)
	if err != nil {
		return Outcome{Kind: Retry, NeedsOperator: true, Detail: err.Error()}
	}
	ctx, cancel := context.WithTimeout(r.ctx, callbackTimeout)
	defer cancel()
	o := ep.Source.Callback(ctx, e, v)
	// A marketplace may quote what it was told.
	o.Detail = NewVeil(ep.Reply.Hide(NewSecret(v.Reply), replyMost)).Over(o.Detail)
	return o
}

// replyMost is how much sensitive text of a reply is looked for in what a
// callback came to; beside more of it that is not shown.
const replyMost = 32 << 10
