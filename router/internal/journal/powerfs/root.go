package powerfs

import (
	"context"
	"maps"
	"os"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// root is the one directory.
type root struct {
	fs.Inode
	fs *FS
}

var (
	_ fs.NodeGetattrer = (*root)(nil)
	_ fs.NodeCreater   = (*root)(nil)
	_ fs.NodeUnlinker  = (*root)(nil)
	_ fs.NodeFsyncer   = (*root)(nil)
)

// Getattr is called by the kernel.
func (r *root) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode = syscall.S_IFDIR | 0o700
	out.Uid, out.Gid = uint32(os.Getuid()), uint32(os.Getgid())
	return fs.OK
}

// Create is called by the kernel.
func (r *root) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	if errno := r.fs.decide(Create, name).errno(); errno != fs.OK {
		return nil, nil, 0, errno
	}
	f := &file{fs: r.fs, name: name, mode: os.FileMode(mode) & os.ModePerm}
	r.fs.names[name] = f
	f.attr(&out.Attr)
	return r.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG}), nil, fuse.FOPEN_KEEP_CACHE, fs.OK
}

// Unlink is called by the kernel.
func (r *root) Unlink(_ context.Context, name string) syscall.Errno {
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	errno := r.fs.decide(Unlink, name).errno()
	if errno == fs.OK {
		delete(r.fs.names, name)
	}
	return errno
}

// Fsync is called by the kernel, when the directory is flushed.
func (r *root) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	errno := r.fs.decide(SyncDir, "").errno()
	if errno == fs.OK {
		r.fs.disk = maps.Clone(r.fs.names)
	}
	return errno
}
