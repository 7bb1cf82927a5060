package powerfs

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestWhatSurvives says what a power cut leaves of some work on one file. The
// work fails where the power goes.
func TestWhatSurvives(t *testing.T) {
	work := func(sync bool, texts ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			f := create(t, dir)
			defer f.Close()
			must(t, flush(dir))
			for _, text := range texts {
				_, err := f.WriteAt([]byte(text), 0)
				must(t, err)
				if sync {
					must(t, f.Sync())
				}
			}
		}
	}
	for _, c := range []struct {
		name string
		work func(*testing.T, string)
		keep func() bool
		want map[string]string
	}{
		{"what was flushed", work(true, "one", "two"), nil, map[string]string{"file": "two"}},
		{"what was not flushed is gone", work(false, "one"), nil, map[string]string{"file": ""}},
		{"or not", work(false, "one"), func() bool { return true }, map[string]string{"file": "one"}},
		{"a name that was not flushed", func(t *testing.T, dir string) {
			f := create(t, dir)
			defer f.Close()
			_, err := f.WriteString("one")
			must(t, errors.Join(err, f.Sync()))
		}, nil, map[string]string{}},
		{"a removal that was not flushed", func(t *testing.T, dir string) {
			work(true, "one")(t, dir)
			must(t, os.Remove(filepath.Join(dir, "file")))
		}, nil, map[string]string{"file": "one"}},
		{"a removal that was", func(t *testing.T, dir string) {
			work(true, "one")(t, dir)
			must(t, errors.Join(os.Remove(filepath.Join(dir, "file")), flush(dir)))
		}, nil, map[string]string{}},
		{"a new size", func(t *testing.T, dir string) {
			work(true, "one")(t, dir)
			must(t, os.Truncate(filepath.Join(dir, "file"), 2))
		}, nil, map[string]string{"file": "one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			f := mount(t, dir, nil)
			c.work(t, dir)
			f.Cut()
			if got := salvage(t, f, c.keep); !maps.Equal(got, c.want) {
				t.Errorf("the disk has %q, want %q", got, c.want)
			}
		})
	}
}

// TestFailedFlush: what a failed flush was to bring to the disk can be read,
// and no later flush brings it there.
func TestFailedFlush(t *testing.T) {
	dir, syncs := t.TempDir(), 0
	f := mount(t, dir, func(op Op) Fate {
		if op.Kind == Sync {
			if syncs++; syncs == 1 {
				return Fail
			}
		}
		return Pass
	})
	file := create(t, dir)
	defer file.Close()
	must(t, flush(dir))
	_, err := file.WriteString("one")
	must(t, err)
	if err := file.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the flush that fails gives %v", err)
	}
	_, err = file.WriteString(" two")
	must(t, errors.Join(err, file.Sync()))
	seen := make([]byte, 7)
	if _, err := file.ReadAt(seen, 0); string(seen) != "one two" {
		t.Fatalf("a reader sees %q, %v", seen, err)
	}
	f.Cut()
	if _, err := file.WriteString("three"); !errors.Is(err, syscall.EIO) {
		t.Errorf("writing without power gives %v", err)
	}
	if got := salvage(t, f, nil)["file"]; got != "\x00\x00\x00 two" {
		t.Errorf("the disk has %q", got)
	}
}

// TestCut: the operation that the power goes at is not done, and each sector of
// what was not flushed is lost or kept by itself.
func TestCut(t *testing.T) {
	dir := t.TempDir()
	f := mount(t, dir, func(op Op) Fate {
		if op.Kind == Sync {
			return Cut
		}
		return Pass
	})
	file := create(t, dir)
	defer file.Close()
	must(t, flush(dir))
	if err := f.Salvage(t.TempDir(), nil); !errors.Is(err, errPowered) {
		t.Fatalf("salvaging under power gives %v", err)
	}
	_, err := file.WriteString(strings.Repeat("x", 3*sector))
	must(t, err)
	if err := file.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the flush without power gives %v", err)
	}
	asked := 0
	got := salvage(t, f, func() bool { asked++; return asked == 2 })["file"]
	if want := strings.Repeat("\x00", sector) + strings.Repeat("x", sector); got != want || asked != 3 {
		t.Errorf("asked %d times, and the disk has %q", asked, got)
	}
}

// TestReadOnly: while all is refused, what is there can be read; then all goes
// on.
func TestReadOnly(t *testing.T) {
	dir, refusing := t.TempDir(), atomic.Bool{}
	mount(t, dir, func(Op) Fate {
		if refusing.Load() {
			return Refuse
		}
		return Pass
	})
	file := create(t, dir)
	defer file.Close()
	_, err := file.WriteString("one")
	must(t, errors.Join(err, file.Sync()))
	refusing.Store(true)
	path := filepath.Join(dir, "file")
	_, written := file.WriteString("two")
	for name, err := range map[string]error{
		"write": written, "sync": file.Sync(), "truncate": file.Truncate(1), "unlink": os.Remove(path),
		"create": os.WriteFile(path+"2", nil, 0o600), "sync of the directory": flush(dir),
	} {
		if !errors.Is(err, syscall.EROFS) {
			t.Errorf("%s gives %v", name, err)
		}
	}
	refusing.Store(false)
	_, err = file.WriteString("two")
	must(t, err)
	if b, err := os.ReadFile(path); string(b) != "onetwo" {
		t.Errorf("the file has %q, %v", b, err)
	}
}

func mount(t *testing.T, dir string, fate func(Op) Fate) *FS {
	t.Helper()
	if _, err := os.Stat(Device); err != nil && os.Getenv("CI") == "" {
		t.Skip("without FUSE there is no file system to cut off: ", err)
	}
	f, err := Mount(dir, fate)
	must(t, err)
	t.Cleanup(func() {
		if err := f.Unmount(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func create(t *testing.T, dir string) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "file"), os.O_RDWR|os.O_CREATE, 0o600)
	must(t, err)
	return f
}

func flush(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func salvage(t *testing.T, f *FS, keep func() bool) map[string]string {
	t.Helper()
	dir := t.TempDir()
	must(t, f.Salvage(dir, keep))
	entries, err := os.ReadDir(dir)
	must(t, err)
	files := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		files[e.Name()] = string(b)
	}
	return files
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
