package journaltest

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
)

// Cuts is how many crashes or power cuts a sweep of them makes: what
// SIGNALBOX_CUTS says, else 50 where CI is set, else a few, for somebody waits.
func Cuts(t *testing.T) int {
	t.Helper()
	switch text := os.Getenv("SIGNALBOX_CUTS"); {
	case text != "":
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("SIGNALBOX_CUTS is %q, no number of cuts", text)
		}
		return n
	case os.Getenv("CI") != "":
		return 50
	}
	return 8
}

// SmallDisk mounts a file system of a size like "2m" at a directory that
// exists, until the test ends. It skips the test where only root may and CI is
// not set.
func SmallDisk(t *testing.T, dir, size string) {
	t.Helper()
	if os.Geteuid() != 0 && os.Getenv("CI") == "" {
		t.Skip("only root can mount a small file system")
	}
	run := func(name string, args ...string) {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	run("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir)
	t.Cleanup(func() { run("umount", dir) })
}

// Fill makes a file longer until nothing more fits on its file system.
func Fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := make([]byte, os.Getpagesize()); err == nil; {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
