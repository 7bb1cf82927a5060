package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/admin"
	"github.com/signalbox/signalbox/router/internal/config"
)

// backend is the daemon as the admin API sees it.
type backend struct{ d *Daemon }

func (d *Daemon) adminHandler() http.Handler {
	return admin.New(backend{d}, d.metrics.Handler(), d.log)
}

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
	s.Plugins = d.pluginStates()
	for _, c := range now.config.Sources {
		s.Sources = append(s.Sources, admin.Source{Name: c.Name, Kind: c.Kind, Path: c.Path})
	}
	return s
}

func (b backend) Events(ctx context.Context, q router.Query) ([]router.Record, error) {
	records, err := b.d.Events(ctx, q)
	for i := range records {
		b.mask(&records[i])
	}
	return records, err
}

func (b backend) Story(ctx context.Context, id string) (*router.Story, error) {
	story, err := b.d.Story(ctx, id)
	if err == nil {
		b.mask(&story.Record)
	}
	return story, err
}

// mask covers what a schema calls sensitive; what has no schema any more, whole.
func (b backend) mask(r *router.Record) {
	for i := range r.State.Deliveries {
		d := &r.State.Deliveries[i]
		action, ok := b.d.catalog.Lookup(d.To)
		d.Input, d.Output = masked(action.Input, ok, d.Input), masked(action.Output, ok, d.Output)
	}
	if v := r.State.Verdict; v != nil {
		endpoint := b.d.loaded().table.Sources[r.Event.Source]
		if endpoint == nil {
			endpoint = &router.Endpoint{}
		}
		v.Reply = masked(endpoint.Reply, endpoint.Source != nil, v.Reply)
	}
}

func masked(s router.Schema, known bool, v json.RawMessage) json.RawMessage {
	if len(v) > 0 && !known {
		return router.Covered()
	}
	return s.Masked(v)
}

func (b backend) Replay(ctx context.Context, id string, names []string, freshKey bool) error {
	return b.d.router.Replay(ctx, id, names, freshKey)
}

func (b backend) Plan(digest string) (*router.Plan, error) {
	if now := b.d.loaded().config.Plan; now.Digest == digest {
		return now, nil
	}
	return b.d.planOf(digest)
}

func (b backend) Retry(ctx context.Context, id string) error { return b.d.router.Retry(ctx, id) }

func (b backend) Discard(ctx context.Context, id, why string) error {
	return b.d.router.Discard(ctx, id, why)
}

func (b backend) Resolve(ctx context.Context, id string, v router.Verdict) error {
	story, err := b.d.Story(ctx, id)
	if err != nil {
		return err
	}
	if story.State.Phase != router.Held {
		return router.ErrNotHeld
	}
	endpoint := b.d.loaded().table.Sources[story.Event.Source]
	if endpoint != nil {
		if err := fits(endpoint.Reply, v.Reply); err != nil {
			return err
		}
	}
	if endpoint != nil && v.Kind == router.Success {
		if missing := endpoint.Source.MissingReply(&story.Event, v.Reply); missing != "" {
			return admin.InputError(fmt.Sprintf("a success of %s must carry %s: add --set %s=…", story.Event.Type, missing, missing))
		}
	}
	return b.d.router.Resolve(ctx, id, v)
}

// fits refuses reply attributes that the protocol does not have.
func fits(s router.Schema, reply json.RawMessage) error {
	var attrs map[string]json.RawMessage
	if len(reply) == 0 {
		return nil
	}
	if err := json.Unmarshal(reply, &attrs); err != nil {
		return admin.InputError("the reply must be an object")
	}
	var known []string
	for i := range s.Attrs {
		known = append(known, s.Attrs[i].Name)
	}
	for name := range attrs {
		if s.Attr(name) == nil {
			return admin.InputError(fmt.Sprintf("the protocol's reply has no %s; it has: %s", name, strings.Join(append(known, "nothing else"), ", ")))
		}
	}
	return nil
}

func (b backend) Reload(ctx context.Context, force bool) (diagnostics []byte, done admin.Reloaded, err error) {
	before := b.d.loaded().config
	diags, err := b.d.Reload(ctx, force)
	if diags == nil {
		return nil, done, err
	}
	list, text, failed := told(diags)
	if failed != nil {
		return nil, done, failed
	}
	done.Text = text
	if changes, failed := config.Compare(before, b.d.loaded().config); err == nil && failed == nil {
		done.Unchanged = changes.Empty()
	}
	return list, done, err
}

// told are diagnostics as JSON, and as text.
func told(diags *Diagnostics) (list []byte, text string, err error) {
	var out bytes.Buffer
	if err := diags.Write(&out, false, 0); err != nil {
		return nil, "", err
	}
	return diags.JSON(), out.String(), nil
}
