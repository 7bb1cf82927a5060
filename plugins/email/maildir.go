package email

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

// maildir puts mails into a Maildir: written in tmp, flushed, then linked into
// new, so that a reader never sees half of one. The name is the key's, so that
// a repeat finds its mail there, or in cur once somebody has read it.
type maildir string

func newMaildir(path string) (maildir, error) {
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(path, sub), 0o700); err != nil {
			return "", fmt.Errorf("making the maildir: %w", err)
		}
	}
	return maildir(path), nil
}

func (d maildir) check(context.Context) error {
	f, err := os.CreateTemp(d.in("tmp"), "check-*")
	if err != nil {
		return fmt.Errorf("writing to the maildir: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (d maildir) in(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

func (d maildir) send(_ context.Context, key string, m *message) sdk.Outcome {
	if err := d.deliver(digest(key)+".signalbox", m); err != nil {
		return sdk.Retry(outbound.Reason("putting the mail into the maildir: %v", err))
	}
	return sdk.Succeeded(sent{MessageID: m.id})
}

func (d maildir) deliver(name string, m *message) error {
	read, err := filepath.Glob(d.in("cur", name+":*"))
	if err != nil {
		return err
	}
	if len(read) > 0 {
		return nil
	}
	f, err := os.CreateTemp(d.in("tmp"), name+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = m.WriteTo(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), d.in("new", name)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(d.in("new"))
}

// syncDir makes the names in a directory survive a power cut.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
