package powerfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Device is what FUSE needs; where it is missing, nothing can be mounted.
const Device = "/dev/fuse"

// Kind is what an operation does.
type Kind string

// The operations that change something, or make a change last.
const (
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Sync     Kind = "sync"
	Create   Kind = "create"
	Unlink   Kind = "unlink"
	SyncDir  Kind = "sync of the directory"
)

// Op is one operation on the file of that name; SyncDir has none.
type Op struct {
	Kind Kind
	File string
}

// Fate is what becomes of an operation.
type Fate int

const (
	// Pass: it is done.
	Pass Fate = iota
	// Fail: it is not done, and fails with EIO. A Sync loses what it was to
	// flush: it can be read, but no later Sync flushes it.
	Fail
	// Cut: the power goes before it is done.
	Cut
	// Refuse: it is not done, and fails with EROFS, as all do where the system
	// has made the file system read-only.
	Refuse
)

// FS is a mounted file system.
type FS struct {
	server *fuse.Server

	mu    sync.Mutex
	fate  func(Op) Fate
	cut   bool
	disk  map[string]*file // the directory as it was last flushed
	names map[string]*file // the directory as it is
}

// Mount serves a file system, empty at first, at a directory that exists. It
// must be unmounted, and needs root and Device. The fate of every operation is
// what fate says, which is called by one operation at a time; nil is Pass.
func Mount(dir string, fate func(Op) Fate) (*FS, error) {
	f := &FS{fate: fate, disk: map[string]*file{}, names: map[string]*file{}}
	server, err := fs.Mount(dir, &root{fs: f}, &fs.Options{
		NullPermissions: true,
		MountOptions:    fuse.MountOptions{FsName: "powerfs", DirectMountStrict: true},
	})
	if err != nil {
		return nil, fmt.Errorf("mounting the file system: %w", err)
	}
	f.server = server
	return f, nil
}

// busyFor is how long a file may seem to be open that nobody has: a process that
// is just being started has all of its parent's, until its program is there.
const busyFor = 10 * time.Second

// Unmount ends it. Nobody may have a file of it open any more.
func (f *FS) Unmount() error {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	begun := time.Now()
	err := f.server.Unmount()
	for errors.Is(err, syscall.EBUSY) && time.Since(begun) < busyFor {
		<-again.C
		err = f.server.Unmount()
	}
	if err != nil {
		return fmt.Errorf("unmounting the file system: %w", err)
	}
	f.server.Wait()
	return nil
}

// Cut cuts the power, if it is not cut: every later operation fails.
func (f *FS) Cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = true
}

// errPowered: the power is on.
var errPowered = errors.New("the power is not cut")

// Salvage writes the files as the disk has them after the cut to a directory.
// Of what was written and not flushed each sector survives if keep says so,
// which may be nil for none.
func (f *FS) Salvage(dir string, keep func() bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.cut {
		return errPowered
	}
	for name, file := range f.disk {
		content := slices.Clone(file.disk)
		for _, c := range file.unsynced {
			content = c.survive(content, keep)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, file.mode); err != nil {
			return fmt.Errorf("salvaging a file: %w", err)
		}
	}
	return nil
}

// decide is the fate of an operation. f.mu is held.
func (f *FS) decide(kind Kind, name string) Fate {
	if !f.cut && f.fate != nil {
		fate := f.fate(Op{kind, name})
		if fate != Cut {
			return fate
		}
		f.cut = true
	}
	if f.cut {
		return Cut
	}
	return Pass
}

// errno is what the caller of an operation is told of its fate.
func (f Fate) errno() syscall.Errno {
	switch f {
	case Pass:
		return fs.OK
	case Refuse:
		return syscall.EROFS
	}
	return syscall.EIO
}
