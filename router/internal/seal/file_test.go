package seal

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/signalbox/signalbox/router"
)

func TestLoadMakesTheFileOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	plain := json.RawMessage(`{"token":"hunter2"}`)
	var sealed sync.Map
	var all sync.WaitGroup
	for i := range 8 { // two daemons that start at once
		all.Go(func() {
			keys, err := Load(router.Secret{}, dir)
			if err != nil {
				t.Error(err)
				return
			}
			sealed.Store(i, NewVault(keys).Seal(tokenSchema(), plain))
		})
	}
	all.Wait()
	keys, err := Load(router.Secret{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	v := NewVault(keys)
	sealed.Range(func(_, value any) bool {
		if got, err := v.Open(value.(json.RawMessage)); err != nil || string(got) != string(plain) {
			t.Errorf("opened: %s, %v", got, err)
		}
		return true
	})
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("in the directory: %v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Name() != FileName || info.Mode() != 0o600 {
		t.Errorf("the file is %s, %s, %v", info.Name(), info.Mode(), err)
	}
}

func TestLoadConfigured(t *testing.T) {
	dir := t.TempDir()
	keys, err := Load(router.NewSecret([]byte(oneKey)), dir)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	if _, err := os.Stat(filepath.Join(dir, FileName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file is made that nobody needs: %v", err)
	}
	kept, err := Load(router.Secret{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	sealed := NewVault(kept).Seal(tokenSchema(), json.RawMessage(`{"token":"hunter2"}`))
	both, err := Load(router.NewSecret([]byte(oneKey)), dir)
	if err != nil || len(both) != 2 || both[0].id != keys[0].id {
		t.Fatalf("%d keys, %v", len(both), err)
	}
	if _, err := NewVault(both).Open(sealed); err != nil {
		t.Errorf("what the file's key has sealed does not open any more: %v", err)
	}
	if _, err := Load(router.NewSecret([]byte("hunter2")), dir); err == nil || !strings.HasPrefix(err.Error(), "seal_key: key 1 is not") {
		t.Errorf("a configured key that is none: %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		make    func(path string) error
		wantErr string
	}{
		"read by all":     {func(path string) error { return put(path, oneKey, 0o644) }, "others may read or write it (mode 0644): make it its owner's alone with chmod 600"},
		"written by some": {func(path string) error { return put(path, oneKey, 0o620) }, "others may read or write it (mode 0620)"},
		"empty":           {func(path string) error { return put(path, "", 0o600) }, "there is no key in it"},
		"cut off":         {func(path string) error { return put(path, oneKey[:20], 0o600) }, "key 1 is not 32 random bytes"},
		"long":            {func(path string) error { return put(path, strings.Repeat("\n", fileMax+1), 0o600) }, "it has more than 65536 bytes"},
		"a directory":     {func(path string) error { return os.Mkdir(path, 0o700) }, "it is no regular file"},
		"a pipe":          {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "it is no regular file"},
		"a broken link":   {func(path string) error { return os.Symlink(path+".gone", path) }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			if err := tc.make(path); err != nil {
				t.Fatal(err)
			}
			keys, err := Load(router.Secret{}, filepath.Dir(path))
			if keys != nil || err == nil || !strings.Contains(err.Error(), "the sealing key "+path) || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("%d keys, %v; want %s", len(keys), err, tc.wantErr)
			}
		})
	}
}

func put(path, text string, mode fs.FileMode) error {
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(path, mode) // whatever the umask
}
