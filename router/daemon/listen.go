package daemon

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/internal/systemd"
)

// handedListener is the socket that systemd hands over, or nil.
func handedListener() (net.Listener, error) {
	handed, err := systemd.Listeners()
	if err != nil {
		return nil, err
	}
	var sockets []net.Listener
	for _, listeners := range handed {
		sockets = append(sockets, listeners...)
	}
	switch len(sockets) {
	case 0:
		return nil, nil
	case 1:
		return sockets[0], nil
	}
	return nil, fmt.Errorf("systemd hands over %d sockets; one is served: name one in the socket unit", len(sockets))
}

// publicListener gives the listener that sources are served at, and whether it
// is another's to choose: the embedding program's, or systemd's.
func (d *Daemon) publicListener(address string) (l net.Listener, handed bool, err error) {
	if d.opt.Listener != nil {
		return d.opt.Listener, true, nil
	}
	if l, err = handedListener(); l != nil || err != nil {
		return l, true, err
	}
	if l, err = net.Listen("tcp", address); err != nil {
		return nil, false, fmt.Errorf("listening: %w", err)
	}
	return l, false, nil
}

// listen opens a door where next is to be served, if that is another address than
// now. The one in use goes on. From here on the kernel gives the new one callers,
// so the swap must follow: closing it would turn them away. A socket that was
// handed over is nobody's to exchange here, which is for fixed to say.
func (d *Daemon) listen(ctx context.Context, next *loaded) error {
	if !d.moves(next) {
		return nil
	}
	l, err := listenBeside(ctx, d.public.listeners(), next.config.Listen)
	if err != nil {
		return fmt.Errorf("listening at the new address: %w", err)
	}
	next.door = newDoor(l, next.tls)
	return nil
}

// mayListen says why listen would fail, and takes no caller from anybody. Whether
// somebody else has a part of a port of ours only listen finds out.
func (d *Daemon) mayListen(ctx context.Context, next *loaded) error {
	if !d.moves(next) {
		return nil
	}
	_, err := (&net.ListenConfig{Control: bindOnly}).Listen(ctx, "tcp", next.config.Listen)
	if errors.Is(err, errBound) || errors.Is(err, unix.EADDRINUSE) && havePort(ctx, d.public.listeners(), next.config.Listen) {
		return nil
	}
	return fmt.Errorf("listening at the new address: %w", err)
}

func (d *Daemon) moves(next *loaded) bool {
	return d.public != nil && !d.handed && next.config.Listen != d.loaded().config.Listen
}

// listenBeside listens at an address that may be another form of one that is in
// use, or is being left: 0.0.0.0:8480 after 127.0.0.1:8480. The kernel lets both
// be only while all their sockets say that they share the port, which they do no
// longer than this takes: another program that wants it must learn that it is
// taken.
func listenBeside(ctx context.Context, inUse []net.Listener, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if !errors.Is(err, unix.EADDRINUSE) || !havePort(ctx, inUse, address) {
		return l, err
	}
	for _, other := range inUse {
		if shareListener(other, 1) == nil { // else it was left just now
			defer shareListener(other, 0)
		}
	}
	beside := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return sharePort(c, 1) }}
	if l, err = beside.Listen(ctx, "tcp", address); err != nil {
		return nil, err
	}
	if err := shareListener(l, 0); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// havePort reports whether one of the listeners has the address's port.
func havePort(ctx context.Context, inUse []net.Listener, address string) bool {
	_, name, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", name)
	return err == nil && slices.ContainsFunc(inUse, func(l net.Listener) bool {
		at, ok := l.Addr().(*net.TCPAddr)
		return ok && at.Port == port
	})
}

// errBound ends what bindOnly has come to instead of listening.
var errBound = errors.New("bound, to see whether that is possible")

// bindOnly binds a socket and has it closed again: unless it listens, it gets no
// connection.
func bindOnly(network, address string, c syscall.RawConn) error {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return err
	}
	var to unix.Sockaddr
	if network == "tcp4" {
		to4 := &unix.SockaddrInet4{Port: at.Port}
		copy(to4.Addr[:], at.IP.To4())
		to = to4
	} else {
		to6 := &unix.SockaddrInet6{Port: at.Port}
		if !at.IP.IsUnspecified() { // all addresses, of either kind
			copy(to6.Addr[:], at.IP.To16())
		}
		if at.Zone != "" {
			zone, err := net.InterfaceByName(at.Zone)
			if err != nil {
				return err
			}
			to6.ZoneId = uint32(zone.Index)
		}
		to = to6
	}
	var failed error
	if err := c.Control(func(fd uintptr) { failed = os.NewSyscallError("bind", unix.Bind(int(fd), to)) }); err != nil {
		return err
	}
	return cmp.Or(failed, errBound)
}

func shareListener(l net.Listener, on int) error {
	socket, ok := l.(syscall.Conn)
	if !ok {
		return errors.ErrUnsupported
	}
	c, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	return sharePort(c, on)
}

func sharePort(c syscall.RawConn, on int) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, on) })
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("sharing the port: %w", err)
	}
	return nil
}

// certificate reads the files of a tls block; nil gives nil.
func certificate(c *config.TLS) (*tls.Config, error) {
	if c == nil {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}, nil
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
