package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Limits of the HTTP servers. A caller that sends its few kB slower than this
// is no marketplace; an answer comes within the longest reply_within, which is 400 s.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 7 * time.Minute
	lastWords         = 2 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// server is an http.Server with an owner. It takes connections in by one door,
// and may be given another while it serves.
type server struct {
	http   *http.Server
	log    zerolog.Logger
	failed chan error

	mu      sync.Mutex
	door    *door
	served  map[*door]bool // those that are being left among them
	stopped bool
	doors   sync.WaitGroup
}

func newServer(name string, h http.Handler, logger zerolog.Logger) *server {
	logger = logger.With().Str("server", name).Logger()
	return &server{
		http: &http.Server{
			Handler: toldToLeave(h), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
			IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: log.New(logger, "", 0),
			BaseContext: func(l net.Listener) context.Context { return context.WithValue(context.Background(), doorKey{}, l) },
		},
		log: logger, failed: make(chan error, 1), served: map[*door]bool{},
	}
}

// open takes connections in by a door from now on, and no longer by the one
// before. What came in by that one is served to its end: a request is answered,
// a connection that is kept alive is closed behind its next answer, or when it
// has idled for too long.
func (s *server) open(d *door) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		d.Close()
		return
	}
	before := s.door
	s.door, s.served[d] = d, true
	s.doors.Go(func() {
		err := s.http.Serve(d)
		s.mu.Lock()
		delete(s.served, d)
		s.mu.Unlock()
		if errors.Is(err, http.ErrServerClosed) || d.leaving.Load() {
			return
		}
		select {
		case s.failed <- fmt.Errorf("serving %s: %w", d.Addr(), err):
		default: // one failure ends the daemon
		}
	})
	if before != nil {
		before.leave()
	}
}

// secure has connections from now on speak TLS by the configuration, or, if it
// is nil, none.
func (s *server) secure(c *tls.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.door.tls.Store(c)
}

// listener is the one that connections come in by.
func (s *server) listener() net.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.door.Listener
}

// listeners are all that are not closed yet.
func (s *server) listeners() (all []net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d := range s.served {
		all = append(all, d.Listener)
	}
	return all
}

// stop is for a nil server too, one that was never started.
func (s *server) stop(ctx context.Context) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	// Those who were told "accepted" at the last moment still get their answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
	s.doors.Wait()
}

// door is a listener that can change between TLS and none, and that can be left
// without turning anybody away.
type door struct {
	net.Listener
	tls     atomic.Pointer[tls.Config] // nil for none
	leaving atomic.Bool
}

type doorKey struct{} // of a request's context: the door that it came in by

func newDoor(l net.Listener, c *tls.Config) *door {
	d := &door{Listener: l}
	d.tls.Store(c)
	return d
}

// Accept is net.Listener's.
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	switch c := d.tls.Load(); {
	case d.leaving.Load() && errors.Is(err, os.ErrDeadlineExceeded):
		return nil, net.ErrClosed // no other error is its end: it may be passing
	case err != nil || c == nil:
		return conn, err
	default:
		return tls.Server(conn, c), nil
	}
}

// doorLinger is for how long an address that is left still takes connections in:
// closing it resets those that the kernel has and nobody has taken up yet, and
// callers may have looked the address up a moment ago.
const doorLinger = time.Second

// leave closes the door a moment later.
func (d *door) leave() {
	d.leaving.Store(true)
	l, ok := d.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok || l.SetDeadline(time.Now().Add(doorLinger)) != nil {
		d.Close() // who serves by it sees that
	}
}

// toldToLeave has a connection closed behind an answer if a new one would come
// in by another door, or would be secured in another way. Closing it while it
// idles could cross a request on its way.
func toldToLeave(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, ok := r.Context().Value(doorKey{}).(*door)
		if ok && (d.leaving.Load() || (r.TLS != nil) != (d.tls.Load() != nil)) {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}
