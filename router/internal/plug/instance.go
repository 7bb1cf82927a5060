package plug

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/stats"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/signalbox/signalbox/router"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

const (
	// configureTimeout bounds Validate and Configure: a plugin may look for a
	// system or two, but a reload waits.
	configureTimeout = 30 * time.Second
	// endGrace is how long a process may take to end by itself once it is
	// drained.
	endGrace = 2 * time.Second
	// hangUpGrace is how long a process may outlive its connection: that of one
	// that ends goes a moment earlier.
	hangUpGrace = time.Second
	// streamOverhead is what a message of the stream adds to a call.
	streamOverhead = 64
)

// instance is one life of a plugin: from the handshake to the end of the
// process.
type instance struct {
	process *process
	client  *goplugin.Client
	conn    *grpc.ClientConn
	watcher sync.WaitGroup
	hungUp  atomic.Bool // the connection went and the process stayed
	api     pluginv1.PluginClient
	cancel  context.CancelFunc // ends what is on the connection
	stream  *stream            // nil where the plugin has none
	slots   chan struct{}      // one taken by each call in flight
	*description

	given veil // over the secrets in its environment
	veil  atomic.Pointer[veil]

	mu      sync.Mutex
	calls   int
	closing bool
	idle    chan struct{} // closed when closing and no call is in flight

	ending sync.Once
}

// watch ends a program that has given up its socket but not itself: no call
// would ever reach it again. It returns when the instance is over.
func (i *instance) watch(ctx context.Context) {
	for {
		switch state := i.conn.GetState(); state {
		case connectivity.TransientFailure, connectivity.Shutdown:
			if !await(i.process.exited, hangUpGrace) {
				i.hungUp.Store(true)
				i.process.kill()
			}
			return
		case connectivity.Idle:
			i.conn.Connect() // a lost connection shows when it is sought again
			fallthrough
		default:
			if !i.conn.WaitForStateChange(ctx, state) {
				return
			}
		}
	}
}

// ended says why the instance is over, which its process must be.
func (i *instance) ended() error {
	if i.hungUp.Load() {
		return errors.New("the plugin no longer listens; it was ended")
	}
	err := fmt.Errorf("the plugin ended by itself: %s", i.process.ended())
	if last := i.process.lines.last(); len(last) > 0 {
		return fmt.Errorf("%w; its last line: %s", err, last[len(last)-1])
	}
	return err
}

// validate asks for complaints about a configuration.
func (i *instance) validate(ctx context.Context, config router.Secret) ([]Diagnostic, error) {
	ctx, cancel := context.WithTimeout(ctx, configureTimeout)
	defer cancel()
	v := i.given.and(i.info.Config.Hide(config, givenMost))
	resp, err := i.api.Validate(ctx, &pluginv1.ValidateRequest{Config: config.Reveal()})
	if err != nil {
		return nil, errors.New(text(failure(err), v, diagnosticMax))
	}
	return diagnostics(resp.GetDiagnostics(), v), nil
}

// configure configures the plugin, once.
func (i *instance) configure(ctx context.Context, config router.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, configureTimeout)
	defer cancel()
	hidden := i.info.Config.Hide(config, givenMost)
	v := i.given.and(hidden)
	i.veil.Store(&v)
	i.process.lines.hide(hidden)
	resp, err := i.api.Configure(ctx, &pluginv1.ConfigureRequest{Config: config.Reveal()})
	if err != nil {
		return errors.New(text(failure(err), v, diagnosticMax))
	}
	var complaints []string
	for _, d := range diagnostics(resp.GetDiagnostics(), v) {
		if !d.Warning {
			complaints = append(complaints, strings.TrimSpace(strings.Join(d.Path, ".")+" "+d.Summary+" "+d.Detail))
		}
	}
	if len(complaints) > 0 {
		return errors.New(strings.Join(complaints, "; "))
	}
	return nil
}

// check asks the plugin whether it can reach what it needs.
func (i *instance) check(ctx context.Context) error {
	resp, err := i.api.Check(ctx, &pluginv1.CheckRequest{})
	if err != nil {
		return errors.New(text(failure(err), *i.veil.Load(), detailMax))
	}
	if !resp.GetOk() {
		return errors.New(text(resp.GetMessage(), *i.veil.Load(), detailMax))
	}
	return nil
}

// handle makes one call; begin must have allowed it.
func (i *instance) handle(ctx context.Context, c router.Call) router.Outcome {
	request := &pluginv1.HandleRequest{
		Action: c.To.Action, DeliveryId: c.Delivery, IdempotencyKey: c.Key, Attempt: int32(c.Attempt),
		Deadline: timestamppb.New(c.Deadline), Event: c.Event, Input: c.Input,
	}
	v := *i.veil.Load()
	if action := i.info.Action(c.To.Action); action != nil {
		if given := action.Input.Hide(router.NewSecret(c.Input), callMost); !given.Empty() {
			defer i.process.lines.hideCall(given)()
			v = v.and(given)
		}
	}
	var a answer
	if size := proto.Size(request); size > pluginv1.MaxMessage-streamOverhead {
		a.err = &tooLargeError{size}
	} else {
		a = i.call(ctx, request)
	}
	return a.outcome(i.outputs[c.To.Action], v)
}

func (i *instance) call(ctx context.Context, r *pluginv1.HandleRequest) answer {
	select {
	case i.slots <- struct{}{}:
		defer func() { <-i.slots }()
	case <-ctx.Done():
		return answer{err: ctx.Err()}
	}
	if i.stream != nil {
		return i.stream.call(ctx, r)
	}
	var sent atomic.Bool
	resp, err := i.api.Handle(context.WithValue(ctx, sentMark{}, &sent), r)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return answer{response: resp, sent: sent.Load(), err: err}
}

// begin counts a call in flight; false means that the instance takes none any
// more.
func (i *instance) begin() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closing {
		return false
	}
	i.calls++
	return true
}

func (i *instance) done() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls--
	if i.closing && i.calls == 0 {
		close(i.idle)
	}
}

// drain waits for the calls in flight and then has the plugin finish what it
// does besides. Both end with ctx.
func (i *instance) drain(ctx context.Context) {
	i.mu.Lock()
	if !i.closing {
		i.closing = true
		if i.calls == 0 {
			close(i.idle)
		}
	}
	i.mu.Unlock()
	select {
	case <-i.idle:
	case <-i.process.exited:
		return
	case <-ctx.Done():
		return
	}
	request := &pluginv1.DrainRequest{}
	if deadline, ok := ctx.Deadline(); ok {
		request.Deadline = timestamppb.New(deadline)
	}
	_, _ = i.api.Drain(ctx, request) // its end follows in any case
}

// end ends the process, giving it a moment to do so itself, and releases all
// that the instance holds.
func (i *instance) end() { i.finish(endGrace) }

// kill is end without the moment.
func (i *instance) kill() { i.finish(0) }

func (i *instance) finish(grace time.Duration) {
	i.ending.Do(func() {
		gone := i.process.end(grace)
		if i.cancel != nil {
			i.cancel()
		}
		if i.stream != nil {
			i.stream.wait()
		}
		i.watcher.Wait()
		if gone {
			i.client.Kill() // it only tidies up; it would wait for the process
		}
	})
}

// sentMark notes, in the *atomic.Bool that a call's context holds under it,
// that the call's message was handed to the connection.
type sentMark struct{}

var _ stats.Handler = sentMark{}

func (sentMark) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (sentMark) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, out := s.(*stats.OutPayload); out {
		if sent, ok := ctx.Value(sentMark{}).(*atomic.Bool); ok {
			sent.Store(true)
		}
	}
}

func (sentMark) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (sentMark) HandleConn(context.Context, stats.ConnStats)                       {}
