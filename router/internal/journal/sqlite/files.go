package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// The journal holds customers' data: it is its owner's alone.
const (
	dirMode  os.FileMode = 0o700
	fileMode os.FileMode = 0o600
)

// ErrLocked: another process has the journal open.
var ErrLocked = errors.New("the journal is in use")

// lock holds the journal for this process until it is closed. The lock file
// stays: removing it would let two processes hold two files of one name. SQLite
// locks the journal's own file, so the lock can't be there.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, fmt.Errorf("locking the journal: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w by %s (%s)", ErrLocked, holder(f), path)
		}
		return nil, fmt.Errorf("locking the journal: %w", err)
	}
	if err = f.Truncate(0); err == nil {
		_, err = f.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("locking the journal: %w", err)
	}
	return f, nil
}

// holder says who has the lock, as far as its file tells.
func holder(f *os.File) string {
	const pidBytes = 32 // more than any process id has
	b, err := io.ReadAll(io.LimitReader(f, pidBytes))
	if pid := strings.TrimSpace(string(b)); err == nil && pid != "" {
		return "process " + pid
	}
	return "another process"
}

// makeDir creates the directory of the journal, if need be.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return fmt.Errorf("creating the journal's directory: %w", err)
	}
	return syncPath(filepath.Dir(dir))
}

// makeFile creates the journal's file with its mode, which SQLite then gives
// to the files that it puts beside it.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("creating the journal: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("creating the journal: %w", err)
	}
	return syncPath(filepath.Dir(path))
}

// syncPath flushes a file or a directory. No connection to the file may be
// open: closing any descriptor of it drops the locks that this process has.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	return nil
}
