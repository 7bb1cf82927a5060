package operator

import (
	"errors"
	"io/fs"
	"os"

	"github.com/signalbox/signalbox/router/internal/admin"
)

// Client asks a running daemon. Its errors are *NoAnswerError or *RefusedError,
// or an answer that can't be read.
type Client = admin.Client

type (
	// NoAnswerError: there is no daemon at the socket, or its answer broke off.
	NoAnswerError = admin.NoAnswerError
	// RefusedError is the daemon's no.
	RefusedError = admin.RefusedError
	// Refusal is the document of a no.
	Refusal = admin.Refusal
)

// What is asked.
type (
	Filter  = admin.Filter
	Replay  = admin.Replay
	Retry   = admin.Retry
	Discard = admin.Discard
	Resolve = admin.Resolve
	Reload  = admin.Reload
)

// What is answered.
type (
	Status     = admin.Status
	Plugin     = admin.Plugin
	Source     = admin.Source
	Counts     = admin.Counts
	Events     = admin.Events
	Event      = admin.Event
	Verdict    = admin.Verdict
	Callback   = admin.Callback
	Story      = admin.Story
	Delivery   = admin.Delivery
	Attempt    = admin.Attempt
	Caused     = admin.Caused
	Route      = admin.Route
	Replayed   = admin.Replayed
	Retried    = admin.Retried
	Discarded  = admin.Discarded
	Resolved   = admin.Resolved
	Reloaded   = admin.Reloaded
	DryRun     = admin.DryRun
	Changes    = admin.Changes
	Change     = admin.Change
	Plan       = admin.Plan
	PlanSource = admin.PlanSource
	Stories    = admin.Stories
)

// MaxLimit is the largest page of events.
const MaxLimit = admin.MaxLimit

// Phases are the words that an event's phase may be.
func Phases() []string { return admin.Phases() }

// SocketVariable names the environment variable that says where the daemon's
// admin socket is.
const SocketVariable = "SIGNALBOX_SOCKET"

// Where the socket is unless somebody says otherwise: the service's, and that
// of a daemon that was started in the current directory.
const (
	serviceSocket = "/run/signalbox/admin.sock"
	localSocket   = "state/admin.sock"
)

// DefaultSocket is the admin socket that $SIGNALBOX_SOCKET names; else the
// service's, if there is one; else that of a daemon in the current directory.
func DefaultSocket() string {
	if path := os.Getenv(SocketVariable); path != "" {
		return path
	}
	// One that may not be looked at is there: its daemon's refusal says more.
	if _, err := os.Stat(serviceSocket); !errors.Is(err, fs.ErrNotExist) {
		return serviceSocket
	}
	return localSocket
}

// Dial returns a client of the daemon at that socket, or, if it is "", at
// DefaultSocket. It connects with each call.
func Dial(socket string) *Client {
	if socket == "" {
		socket = DefaultSocket()
	}
	return &Client{Socket: socket}
}
