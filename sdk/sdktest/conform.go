package sdktest

import (
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/signalbox/signalbox/sdk"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// Subject is a plugin that Conform examines: either Plugin, which Main must
// have been given, or Command, a path with arguments.
type Subject struct {
	Plugin  *sdk.Plugin
	Command []string
	// Config is a valid configuration.
	Config any
	// Samples are deliveries that the plugin can make with Config, each more
	// than once. The more actions they cover, the more is examined.
	Samples []Sample
}

// Sample is one delivery.
type Sample struct {
	Action string
	Input  any
	Event  sdk.Event
}

// drainWithin is more than a plugin at rest needs to drain.
const drainWithin = 5 * time.Second

// Conform checks what signalbox relies on, whatever the plugin does: that it
// describes itself before it is configured, and validly; that it has no
// complaint about a valid configuration; that an unknown action is an error;
// that the stream gives what the single call gives; that a cancelled call
// disturbs no other; that it drains.
func Conform(t *testing.T, s Subject) {
	t.Run("describes itself unconfigured", func(t *testing.T) {
		for _, fault := range faults(s.launch(t).description) {
			t.Error(fault)
		}
	})
	t.Run("accepts a valid configuration", func(t *testing.T) {
		for _, d := range s.launch(t).Validate(s.Config) {
			if !d.Warning {
				t.Errorf("it complains about %v: %s %s", d.Path, d.Summary, d.Detail)
			}
		}
	})
	t.Run("an unknown action is an error", func(t *testing.T) {
		if o := s.start(t).Handle(noAction, nil); o.Kind != Unknown {
			t.Errorf("got %s, want an error", o)
		}
	})
	t.Run("the stream gives what the call gives", s.streamEqualsCall)
	t.Run("a cancelled call disturbs no other", s.cancels)
	t.Run("drains", s.drains)
}

// noAction is the name of no action.
const noAction = "no_such_action"

func (s Subject) launch(t testing.TB) *Client {
	t.Helper()
	switch {
	case s.Plugin != nil:
		return launch(t, self(t, s.Plugin))
	case len(s.Command) > 0:
		return launch(t, exec.Command(s.Command[0], s.Command[1:]...))
	}
	t.Fatal("the Subject names neither a Plugin nor a Command")
	return nil
}

func (s Subject) start(t testing.TB) *Client {
	t.Helper()
	c := s.launch(t)
	c.configure(s.Config)
	return c
}

func (s Subject) streamEqualsCall(t *testing.T) {
	c := s.start(t)
	if !slices.Contains(c.description.Capabilities, pluginv1.CapabilityStream) {
		return // the stream is an option
	}
	for i, sample := range s.Samples {
		key := Key(fmt.Sprintf("test-event/route/sample-%d:0", i))
		call := c.Handle(sample.Action, sample.Input, sample.options(key)...)
		stream := c.Handle(sample.Action, sample.Input, sample.options(key, Stream())...)
		if call.Kind == Unknown {
			t.Errorf("%s: the call failed: %s", sample.Action, call)
		}
		// The outputs of two attempts may differ in what they tell of the
		// attempt, but not in their shape.
		if diff := cmp.Diff(shape(t, call), shape(t, stream)); diff != "" {
			t.Errorf("%s: call and stream differ (-call +stream):\n%s", sample.Action, diff)
		}
	}
}

func (s Sample) options(more ...Option) []Option {
	if s.Event.ID != "" {
		more = append(more, Event(s.Event))
	}
	return more
}

// shape is what must be equal in two attempts with one key.
func shape(t *testing.T, o Outcome) []string {
	t.Helper()
	s := []string{string(o.Kind), o.Code}
	if o.Kind == Succeeded {
		var output map[string]any
		if err := o.Decode(&output); err != nil {
			t.Errorf("the output is no JSON object: %v", err)
		}
		s = append(s, slices.Sorted(maps.Keys(output))...)
	}
	return s
}

func (s Subject) cancels(t *testing.T) {
	c := s.start(t)
	if !slices.Contains(c.description.Capabilities, pluginv1.CapabilityStream) {
		return
	}
	ctx, cancel := c.within(callTimeout)
	defer cancel()
	stream, err := c.api.HandleStream(ctx)
	if err != nil {
		t.Fatalf("opening the stream: %v", err)
	}
	send := func(r *pluginv1.StreamRequest) {
		t.Helper()
		if err := stream.Send(r); err != nil {
			t.Fatalf("sending: %v", err)
		}
	}
	handle := func(id uint64) *pluginv1.StreamRequest {
		return &pluginv1.StreamRequest{CorrelationId: id, Message: &pluginv1.StreamRequest_Handle{Handle: &pluginv1.HandleRequest{
			Action: noAction, DeliveryId: "test-event/route/cancel", IdempotencyKey: "test-event/route/cancel:0",
			Attempt: 1, Event: []byte("{}"), Input: []byte("{}"), Deadline: timestamppb.New(time.Now().Add(callTimeout)),
		}}}
	}
	const cancelled, never, other = 1, 2, 3
	send(handle(cancelled))
	for _, id := range []uint64{cancelled, cancelled, never} {
		send(&pluginv1.StreamRequest{CorrelationId: id, Message: &pluginv1.StreamRequest_Cancel{Cancel: &pluginv1.Cancel{}}})
	}
	send(handle(other))
	for {
		resp, err := stream.Recv()
		if err != nil {
			t.Fatalf("the stream broke after a cancel: %v", err)
		}
		switch resp.CorrelationId {
		case other:
			return
		case cancelled: // an answer that nobody waits for
		default:
			t.Fatalf("an answer to the call %d, which nobody made", resp.CorrelationId)
		}
	}
}

func (s Subject) drains(t *testing.T) {
	c := s.start(t)
	if err := c.drain(drainWithin); err != nil {
		t.Fatalf("draining: %v", err)
	}
	for _, sample := range s.Samples {
		if o := c.Handle(sample.Action, sample.Input, sample.options()...); o.Kind == Succeeded || o.Kind == Rejected {
			t.Errorf("it still takes calls after it was drained: %s: %s", sample.Action, o)
		}
	}
}

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// faults lists what is wrong with a description.
func faults(d *pluginv1.DescribeResponse) []string {
	var f []string
	if d.Name == "" {
		f = append(f, "the plugin has no name")
	}
	f = append(f, schemaFaults("the configuration", d.Config)...)
	seen := map[string]bool{}
	for _, a := range d.Actions {
		if !nameForm.MatchString(a.Name) {
			f = append(f, fmt.Sprintf("the action %q has no name that a route can refer to", a.Name))
		}
		if seen[a.Name] {
			f = append(f, fmt.Sprintf("there are two actions %q", a.Name))
		}
		seen[a.Name] = true
		f = append(f, schemaFaults("the input of "+a.Name, a.Input)...)
		f = append(f, schemaFaults("the output of "+a.Name, a.Output)...)
		for _, s := range []*pluginv1.Schema{a.Input, a.Output} {
			if len(s.GetBlocks()) > 0 {
				f = append(f, fmt.Sprintf("the action %q has blocks, which only a configuration may have", a.Name))
			}
		}
	}
	return f
}

func schemaFaults(where string, s *pluginv1.Schema) []string {
	var f []string
	seen := map[string]bool{}
	name := func(n string) {
		if !nameForm.MatchString(n) {
			f = append(f, fmt.Sprintf("%s: %q is no name of an attribute or block", where, n))
		}
		if seen[n] {
			f = append(f, fmt.Sprintf("%s: there are two %q", where, n))
		}
		seen[n] = true
	}
	for _, a := range s.GetAttributes() {
		name(a.Name)
		ty, err := ctyjson.UnmarshalType(a.Type)
		if err != nil {
			f = append(f, fmt.Sprintf("%s: %s: the type %s: %v", where, a.Name, a.Type, err))
			continue
		}
		if len(a.Default) > 0 {
			if _, err := ctyjson.Unmarshal(a.Default, ty); err != nil {
				f = append(f, fmt.Sprintf("%s: %s: the default %s: %v", where, a.Name, a.Default, err))
			}
		}
		if a.Required && len(a.Default) > 0 {
			f = append(f, fmt.Sprintf("%s: %s is required and has a default", where, a.Name))
		}
	}
	for _, b := range s.GetBlocks() {
		name(b.Name)
		f = append(f, schemaFaults(where+": "+b.Name, b.Schema)...)
	}
	return f
}
