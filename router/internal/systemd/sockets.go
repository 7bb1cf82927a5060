package systemd

import (
	"errors"
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// Listeners takes over the sockets that systemd listens on for the daemon, by
// the names that FileDescriptorName= gave them (without it, the name of the
// socket unit). Several sockets may share a name. The map is empty where
// systemd passed none. A socket is handed out once: a second call finds
// nothing. The caller closes the listeners.
func Listeners() (map[string][]net.Listener, error) {
	listeners := map[string][]net.Listener{}
	var errs []error
	for _, f := range activation.Files(true) {
		l, err := net.FileListener(f) // works on a duplicate
		f.Close()
		if err != nil {
			errs = append(errs, fmt.Errorf(
				"taking over the socket %q from systemd: it accepts no connections (use ListenStream=): %w", f.Name(), err))
			continue
		}
		listeners[f.Name()] = append(listeners[f.Name()], l)
	}
	if len(errs) > 0 {
		for _, named := range listeners {
			for _, l := range named {
				l.Close()
			}
		}
		return nil, errors.Join(errs...)
	}
	return listeners, nil
}
