package powerfs

import (
	"context"
	"os"
	"slices"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// change is a write that is not flushed, or, if data is nil, a new size.
type change struct {
	at   int64
	data []byte
}

func (c change) apply(content []byte) []byte {
	if c.data == nil {
		return resized(content, c.at)
	}
	content = resized(content, max(int64(len(content)), c.at+int64(len(c.data))))
	copy(content[c.at:], c.data)
	return content
}

// survive applies those sectors of a change that keep wants.
func (c change) survive(content []byte, keep func() bool) []byte {
	switch {
	case keep == nil:
		return content
	case c.data == nil:
		if keep() {
			return c.apply(content)
		}
		return content
	}
	at := c.at
	for data := c.data; len(data) > 0; {
		size := min(sector-at%sector, int64(len(data)))
		if keep() {
			content = change{at, data[:size]}.apply(content)
		}
		at, data = at+size, data[size:]
	}
	return content
}

func resized(content []byte, size int64) []byte {
	have := int64(len(content))
	if size <= have {
		clear(content[size:]) // it is zeros when it comes back
		return content[:size]
	}
	return slices.Grow(content, int(size-have))[:size]
}

// file is one file; its FS's lock guards it.
type file struct {
	fs.Inode
	fs   *FS
	name string
	mode os.FileMode

	cache    []byte   // what a reader sees
	disk     []byte   // what was flushed
	unsynced []change // what the next flush brings to the disk
}

var (
	_ fs.NodeGetattrer = (*file)(nil)
	_ fs.NodeSetattrer = (*file)(nil)
	_ fs.NodeOpener    = (*file)(nil)
	_ fs.NodeReader    = (*file)(nil)
	_ fs.NodeWriter    = (*file)(nil)
	_ fs.NodeFsyncer   = (*file)(nil)
)

func (f *file) attr(out *fuse.Attr) {
	out.Mode = uint32(f.mode) | syscall.S_IFREG
	out.Size, out.Nlink = uint64(len(f.cache)), 1
	out.Uid, out.Gid = uint32(os.Getuid()), uint32(os.Getgid())
}

// Getattr is called by the kernel.
func (f *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.attr(&out.Attr)
	return fs.OK
}

// Setattr is called by the kernel. Only the size and the mode are kept.
func (f *file) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		if errno := f.fs.decide(Truncate, f.name).errno(); errno != fs.OK {
			return errno
		}
		f.change(change{at: int64(size)})
	}
	if mode, ok := in.GetMode(); ok {
		f.mode = os.FileMode(mode) & os.ModePerm
	}
	f.attr(&out.Attr)
	return fs.OK
}

// Open is called by the kernel.
func (f *file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, fs.OK
}

// Read is called by the kernel.
func (f *file) Read(_ context.Context, _ fs.FileHandle, dest []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.cut {
		return nil, syscall.EIO
	}
	at = min(at, int64(len(f.cache)))
	return fuse.ReadResultData(dest[:copy(dest, f.cache[at:])]), fs.OK
}

// Write is called by the kernel.
func (f *file) Write(_ context.Context, _ fs.FileHandle, data []byte, at int64) (uint32, syscall.Errno) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if errno := f.fs.decide(Write, f.name).errno(); errno != fs.OK {
		return 0, errno
	}
	f.change(change{at, slices.Clone(data)})
	return uint32(len(data)), fs.OK
}

func (f *file) change(c change) {
	f.cache = c.apply(f.cache)
	f.unsynced = append(f.unsynced, c)
}

// Fsync is called by the kernel.
func (f *file) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	fate := f.fs.decide(Sync, f.name)
	switch fate {
	case Pass:
		for _, c := range f.unsynced {
			f.disk = c.apply(f.disk)
		}
		f.unsynced = nil
	case Fail:
		f.unsynced = nil
	}
	return fate.errno()
}
