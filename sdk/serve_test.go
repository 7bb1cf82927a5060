package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

func TestWellFormed(t *testing.T) {
	handle := func(context.Context, *Delivery) Outcome { return Succeeded(nil) }
	cases := map[string]struct {
		plugin Plugin
		want   string
	}{
		"good":           {Plugin{Name: "p", Actions: []Action{{Name: "a", Handle: handle}}}, ""},
		"no name":        {Plugin{}, "it has no Name"},
		"unnamed action": {Plugin{Name: "p", Actions: []Action{{Handle: handle}}}, "action 1 has no Name"},
		"no handler":     {Plugin{Name: "p", Actions: []Action{{Name: "a"}}}, `action "a" has no Handle`},
		"twice": {Plugin{Name: "p", Actions: []Action{{Name: "a", Handle: handle}, {Name: "a", Handle: handle}}},
			`there are two actions "a"`},
		"no type": {Plugin{Name: "p", Config: Schema{Blocks: []Block{{Name: "b", Schema: Schema{Attrs: []Attr{{Name: "x"}}}}}}},
			`the configuration: block "b": attribute "x" has no Type`},
		"default": {Plugin{Name: "p", Config: Schema{Attrs: []Attr{{Name: "x", Type: String, Default: func() {}}}}},
			`the configuration: the default of attribute "x": json: unsupported type: func()`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := c.plugin.wellFormed(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLog(t *testing.T) {
	var b bytes.Buffer
	newLog(&b).Warn("two\nlines", slog.Group("g", "level", "UP"))
	if strings.Count(b.String(), "\n") != 1 {
		t.Errorf("not one line: %q", b.String())
	}
	var line map[string]any
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	want := map[string]any{"level": "warn", "message": "two\nlines", "g": map[string]any{"level": "UP"}}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDrain: what runs is waited for until the deadline, what comes is refused.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newService(&Plugin{Name: "p", Actions: []Action{{Name: "a", Handle: func(context.Context, *Delivery) Outcome {
			<-release
			return Succeeded(nil)
		}}}})
		ctx := t.Context()
		request := &pluginv1.HandleRequest{Action: "a", Event: []byte("{}")}
		if _, err := s.Handle(ctx, request); err == nil {
			t.Error("it takes calls before it is configured")
		}
		if _, err := s.Configure(ctx, &pluginv1.ConfigureRequest{Config: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Configure(ctx, &pluginv1.ConfigureRequest{Config: []byte("{}")}); err == nil {
			t.Error("it can be configured twice")
		}
		done := make(chan *pluginv1.HandleResponse, 1)
		go func() {
			resp, _ := s.Handle(ctx, request)
			done <- resp
		}()
		synctest.Wait()

		began := time.Now()
		drain := func(within time.Duration) time.Duration {
			if _, err := s.Drain(ctx, &pluginv1.DrainRequest{Deadline: timestamppb.New(time.Now().Add(within))}); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		if took := drain(time.Minute); took != time.Minute {
			t.Errorf("with a call running it took %v, want the deadline", took)
		}
		resp, err := s.Handle(ctx, request)
		if err != nil || resp.GetRetry().GetMessage() != "the plugin is about to end" {
			t.Errorf("a call while draining gave %v, %v", resp, err)
		}
		close(release)
		if resp := <-done; resp.GetSucceeded() == nil {
			t.Errorf("the running call gave %v", resp)
		}
		if diff := cmp.Diff(time.Minute, drain(time.Hour)); diff != "" {
			t.Errorf("with no call running it waited: %s", diff)
		}
	})
}
