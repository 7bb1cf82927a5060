package sdktest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/signalbox/signalbox/sdk"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// callTimeout is how long a call may take unless Within says otherwise.
const callTimeout = 10 * time.Second

// Client talks to one running plugin. Its methods may be called at once.
type Client struct {
	t           testing.TB
	process     *plugin.Client
	api         pluginv1.PluginClient
	description *pluginv1.DescribeResponse
	config      []byte
	stderr      *buffer

	mu    sync.Mutex
	heard []string // all that the plugin has said, apart from stderr
	keys  int
}

// Stderr is what the plugin has printed so far.
func (c *Client) Stderr() string { return c.stderr.String() }

// Validate returns what the plugin complains about in a configuration.
func (c *Client) Validate(config any) []sdk.Diagnostic {
	c.t.Helper()
	ctx, cancel := c.within(callTimeout)
	defer cancel()
	resp, err := c.api.Validate(ctx, &pluginv1.ValidateRequest{Config: object(c.t, config)})
	if err != nil {
		c.t.Fatalf("validating: %v", err)
	}
	return c.diagnostics(resp.Diagnostics)
}

// Check asks the plugin whether it can reach what it needs.
func (c *Client) Check() error {
	c.t.Helper()
	ctx, cancel := c.within(callTimeout)
	defer cancel()
	resp, err := c.api.Check(ctx, &pluginv1.CheckRequest{})
	if err != nil {
		c.t.Fatalf("checking: %v", err)
	}
	c.hear(resp.Message)
	if !resp.Ok {
		return fmt.Errorf("the plugin's check: %s", resp.Message)
	}
	return nil
}

// Option changes how Handle makes its delivery.
type Option func(*call)

type call struct {
	request *pluginv1.HandleRequest
	event   sdk.Event
	within  time.Duration
	stream  bool
}

// Event is the delivery's event; without it there is a small made-up one.
func Event(e sdk.Event) Option { return func(c *call) { c.event = e } }

// Key is the idempotency key; without it every delivery has its own.
func Key(key string) Option { return func(c *call) { c.request.IdempotencyKey = key } }

// Attempt is the attempt's number; without it, 1.
func Attempt(n int) Option { return func(c *call) { c.request.Attempt = int32(n) } }

// Within is the attempt's deadline, from now; without it, ten seconds.
func Within(d time.Duration) Option { return func(c *call) { c.within = d } }

// Stream makes the call over HandleStream instead of Handle.
func Stream() Option { return func(c *call) { c.stream = true } }

// Handle makes one attempt. Input becomes a JSON object; nil is {}.
func (c *Client) Handle(action string, input any, options ...Option) Outcome {
	c.t.Helper()
	c.mu.Lock()
	c.keys++
	key := fmt.Sprintf("test-event/route/delivery-%d:0", c.keys)
	c.mu.Unlock()
	k := call{
		within: callTimeout,
		event: sdk.Event{
			ID: "test-event", Source: "appdirect.test", Type: "SUBSCRIPTION_ORDER", Lane: "test-lane",
			Received: time.Now().UTC(), Payload: json.RawMessage("{}"), Attributes: json.RawMessage("{}"),
		},
		request: &pluginv1.HandleRequest{Action: action, IdempotencyKey: key, Attempt: 1, Input: object(c.t, input)},
	}
	for _, o := range options {
		o(&k)
	}
	k.request.Event = object(c.t, k.event)
	k.request.DeliveryId, _, _ = strings.Cut(k.request.IdempotencyKey, ":")
	k.request.Deadline = timestamppb.New(time.Now().Add(k.within))

	ctx, cancel := c.within(k.within)
	defer cancel()
	var o Outcome
	if k.stream {
		o = c.handleOnStream(ctx, k.request)
	} else {
		resp, err := c.api.Handle(ctx, k.request)
		if err != nil {
			o = Outcome{Kind: Unknown, Detail: err.Error()}
		} else {
			o = outcomeOf(resp)
		}
	}
	c.hear(o.String())
	return o
}

func (c *Client) handleOnStream(ctx context.Context, r *pluginv1.HandleRequest) Outcome {
	stream, err := c.api.HandleStream(ctx)
	if err != nil {
		return Outcome{Kind: Unknown, Detail: err.Error()}
	}
	const id = 1
	err = stream.Send(&pluginv1.StreamRequest{CorrelationId: id, Message: &pluginv1.StreamRequest_Handle{Handle: r}})
	if err != nil {
		return Outcome{Kind: Unknown, Detail: err.Error()}
	}
	resp, err := stream.Recv()
	switch {
	case err != nil:
		return Outcome{Kind: Unknown, Detail: err.Error()}
	case resp.CorrelationId != id:
		return Outcome{Kind: Unknown, Detail: fmt.Sprintf("the answer bears the correlation id %d, not %d", resp.CorrelationId, id)}
	case resp.Error != "":
		return Outcome{Kind: Unknown, Detail: resp.Error}
	}
	return outcomeOf(resp.Handle)
}

func (c *Client) configure(config any) {
	c.t.Helper()
	c.config = object(c.t, config)
	ctx, cancel := c.within(callTimeout)
	defer cancel()
	resp, err := c.api.Configure(ctx, &pluginv1.ConfigureRequest{Config: c.config})
	if err != nil {
		c.t.Fatalf("configuring the plugin: %v\nits stderr:\n%s", err, c.stderr)
	}
	for _, d := range c.diagnostics(resp.Diagnostics) {
		if !d.Warning {
			c.t.Fatalf("configuring the plugin: %s %s", d.Summary, d.Detail)
		}
	}
}

func (c *Client) drain(within time.Duration) error {
	ctx, cancel := c.within(within)
	defer cancel()
	_, err := c.api.Drain(ctx, &pluginv1.DrainRequest{Deadline: timestamppb.New(time.Now().Add(within))})
	return err
}

// end ends the process and waits until all its prints are read.
func (c *Client) end() { c.process.Kill() }

// within outlives the test's own context, which is over when Cleanup runs.
func (c *Client) within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(c.t.Context()), d)
}

func (c *Client) hear(said string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, said)
}

func (c *Client) diagnostics(diags []*pluginv1.Diagnostic) []sdk.Diagnostic {
	var out []sdk.Diagnostic
	for _, d := range diags {
		out = append(out, sdk.Diagnostic{
			Warning: d.Severity == pluginv1.Diagnostic_SEVERITY_WARNING, Summary: d.Summary, Detail: d.Detail, Path: d.Path,
		})
		c.hear(d.Summary + "\n" + d.Detail)
	}
	return out
}
