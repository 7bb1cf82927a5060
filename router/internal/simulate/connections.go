package simulate

import (
	"net"
	"sync"
)

// connections knows which connections of a listener are open.
type connections struct {
	mu   sync.Mutex
	open map[*trackedConn]struct{}
}

func (c *connections) closeAll() {
	c.mu.Lock()
	all := c.open
	c.open = nil
	c.mu.Unlock()
	for conn := range all {
		_ = conn.Conn.Close() // it is being cut off: there is nobody to tell
	}
}

type trackingListener struct {
	net.Listener
	connections *connections
}

func (l *trackingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tracked := &trackedConn{Conn: conn, owner: l.connections}
	l.connections.mu.Lock()
	defer l.connections.mu.Unlock()
	if l.connections.open == nil {
		l.connections.open = map[*trackedConn]struct{}{}
	}
	l.connections.open[tracked] = struct{}{}
	return tracked, nil
}

type trackedConn struct {
	net.Conn
	owner *connections
}

func (c *trackedConn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}
