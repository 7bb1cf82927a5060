package sdk

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// streamOverhead is what a message of the stream may add to the response in
// it: a correlation id and a few tags.
const streamOverhead = 64

// HandleStream is Handle for many deliveries at a time. It ends when the host
// closes its side and every handler has returned, or when the host is gone.
func (s *service) HandleStream(stream grpc.BidiStreamingServer[pluginv1.StreamRequest, pluginv1.StreamResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	calls := calls{service: s, stream: stream, slots: make(chan struct{}, pluginv1.MaxInFlight), cancels: map[uint64]context.CancelFunc{}}
	defer calls.handlers.Wait()
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			cancel()
			return err
		}
		switch m := req.Message.(type) {
		case *pluginv1.StreamRequest_Handle:
			calls.begin(ctx, req.CorrelationId, m.Handle)
		case *pluginv1.StreamRequest_Cancel:
			calls.cancel(req.CorrelationId)
		}
	}
}

// calls are those in flight on one stream.
type calls struct {
	service  *service
	stream   grpc.BidiStreamingServer[pluginv1.StreamRequest, pluginv1.StreamResponse]
	slots    chan struct{} // one taken by each call; a host that keeps to the cap never waits
	handlers sync.WaitGroup

	sending sync.Mutex

	mu      sync.Mutex
	cancels map[uint64]context.CancelFunc
}

func (c *calls) begin(ctx context.Context, id uint64, r *pluginv1.HandleRequest) {
	var cancel context.CancelFunc
	if r.Deadline != nil {
		ctx, cancel = context.WithDeadline(ctx, r.Deadline.AsTime())
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	c.mu.Lock()
	_, taken := c.cancels[id]
	if !taken {
		c.cancels[id] = cancel
	}
	c.mu.Unlock()
	if taken {
		cancel()
		c.send(&pluginv1.StreamResponse{CorrelationId: id, Error: "this correlation id is in flight already"})
		return
	}
	c.slots <- struct{}{}
	c.handlers.Go(func() {
		defer func() {
			cancel()
			c.mu.Lock()
			delete(c.cancels, id)
			c.mu.Unlock()
			<-c.slots
		}()
		c.answer(ctx, id, r)
	})
}

func (c *calls) answer(ctx context.Context, id uint64, r *pluginv1.HandleRequest) {
	resp := &pluginv1.StreamResponse{CorrelationId: id}
	outcome, err := recovered(ctx, r, func(ctx context.Context, _ any) (any, error) { return c.service.Handle(ctx, r) })
	if err != nil {
		resp.Error = status.Convert(err).Message()
	} else {
		resp.Handle = outcome.(*pluginv1.HandleResponse)
	}
	c.send(resp)
}

// send writes one answer. An error of it is the end of the stream, which
// Recv reports.
func (c *calls) send(resp *pluginv1.StreamResponse) {
	c.sending.Lock()
	defer c.sending.Unlock()
	_ = c.stream.Send(resp)
}

func (c *calls) cancel(id uint64) {
	c.mu.Lock()
	cancel := c.cancels[id]
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}
