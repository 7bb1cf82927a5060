package simulate

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// AnyPort is the address that a server takes when it is given none.
	AnyPort = "127.0.0.1:0"

	// stopWithin bounds a graceful stop; what is still busy then is cut off. On
	// loopback nothing honest takes as long.
	stopWithin = 2 * time.Second
	// readWithin bounds how long one request or SMTP command may take to come in.
	readWithin = 10 * time.Second
	// maxHeader and maxBody bound a request: a signed header of one event
	// address, and a document of the size that the daemon itself takes.
	maxHeader = 64 << 10
	maxBody   = 1 << 20
	// maxLogged bounds the calls, and maxKept the objects or messages, that one
	// stand-in remembers: a long session forgets its oldest.
	maxLogged = 1000
	maxKept   = 10_000
)

// ErrNotLoopback: a simulated server was asked to listen where others can
// reach it.
var ErrNotLoopback = errors.New("a simulated server listens on loopback addresses only")

// engine is the part of http.Server and smtp.Server that owning one takes.
type engine interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

// server owns one listener and the goroutine that serves it.
type server struct {
	mu       sync.Mutex
	engine   engine
	listener net.Listener
	served   chan struct{} // closed when Serve has returned
	addr     string        // of the present or the latest listener
}

// start listens on addr and serves it with what build makes. A server that
// runs is left as it is.
func (s *server) start(addr string, build func() engine) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine != nil {
		return nil
	}
	if addr == "" {
		addr = AnyPort
	}
	l, err := listenLoopback(addr)
	if err != nil {
		return err
	}
	s.engine, s.listener, s.served, s.addr = build(), l, make(chan struct{}), l.Addr().String()
	go func(e engine, served chan struct{}) {
		defer close(served)
		// Serve returns when stop ends it; stop looks at nothing but that.
		_ = e.Serve(l)
	}(s.engine, s.served)
	return nil
}

func listenLoopback(addr string) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("reading the address %q: %w", addr, err)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("listening on %q: %w", addr, ErrNotLoopback)
	}
	l, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return nil, fmt.Errorf("listening on %q: %w", addr, err)
	}
	return l, nil
}

// stop ends what start began and waits for it. What is busy for longer than
// stopWithin is cut off. A server that does not run is left as it is.
func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	// Nothing new comes in before Shutdown looks at what there is: smtp.Server
	// counts a connection after it has taken it.
	_ = s.listener.Close()
	<-s.served
	if s.engine.Shutdown(ctx) != nil {
		_ = s.engine.Close() // the listener is closed already: nothing is left to tell
	}
	s.engine = nil
}

// address is host:port once started, else "".
func (s *server) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

func (s *server) url() string {
	if a := s.address(); a != "" {
		return "http://" + a
	}
	return ""
}

// httpEngine serves h with every limit set.
func httpEngine(h http.Handler, zl zerolog.Logger) func() engine {
	return func() engine {
		return &http.Server{
			Handler:           http.MaxBytesHandler(h, maxBody),
			ReadHeaderTimeout: readWithin,
			ReadTimeout:       readWithin,
			MaxHeaderBytes:    maxHeader,
			ErrorLog:          log.New(zl, "", 0),
		}
	}
}
