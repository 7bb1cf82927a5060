package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/admin"
	"github.com/signalbox/signalbox/router/internal/plug"
)

// backend is the daemon as the admin API sees it.
type backend struct{ d *Daemon }

func (d *Daemon) adminHandler() http.Handler { return admin.New(backend{d}, d.log) }

// countsAtMost bounds what Status counts: past it, the number says "many".
const countsAtMost = 1000

func (b backend) Status(ctx context.Context) admin.Status {
	d := b.d
	now := d.loaded()
	s := admin.Status{
		Version: d.opt.Version, Config: d.opt.ConfigPath, Plan: now.config.Plan.Digest, Started: d.started,
	}
	inMemory, atRest := d.router.InHand()
	s.Events.Unfinished = inMemory + atRest
	held, err := d.journal.Find(ctx, router.Query{Phase: router.Held, Bare: true, Limit: countsAtMost})
	s.Events.Held = len(held)
	if err == nil {
		err = d.router.Writable()
	}
	if s.Ready = err == nil; !s.Ready {
		s.NotReady = fmt.Sprintf("the journal fails: %v", err)
	}
	for _, p := range d.catalog.Status() {
		s.Plugins = append(s.Plugins, admin.Plugin{
			Name: p.Name, Version: p.Version, State: string(p.State), PID: p.Pid, Since: p.Since, Restarts: p.Restarts, LastError: p.LastError,
		})
		if p.State != plug.Running && s.Ready {
			s.Ready, s.NotReady = false, fmt.Sprintf("plugin %s is %s: its deliveries wait", p.Name, p.State)
		}
	}
	for _, c := range now.config.Sources {
		s.Sources = append(s.Sources, admin.Source{Name: c.Name, Kind: c.Kind, Path: c.Path})
	}
	return s
}

func (b backend) Events(ctx context.Context, q router.Query) ([]router.Record, error) {
	return b.d.Events(ctx, q)
}

func (b backend) Story(ctx context.Context, id string) (*router.Story, error) {
	story, err := b.d.Story(ctx, id)
	if err != nil {
		return nil, err
	}
	for i := range story.State.Deliveries {
		d := &story.State.Deliveries[i]
		if action, ok := b.d.catalog.Lookup(d.To); ok {
			d.Input, d.Output = masked(action.Input, d.Input), masked(action.Output, d.Output)
		}
	}
	if v := story.State.Verdict; v != nil {
		v.Reply = masked(b.replySchema(story.Event.Source), v.Reply)
	}
	return story, nil
}

// replySchema is what a source's protocol lets a reply carry.
func (b backend) replySchema(source string) router.Schema {
	for _, s := range b.d.loaded().config.Sources {
		if s.Name == source {
			return kinds()[s.Kind].Reply
		}
	}
	return router.Schema{}
}

// masked is a JSON object with the values covered that the schema calls
// sensitive. What is no object is covered whole, if anything in it could be.
func masked(s router.Schema, v json.RawMessage) json.RawMessage {
	var sensitive []string
	for i := range s.Attrs {
		if s.Attrs[i].Sensitive {
			sensitive = append(sensitive, s.Attrs[i].Name)
		}
	}
	if len(v) == 0 || len(sensitive) == 0 {
		return v
	}
	cover, _ := json.Marshal(router.Secret{}) // two quotes and a word
	var attrs map[string]json.RawMessage
	if err := json.Unmarshal(v, &attrs); err != nil {
		return cover
	}
	for _, name := range sensitive {
		if _, ok := attrs[name]; ok {
			attrs[name] = cover
		}
	}
	text, err := json.Marshal(attrs)
	if err != nil {
		return cover
	}
	return text
}

func (b backend) Replay(ctx context.Context, id string, names []string, freshKey bool) error {
	return b.d.router.Replay(ctx, id, names, freshKey)
}

func (b backend) Resolve(ctx context.Context, id string, v router.Verdict) error {
	story, err := b.d.Story(ctx, id)
	if err != nil {
		return err
	}
	endpoint := b.d.loaded().table.Sources[story.Event.Source]
	if endpoint != nil && v.Kind == router.Success {
		if missing := endpoint.Source.MissingReply(&story.Event, v.Reply); missing != "" {
			return admin.InputError(fmt.Sprintf("a success of %s must carry %s: add --set %s=…", story.Event.Type, missing, missing))
		}
	}
	return b.d.router.Resolve(ctx, id, v)
}

func (b backend) Reload(ctx context.Context, force bool) (diagnostics []byte, text string, err error) {
	diags, err := b.d.Reload(ctx, force)
	if diags == nil {
		return nil, "", err
	}
	var out bytes.Buffer
	if err := diags.Write(&out, false, 0); err != nil {
		return nil, "", err
	}
	return diags.JSON(), out.String(), err
}
