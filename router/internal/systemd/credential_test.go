package systemd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCredential(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	for _, tc := range []struct{ name, content, want string }{
		{"plain", "s3cret", "s3cret"},
		{"newline", "s3cret\n", "s3cret"},
		{"crlf", "s3cret\r\n", "s3cret"},
		{"two_newlines", "s3cret\n\n", "s3cret\n"},
		{"space", " s3cret \r", " s3cret \r"},
		{"binary", "\x00\xff\n\x00", "\x00\xff\n\x00"},
		{"empty", "", ""},
		{"acme.secret-1", "s3cret", "s3cret"},
		{"largest", strings.Repeat("x", maxCredential), strings.Repeat("x", maxCredential)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, tc.name), []byte(tc.content), 0o400); err != nil {
				t.Fatal(err)
			}
			got, err := Credential(tc.name)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tc.want {
				t.Errorf("Credential = %.40q, want %.40q", got, tc.want)
			}
		})
	}
}

func TestCredentialErrors(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "huge"), make([]byte, maxCredential+1), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, dir, credential, want string }{
		{"outside systemd", "", "acme_secret", "$CREDENTIALS_DIRECTORY is not set): put LoadCredential=acme_secret:"},
		{"in a shell", "", "acme_secret", "CREDENTIALS_DIRECTORY to /run/credentials/signalbox.service"},
		{"not loaded", dir, "acme_secret", "put LoadCredential=acme_secret:"},
		{"no name", dir, "", "plain file name"},
		{"a path", dir, "a/b", "plain file name"},
		{"an absolute path", dir, "/etc/passwd", "plain file name"},
		{"the directory itself", dir, ".", "plain file name"},
		{"its parent", dir, "..", "plain file name"},
		{"an end of a string", dir, "a\x00b", "plain file name"},
		{"too long", dir, "huge", "longer than"},
		{"a folder", dir, "folder", "is a directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("CREDENTIALS_DIRECTORY", tc.dir)
			v, err := Credential(tc.credential)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Credential = %q, %v, want an error with %q", v, err, tc.want)
			}
		})
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	if _, err := Credential("acme_secret"); !errors.Is(err, fs.ErrNotExist) || !strings.HasSuffix(err.Error(), "and restart it") {
		t.Errorf("error %v, want one that is fs.ErrNotExist and ends with the way out", err)
	}
}
