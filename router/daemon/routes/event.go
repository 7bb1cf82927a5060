package routes

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon/operator"
)

// writtenID is the id of an event that never came in.
const writtenID = "00000000-0000-7000-8000-000000000000"

// Overrides are what is said of an event beside its document.
type Overrides struct {
	// Source and Type stand for those of the document; "" keeps them.
	Source, Type string
	// Set are the values that are put in, one after the other.
	Set []Set
	// Received is when it was received, if nothing says it; zero is now.
	Received time.Time
}

// Read makes an event of a document: an envelope, as plugins see it and as
// `events show -o json` prints it, or what the protocol of the source sends.
// None stands for an event of which only the overrides are known.
func (r *Routes) Read(document []byte, o Overrides) (*router.Event, error) {
	tree, err := r.tree(document, &o)
	if err != nil {
		return nil, err
	}
	if o.Source != "" {
		tree["source"] = SourceName(o.Source)
	}
	if o.Type != "" {
		tree["type"] = o.Type
	}
	for _, set := range o.Set {
		if _, err := set.in(tree); err != nil {
			return nil, err
		}
	}
	e, err := r.event(tree, o.Received)
	if err != nil || len(document) > 0 {
		return e, err
	}
	return r.normalise(e)
}

// Story makes the event of a journaled one.
func (r *Routes) Story(s *operator.Story, o Overrides) (*router.Event, error) {
	switch {
	case s.Emptied:
		return nil, errors.New("the event's payload is past its retention, and deleted")
	case s.Type == "":
		return nil, errors.New("the event is not fetched yet: nobody knows what it says")
	}
	document, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	return r.Read(document, o)
}

// tree gives the envelope of a document. What the protocol of a source sends
// has none, and is read by the source.
func (r *Routes) tree(document []byte, o *Overrides) (map[string]any, error) {
	tree, isObject := valueOf(string(document)).(map[string]any)
	_, hasSource := tree["source"].(string)
	_, hasPayload := tree["payload"]
	if isObject && hasSource && hasPayload {
		return tree, nil
	}
	eventType, _ := tree["type"].(string)
	if o.Type != "" {
		eventType = o.Type
	}
	name, err := r.source(o.Source, eventType)
	if err != nil {
		return nil, err
	}
	if len(document) == 0 {
		if o.Type == "" {
			return nil, errors.New("say the event's type")
		}
		return map[string]any{"source": name}, nil
	}
	e, err := r.decode(name, document, o.Type)
	if err != nil {
		return nil, fmt.Errorf("reading it as %s sends it: %w", name, err)
	}
	envelope, err := e.Envelope()
	if err != nil {
		return nil, err
	}
	tree, _ = valueOf(string(envelope)).(map[string]any)
	delete(tree, "id")
	delete(tree, "received")
	return tree, nil
}

// source finds the source that an event is of, where nobody says it: the only
// one that there is, or that knows the type.
func (r *Routes) source(name, eventType string) (string, error) {
	name = SourceName(name)
	known := slices.Sorted(maps.Keys(r.inspected.Sources))
	switch {
	case name == router.SourceSelf:
		return name, nil
	case name != "" && r.inspected.Sources[name] == nil:
		return "", fmt.Errorf("the configuration has no source %q; it has %s", name, strings.Join(append(known, router.SourceSelf), ", "))
	case name != "":
		return name, nil
	case slices.Contains(router.FailureTypes(), eventType):
		return router.SourceSelf, nil
	case len(known) == 1:
		return known[0], nil
	}
	declared := r.explainer.SourcesOf(eventType)
	named := slices.DeleteFunc(slices.Clone(known), func(name string) bool {
		return !slices.Contains(r.kind(name).Types, eventType) && !slices.Contains(declared, name)
	})
	if len(named) == 1 {
		return named[0], nil
	}
	if len(named) == 0 {
		named = known
	}
	if len(named) == 0 {
		return "", errors.New("the configuration has no source that the event could be of")
	}
	return "", fmt.Errorf("say which source the event is of, --source %s (in a test: source = source.%[1]s); the configuration has %s", named[0], strings.Join(known, ", "))
}

// SourceName is a source's name, which may be written as routes refer to it:
// source.webhook.shop is webhook.shop.
func SourceName(text string) string { return strings.TrimPrefix(text, "source.") }

// kind is the protocol of a source.
func (r *Routes) kind(source string) router.SourceKind {
	name, _, _ := strings.Cut(source, ".")
	return r.inspected.Kinds[name]
}

// envelope is what is read of an event's document; the source's own members
// stand beside these.
type envelope struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	Type       string          `json:"type"`
	Flag       router.Flag     `json:"flag"`
	Lane       string          `json:"lane"`
	Received   time.Time       `json:"received"`
	CausedBy   string          `json:"caused_by"`
	Payload    json.RawMessage `json:"payload"`
	Attributes json.RawMessage `json:"attributes"`
	// Extra holds the source's own members, as the journal's stories have them.
	Extra map[string]json.RawMessage `json:"extra"`
}

func (r *Routes) event(tree map[string]any, received time.Time) (*router.Event, error) {
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	var in envelope
	var members map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(text, &in), json.Unmarshal(text, &members)); err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	if in.Source, err = r.source(in.Source, in.Type); err != nil {
		return nil, err
	}
	if in.Type == "" {
		return nil, errors.New("the event has no type")
	}
	e := &router.Event{
		ID: in.ID, Source: in.Source, Type: in.Type, Flag: in.Flag, Lane: in.Lane, Received: in.Received.UTC(),
		CausedBy: in.CausedBy, Payload: withoutNull(in.Payload), Attributes: withoutNull(in.Attributes),
	}
	if len(e.Attributes) > 0 && e.Attributes[0] != '{' {
		return nil, errors.New("the event's attributes are not an object")
	}
	if e.ID == "" {
		e.ID = writtenID
	}
	if e.Lane == "" {
		e.Lane = e.ID
	}
	if e.Received.IsZero() {
		e.Received = received
	}
	if e.Received.IsZero() {
		e.Received = time.Now().UTC()
	}
	extra := map[string]json.RawMessage{}
	for _, attr := range r.kind(e.Source).Extra.Attrs {
		if value, ok := members[attr.Name]; ok {
			extra[attr.Name] = value
		} else if value, ok := in.Extra[attr.Name]; ok {
			extra[attr.Name] = value
		}
	}
	if len(extra) > 0 {
		if e.Extra, err = json.Marshal(extra); err != nil {
			return nil, fmt.Errorf("reading the event: %w", err)
		}
	}
	e.Notice = router.Notice{Source: e.Source, Type: e.Type, Received: e.Received}
	return e, nil
}

// withoutNull: absent and null are one.
func withoutNull(v json.RawMessage) json.RawMessage {
	if string(v) == "null" {
		return nil
	}
	return v
}
