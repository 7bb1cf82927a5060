package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/signalbox/signalbox/router"
)

const (
	// FileName is the file of the keys in the state directory.
	FileName = "seal.key"
	// The keys are their owner's alone, as the journal is.
	fileMode fs.FileMode = 0o600
	dirMode  fs.FileMode = 0o700
	// fileMax is room for hundreds of keys; a longer file is something else.
	fileMax = 64 << 10
)

// Load gives the keys of a configuration, at least one. Where Read finds none,
// the file in the state directory is made with a new key, durably, before
// anything can be sealed with it.
func Load(configured router.Secret, dir string) (Keys, error) {
	keys, err := Read(configured, dir)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	path := filepath.Join(dir, FileName)
	if err = makeFile(path); err == nil {
		keys, err = readFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the sealing key %s: %w", path, err)
	}
	return keys, nil
}

// Read gives the keys that a configuration names, if it names any, and those of
// the file in the state directory, if it is there. It changes nothing.
func Read(configured router.Secret, dir string) (keys Keys, err error) {
	if !configured.Empty() {
		if keys, err = Parse(configured); err != nil {
			return nil, fmt.Errorf("seal_key: %w", err)
		}
	}
	path := filepath.Join(dir, FileName)
	kept, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return keys, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the sealing key %s: %w", path, err)
	}
	return append(keys, kept...), nil
}

// readFile reads keys that nobody else can have read or written.
func readFile(path string) (Keys, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe must not hold up the start
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	if mode := info.Mode().Perm(); mode&^fileMode != 0 {
		return nil, fmt.Errorf("others may read or write it (mode %04o): make it its owner's alone with chmod %o, and if they are not to be trusted put a new key on a line above", mode, fileMode)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("it belongs to the user %d, and signalbox runs as %d: chown it", stat.Uid, os.Geteuid())
	}
	text, err := io.ReadAll(io.LimitReader(f, fileMax+1))
	if err != nil {
		return nil, err
	}
	if len(text) > fileMax {
		return nil, fmt.Errorf("it has more than %d bytes", fileMax)
	}
	keys, err := parse(router.NewSecret(text))
	if err != nil {
		return nil, fmt.Errorf("%w: put back the copy from your backup; a new key can't open what this one has sealed", err)
	}
	return keys, nil
}

// makeFile puts a new key there, whole and flushed. If somebody else has made
// the file meanwhile, that one stands.
func makeFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return fmt.Errorf("making it: %w", err)
	}
	f, err := os.CreateTemp(dir, FileName+".*") // its mode is 0600
	if err != nil {
		return fmt.Errorf("making it: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(generate())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("making it: %w", err)
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making it: %w", err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing its directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("syncing its directory: %w", err)
	}
	return nil
}
