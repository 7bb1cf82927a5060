package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// service answers the calls of the contract for one plugin.
type service struct {
	pluginv1.UnimplementedPluginServer
	plugin  *Plugin
	actions map[string]*Action

	mu         sync.Mutex
	configured bool
	draining   bool
	running    int
	idle       chan struct{} // closed when draining and nothing runs
}

func newService(p *Plugin) *service {
	s := &service{plugin: p, actions: make(map[string]*Action, len(p.Actions)), idle: make(chan struct{})}
	for i := range p.Actions {
		s.actions[p.Actions[i].Name] = &p.Actions[i]
	}
	return s
}

// recovered turns a panic of the plugin's own code into an error of the call.
// The stack goes to the log.
func recovered(ctx context.Context, req any, next func(context.Context, any) (any, error)) (resp any, err error) {
	defer func() {
		if r := recover(); r != nil {
			Log().Error("the plugin panicked", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			resp, err = nil, status.Error(codes.Internal, "the plugin panicked; its log has the stack")
		}
	}()
	return next(ctx, req)
}

func (s *service) Describe(context.Context, *pluginv1.DescribeRequest) (*pluginv1.DescribeResponse, error) {
	d, err := s.plugin.describe()
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return d, nil
}

func (s *service) Validate(_ context.Context, r *pluginv1.ValidateRequest) (*pluginv1.ValidateResponse, error) {
	if s.plugin.Validate == nil {
		return &pluginv1.ValidateResponse{}, nil
	}
	return &pluginv1.ValidateResponse{Diagnostics: wireDiagnostics(s.plugin.Validate(Values(r.Config)))}, nil
}

func (s *service) Configure(ctx context.Context, r *pluginv1.ConfigureRequest) (*pluginv1.ConfigureResponse, error) {
	s.mu.Lock()
	twice := s.configured
	s.configured = true
	s.mu.Unlock()
	if twice {
		return nil, status.Error(codes.FailedPrecondition, "the plugin is configured already")
	}
	if s.plugin.Configure != nil {
		if err := s.plugin.Configure(ctx, Values(r.Config)); err != nil {
			return &pluginv1.ConfigureResponse{Diagnostics: wireDiagnostics([]Diagnostic{{Summary: err.Error()}})}, nil
		}
	}
	return &pluginv1.ConfigureResponse{}, nil
}

func (s *service) Check(ctx context.Context, _ *pluginv1.CheckRequest) (*pluginv1.CheckResponse, error) {
	if s.plugin.Check != nil {
		if err := s.plugin.Check(ctx); err != nil {
			return &pluginv1.CheckResponse{Message: err.Error()}, nil
		}
	}
	return &pluginv1.CheckResponse{Ok: true}, nil
}

// Handle makes one attempt. An error means that the outcome is unknown.
func (s *service) Handle(ctx context.Context, r *pluginv1.HandleRequest) (*pluginv1.HandleResponse, error) {
	action := s.actions[r.Action]
	if action == nil {
		return nil, status.Errorf(codes.InvalidArgument, "there is no action %q", r.Action)
	}
	d := &Delivery{ID: r.DeliveryId, Key: r.IdempotencyKey, Attempt: int(r.Attempt), Input: Values(r.Input)}
	if err := json.Unmarshal(r.Event, &d.Event); err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "reading the event: %v", err)
	}
	switch ok, configured := s.begin(); {
	case !configured:
		return nil, status.Error(codes.FailedPrecondition, "the plugin is not configured")
	case !ok:
		return wireRetry(Retry("the plugin is about to end")), nil
	}
	defer s.end()
	return action.Handle(ctx, d).wire()
}

func (s *service) begin() (ok, configured bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining || !s.configured {
		return false, s.configured
	}
	s.running++
	return true, true
}

func (s *service) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.becomeIdle()
}

// becomeIdle wants the lock held.
func (s *service) becomeIdle() {
	if s.draining && s.running == 0 {
		close(s.idle)
	}
}

// Drain refuses what comes from now on and waits for what runs.
func (s *service) Drain(ctx context.Context, r *pluginv1.DrainRequest) (*pluginv1.DrainResponse, error) {
	if r.Deadline != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, r.Deadline.AsTime())
		defer cancel()
	}
	s.mu.Lock()
	if !s.draining {
		s.draining = true
		s.becomeIdle()
	}
	s.mu.Unlock()
	select {
	case <-s.idle:
	case <-ctx.Done():
	}
	return &pluginv1.DrainResponse{}, nil
}

// wire says the outcome in the contract's terms. What can't be said is an
// error, and so unknown: the handler has run.
func (o Outcome) wire() (*pluginv1.HandleResponse, error) {
	switch o.kind {
	case succeeded:
		output, err := o.object()
		if err != nil {
			return nil, status.Errorf(codes.Internal, "writing the output: %v", err)
		}
		resp := &pluginv1.HandleResponse{Outcome: &pluginv1.HandleResponse_Succeeded{Succeeded: &pluginv1.Succeeded{Output: output}}}
		if size := proto.Size(resp); size > MaxMessage-streamOverhead {
			return nil, status.Errorf(codes.Internal, "the output has %d bytes, which is more than a message may have", size)
		}
		return resp, nil
	case retry:
		return wireRetry(o), nil
	case rejected:
		return &pluginv1.HandleResponse{Outcome: &pluginv1.HandleResponse_Rejected{Rejected: &pluginv1.Rejected{
			Code: o.code, PublicMessage: o.public, Detail: o.message,
		}}}, nil
	}
	return nil, status.Error(codes.Internal, "the handler returned no outcome")
}

func wireRetry(o Outcome) *pluginv1.HandleResponse {
	w := &pluginv1.Retry{Message: o.message, FreshKey: o.freshKey, NeedsOperator: o.needsOperator, MayHaveRun: o.mayHaveRun}
	if o.after > 0 {
		w.After = durationpb.New(o.after)
	}
	return &pluginv1.HandleResponse{Outcome: &pluginv1.HandleResponse_Retry{Retry: w}}
}

// object is the output as a JSON object.
func (o Outcome) object() ([]byte, error) {
	b, err := json.Marshal(o.output)
	if err != nil {
		return nil, err
	}
	if string(b) == "null" {
		return []byte("{}"), nil
	}
	if b[0] != '{' {
		return nil, fmt.Errorf("it is no JSON object but %T", o.output)
	}
	return b, nil
}
