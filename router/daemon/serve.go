package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/internal/systemd"
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

// server is an http.Server with an owner.
type server struct {
	http     *http.Server
	listener net.Listener
	log      zerolog.Logger
	failed   chan error
	done     chan struct{}
}

func newServer(name string, h http.Handler, logger zerolog.Logger) *server {
	logger = logger.With().Str("server", name).Logger()
	return &server{
		http: &http.Server{
			Handler: h, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
			IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: log.New(logger, "", 0),
		},
		log: logger, failed: make(chan error, 1), done: make(chan struct{}),
	}
}

func (s *server) start(l net.Listener) {
	s.listener = l
	go func() {
		defer close(s.done)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serving %s: %w", l.Addr(), err)
		}
	}()
}

// stop is for a nil server too, one that was never started.
func (s *server) stop(ctx context.Context) {
	if s == nil {
		return
	}
	// Those who were told "accepted" at the last moment still get their answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
	<-s.done
}

// publicListener listens where the configuration says, or takes the socket
// that systemd hands over.
func publicListener(c *config.Config) (net.Listener, error) {
	handed, err := systemd.Listeners()
	if err != nil {
		return nil, err
	}
	var sockets []net.Listener
	for _, listeners := range handed {
		sockets = append(sockets, listeners...)
	}
	if len(sockets) > 1 {
		return nil, fmt.Errorf("systemd hands over %d sockets; one is served: name one in the socket unit", len(sockets))
	}
	var listener net.Listener
	if len(sockets) == 1 {
		listener = sockets[0]
	}
	if listener == nil {
		if listener, err = net.Listen("tcp", c.Listen); err != nil {
			return nil, fmt.Errorf("listening: %w", err)
		}
	}
	if c.TLS == nil {
		return listener, nil
	}
	cert, err := tls.LoadX509KeyPair(c.TLS.CertFile, c.TLS.KeyFile)
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	return tls.NewListener(listener, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}), nil
}

// listenUnix listens on a socket that only this user can reach. One left by a
// dead daemon is replaced; the journal's lock keeps a second one from here.
func listenUnix(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of the admin socket: %w", err)
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("looking for the admin socket: %w", err)
	case info.Mode()&fs.ModeSocket == 0:
		return nil, fmt.Errorf("%s is there, and is no socket: name another path for the admin socket", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("replacing the admin socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening on the admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("closing the admin socket to others: %w", err)
	}
	return l, nil
}

// mounts are the sources by path; no path lies below another.
type mounts []mount

type mount struct {
	path     string
	endpoint *router.Endpoint
}

// serve hands a request to the source that is mounted at or above its path.
func (d *Daemon) serve(w http.ResponseWriter, req *http.Request) {
	for _, m := range d.loaded().mounts {
		if rest, ok := strings.CutPrefix(req.URL.Path, m.path); ok && (rest == "" || m.path == "/" || rest[0] == '/') {
			d.router.Handle(w, req, m.endpoint)
			return
		}
	}
	d.log.Warn().Str("path", req.URL.Path).Str("remote", req.RemoteAddr).Msg("no source is served at this path")
	http.NotFound(w, req)
}
