package plug

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	// socketPathMax is the longest path of a unix socket on Linux: 108 bytes
	// with the closing zero.
	socketPathMax = 107
	// socketNames is what go-plugin adds to the directory, at the longest:
	// /plugin-dir0123456789/plugin0123456789.
	socketNames = 38
	// socketDirs matches the directories that go-plugin makes, one a life.
	socketDirs = "plugin-dir*"
)

// prepareSockets makes the directory for plugins' sockets and sweeps what a
// killed daemon has left in it. The directory must be the daemon's alone; ""
// stands for the system's directory of temporary files, which isn't swept.
func prepareSockets(dir string) error {
	if dir == "" {
		return nil
	}
	if longest := len(dir) + socketNames; longest > socketPathMax {
		return fmt.Errorf("the directory for plugin sockets, %s, is %d bytes too long: a socket's path has at most %d",
			dir, longest-socketPathMax, socketPathMax)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory for plugin sockets: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, socketDirs))
	if err != nil {
		return fmt.Errorf("sweeping the directory for plugin sockets: %w", err)
	}
	var errs []error
	for _, path := range left {
		errs = append(errs, os.RemoveAll(path))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("sweeping the directory for plugin sockets: %w", err)
	}
	return nil
}
