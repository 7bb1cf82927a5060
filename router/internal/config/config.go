package config

import (
	"context"
	"time"

	"github.com/signalbox/signalbox/router"
)

// Config is a configuration without errors.
type Config struct {
	// Listen is the address that sources are served at: host:port.
	Listen string
	// TLS is nil where another program terminates TLS.
	TLS *TLS
	// PublicURL is the address that callers know the daemon by, or "".
	PublicURL string
	StateDir  string
	// SealKey is what sensitive values are sealed with in the journal, or empty
	// for a key of the daemon's own making.
	SealKey router.Secret
	// ShutdownTimeout is for how long running deliveries may finish.
	ShutdownTimeout time.Duration
	// Retention is how long finished events are kept, RetentionPayload, which is
	// no longer, how long what they carry is.
	Retention, RetentionPayload time.Duration
	// RetentionSize is how many bytes the journal may use before the oldest
	// finished events go; 0 is no limit.
	RetentionSize int64
	// MaxInFlight caps the requests that are not accepted yet.
	MaxInFlight int
	Rules       router.Rules
	// LogLevel is one of trace, debug, info, warn, error.
	LogLevel string
	Journal  Journal
	Admin    Admin
	// Sources, Plugins and the plan's routes stand in file order.
	Sources []Source
	Plugins []Plugin
	Plan    *router.Plan
	// Snapshot is what Compile makes Plan from again. It holds no secret; its
	// SHA-256 is the plan's digest.
	Snapshot []byte
}

// TLS names the files of the certificate chain and its key, PEM.
type TLS struct{ CertFile, KeyFile string }

// Journal says where events are written down.
type Journal struct {
	// Engine is "sqlite".
	Engine string
	// Path is the database file.
	Path string
}

// Admin says where the admin API is served.
type Admin struct {
	// Socket is a unix socket's path, or "" for the daemon's default.
	Socket string
}

// Source is a source block.
type Source struct {
	Kind string // "appdirect"
	Name string // "appdirect.acme"
	// Path is where it is mounted: absolute, clean, and neither above nor below
	// another source's.
	Path     string
	Unrouted Unrouted
	// Config is the block by the kind's schema, a JSON object.
	Config router.Secret
	// Expressions are those of the kind's that the block gives.
	Expressions map[string]router.RequestText
	// Written are the expressions as the operator wrote them.
	Written map[string]string
	// At is where the block stands: "config.hcl:12".
	At string
}

// Unrouted is what becomes of an event that no route takes.
type Unrouted string

const (
	// UnroutedError answers with the protocol's configuration error.
	UnroutedError Unrouted = "error"
	// UnroutedAccept answers with success.
	UnroutedAccept Unrouted = "accept"
)

// Plugin is a plugin block: a program and its configuration.
type Plugin struct {
	Name string
	// Use names a bundled plugin; Exec is a program's path or name. Exactly one
	// of them is set.
	Use, Exec string
	Args      []string
	// Env is what the program's environment holds beside the allowed list.
	Env map[string]router.Secret
	// EnvSecrets are the names in Env whose values are secrets: credential(), env()
	// or file() had a part in them.
	EnvSecrets []string
	// SHA256 is the program's checksum in hex, or "" for any.
	SHA256 string
	// Limits are max_in_flight and rate, in calls and calls a second.
	Limits router.PluginLimits
	// MTLS is false only for programs that can't speak TLS over the socket.
	MTLS bool
	// Config is the config block by the plugin's schema, a JSON object.
	Config router.Secret
	// At is where the block stands: "config.hcl:12".
	At string
}

// Env is what the daemon lends to Load. All functions are called one at a time,
// before Load returns.
type Env struct {
	// Sources are the known protocols by name.
	Sources map[string]router.SourceKind
	// Describe asks a plugin what it is; the Config of p is empty. The error is
	// shown to the operator on the line that names the program.
	Describe func(ctx context.Context, p Plugin) (router.PluginInfo, error)
	// Validate asks a plugin about its configuration; nil asks nobody.
	Validate func(ctx context.Context, p Plugin) ([]PluginDiagnostic, error)
	// Credential gives a credential of the service manager by name.
	Credential func(name string) ([]byte, error)
	// Variables are set on the command line, by name.
	Variables map[string]string
	// Getenv gives a variable of the daemon's environment.
	Getenv func(name string) (string, bool)
	// Environ lists those variables as NAME=VALUE; nil lists none.
	Environ func() []string
	// ReadFile reads a file that the configuration names as a secret.
	ReadFile func(path string) ([]byte, error)
	// StateDir is the state_dir of a configuration that names none.
	StateDir string
	// CheckSealKey says what is wrong with a seal_key; nil takes any.
	CheckSealKey func(router.Secret) error
}

// PluginDiagnostic is a plugin's complaint about its configuration.
type PluginDiagnostic struct {
	Warning         bool
	Summary, Detail string
	// Path names the attribute, outermost block first; an element of a list or
	// of repeated blocks by its index.
	Path []string
}
