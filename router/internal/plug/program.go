package plug

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
)

// Program is how a plugin is started.
type Program struct {
	// Name is the plugin's name in the configuration.
	Name string
	// Path is the executable; Args follow it.
	Path string
	Args []string
	// Env holds KEY=VALUE pairs beyond the few that every plugin gets from the
	// daemon's own environment.
	Env []string
	// Secrets are the values in Env that must not be shown.
	Secrets []string
	// SHA256 is the executable's checksum in hex, checked before each start; ""
	// for none.
	SHA256 string
	// MTLS: the connection is encrypted, with certificates made for this life.
	// Plugins on the SDK can; hand-written ones often can't.
	MTLS bool
}

func (p Program) equal(q Program) bool {
	return p.Name == q.Name && p.Path == q.Path && p.SHA256 == q.SHA256 && p.MTLS == q.MTLS &&
		slices.Equal(p.Args, q.Args) && slices.Equal(p.Env, q.Env) && slices.Equal(p.Secrets, q.Secrets)
}

// verify compares the executable with its checksum.
func (p Program) verify() error {
	if p.SHA256 == "" {
		return nil
	}
	want, err := hex.DecodeString(p.SHA256)
	if err != nil || len(want) != sha256.Size {
		return fmt.Errorf("its sha256 %q is not 64 hexadecimal digits", p.SHA256)
	}
	// A hash is used up by one check.
	ok, err := (&goplugin.SecureConfig{Checksum: want, Hash: sha256.New()}).Check(p.Path)
	if err != nil {
		return fmt.Errorf("checking its sha256: %w", err)
	}
	if !ok {
		return fmt.Errorf("%s does not have the sha256 that the configuration names", p.Path)
	}
	return nil
}

// inherited are the variables that every plugin gets from the daemon's
// environment: how to find programs, files, zones, certificates, and the way
// out of the network, which are the machine's business and the same for all.
// All others stay: they may hold the daemon's secrets.
var inherited = []string{
	"PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
}

// environment is what the program is started with, but for the handshake.
func (p Program) environment() []string {
	var env []string
	for _, key := range inherited {
		if v, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+v)
		}
	}
	return append(env, p.Env...)
}

// print identifies the files that a program was started from, so that a reload
// notices a new one under an old name: the executable, and files among the
// arguments, which are what an interpreter runs.
type print struct {
	path     string
	size     int64
	modified time.Time
}

func (p Program) prints() []print {
	var out []print
	for _, path := range append([]string{p.Path}, p.Args...) {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			out = append(out, print{path, info.Size(), info.ModTime()})
		}
	}
	return out
}
