package systemd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxCredential is what systemd allows all credentials of a unit together.
const maxCredential = 1 << 20

// Credential reads the credential of that name, which the unit's
// LoadCredential=, LoadCredentialEncrypted= or SetCredential= provides. One
// newline at its end is dropped: editors add it, and no secret means it.
// systemd hands credentials out at the start of the unit; a reload reads the
// same content again.
func Credential(name string) ([]byte, error) {
	v, err := readCredential(name)
	if err != nil {
		return nil, fmt.Errorf("reading the credential %q: %w", name, err)
	}
	return v, nil
}

func readCredential(name string) ([]byte, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/:\x00\n") {
		return nil, errors.New("a credential has a plain file name")
	}
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return nil, fmt.Errorf("systemd handed out no credentials ($CREDENTIALS_DIRECTORY is not set): %s. %s", remedy(name), inShell)
	}
	f, err := os.Open(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, notHandedOut(name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v, err := io.ReadAll(io.LimitReader(f, maxCredential+1))
	if err != nil {
		return nil, err
	}
	if len(v) > maxCredential {
		return nil, fmt.Errorf("it is longer than %d bytes", maxCredential)
	}
	if line, ended := bytes.CutSuffix(v, []byte("\n")); ended {
		return bytes.TrimSuffix(line, []byte("\r")), nil
	}
	return v, nil
}

// inShell is for those who check a configuration where no unit is started.
const inShell = "In a shell, set CREDENTIALS_DIRECTORY to /run/credentials/signalbox.service (as root, while the unit runs) or to a directory of stand-ins"

// notHandedOut names a credential that is not there; it is os.ErrNotExist.
type notHandedOut string

func (name notHandedOut) Error() string {
	return "systemd handed out none of this name: " + remedy(string(name))
}

func (notHandedOut) Unwrap() error { return os.ErrNotExist }

func remedy(name string) string {
	return fmt.Sprintf("put LoadCredential=%s:/path/to/the/secret into the unit's [Service] section (systemctl edit signalbox) and restart it", name)
}
