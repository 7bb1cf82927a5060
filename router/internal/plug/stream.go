package plug

import (
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// stream makes many calls at once over one HandleStream, and opens another
// when it breaks. It is safe for concurrent use.
type stream struct {
	api pluginv1.PluginClient
	ctx context.Context // of the instance: ends every link

	opening chan struct{} // held while a link is looked up or opened
	link    *link
	workers sync.WaitGroup
}

func newStream(ctx context.Context, api pluginv1.PluginClient) *stream {
	return &stream{api: api, ctx: ctx, opening: make(chan struct{}, 1)}
}

// wait returns when every goroutine has ended, after the context is done.
func (s *stream) wait() { s.workers.Wait() }

// call makes one call and returns its answer, soon after ctx is done at the
// latest.
func (s *stream) call(ctx context.Context, r *pluginv1.HandleRequest) answer {
	l, err := s.open(ctx)
	if err != nil {
		return answer{err: err}
	}
	return l.call(ctx, r)
}

// open returns the link in use, or a new one if that is broken.
func (s *stream) open(ctx context.Context) (*link, error) {
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.link != nil && !s.link.isBroken() {
		return s.link, nil
	}
	// The link outlives the call that opens it, but its opening does not.
	linkCtx, cancel := context.WithCancel(s.ctx)
	keep := context.AfterFunc(ctx, cancel)
	wire, err := s.api.HandleStream(linkCtx)
	if !keep() || err != nil {
		cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	s.link = &link{
		wire: wire, cancel: cancel,
		out: make(chan *flight), gaveUp: make(chan uint64, pluginv1.MaxInFlight),
		broken: make(chan struct{}), flights: map[uint64]*flight{},
	}
	s.workers.Go(s.link.send)
	s.workers.Go(s.link.receive)
	return s.link, nil
}

// link is one HandleStream from its opening to its end.
type link struct {
	wire   grpc.BidiStreamingClient[pluginv1.StreamRequest, pluginv1.StreamResponse]
	cancel context.CancelFunc
	out    chan *flight
	gaveUp chan uint64 // calls whose caller is gone

	broken chan struct{} // closed when the link is of no use any more
	once   sync.Once
	err    error // why; set before broken is closed

	mu      sync.Mutex
	last    uint64
	flights map[uint64]*flight
}

// flight is a call on its way.
type flight struct {
	id      uint64
	request *pluginv1.HandleRequest
	failed  atomic.Bool // it was not written, and never will be
	answer  chan answer // has room for the one answer
}

func (l *link) isBroken() bool {
	select {
	case <-l.broken:
		return true
	default:
		return false
	}
}

func (l *link) breaks(err error) {
	l.once.Do(func() {
		l.err = err
		close(l.broken)
		l.cancel()
	})
}

func (l *link) call(ctx context.Context, r *pluginv1.HandleRequest) answer {
	f := &flight{request: r, answer: make(chan answer, 1)}
	l.mu.Lock()
	l.last++
	f.id = l.last
	l.flights[f.id] = f
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.flights, f.id)
		l.mu.Unlock()
	}()

	select {
	case l.out <- f:
	case <-l.broken:
		return answer{err: &brokenError{l.err}}
	case <-ctx.Done():
		return answer{err: ctx.Err()}
	}
	select {
	case a := <-f.answer:
		return a
	case <-l.broken:
		select {
		case a := <-f.answer: // it came before the end
			return a
		default:
			return answer{sent: !f.failed.Load(), err: &brokenError{l.err}}
		}
	case <-ctx.Done():
		select {
		case l.gaveUp <- f.id:
		default: // the plugin knows the deadline, too
		}
		return answer{sent: !f.failed.Load(), err: ctx.Err()}
	}
}

// send is the only one that writes to the wire.
func (l *link) send() {
	for {
		select {
		case f := <-l.out:
			err := l.wire.Send(&pluginv1.StreamRequest{
				CorrelationId: f.id, Message: &pluginv1.StreamRequest_Handle{Handle: f.request},
			})
			if err != nil {
				// A message that can't be written whole isn't written at all.
				f.failed.Store(true)
				l.cancel() // so that receive learns why, if it has not
				return
			}
		case id := <-l.gaveUp:
			err := l.wire.Send(&pluginv1.StreamRequest{
				CorrelationId: id, Message: &pluginv1.StreamRequest_Cancel{Cancel: &pluginv1.Cancel{}},
			})
			if err != nil {
				l.cancel()
				return
			}
		case <-l.broken:
			return
		}
	}
}

// receive is the only one that reads from the wire.
func (l *link) receive() {
	for {
		resp, err := l.wire.Recv()
		if err != nil {
			l.breaks(err)
			return
		}
		l.mu.Lock()
		f := l.flights[resp.GetCorrelationId()]
		delete(l.flights, resp.GetCorrelationId())
		l.mu.Unlock()
		if f == nil {
			continue // nobody waits for it any longer
		}
		a := answer{sent: true, response: resp.GetHandle()}
		if resp.GetError() != "" {
			a.response, a.err = nil, &pluginError{resp.GetError()}
		}
		f.answer <- a
	}
}
