// Package powerfs is a file system for tests whose power can be cut.
//
// It keeps what was flushed apart from what was only written, as a disk and the
// kernel's cache do, and it is as hard as a file system may be: nothing that was
// not flushed has a right to survive, a new name least of all, which needs a
// flush of its directory. After a flush that failed the kernel calls pages clean
// that never reached the disk, and so a later flush does not bring them there.
//
// It is one flat directory, served by FUSE, and knows nothing of journals. Mount
// it in one process and let another use it: a process that maps a file which it
// serves itself can wait for itself for ever.
//
// Start at powerfs.go; file.go and root.go are what the kernel calls.
package powerfs
