package router

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Journal is the durable store of events, their deliveries and answers. All
// methods may be called at once. Writes are group-committed: a method that
// writes returns after its rows survive kill -9 and power loss, or with an
// error, after which nothing is known to have been written (ErrJournal: try
// later; the engine heals itself).
type Journal interface {
	// Accept inserts a new event or a blind notice with its state, flushed. If
	// the event's Key is already held by an unfinished or remembered event of
	// the same source it inserts nothing and returns that one's record.
	Accept(ctx context.Context, e *Event, s *State) (existing *Record, err error)

	// Apply writes what has happened to one event since the last Apply, and the
	// failure events that it caused, in one transaction. ErrConflict: somebody
	// else has written the event meanwhile, nothing was written. A Lazy change
	// returns at once; it is written with the next others, or dropped, and so
	// it checks the version but does not advance it. The zero Change writes
	// nothing; it says whether there is room for others.
	Apply(ctx context.Context, c Change) error

	// Due returns unfinished events in the order of Seq, those after the given
	// Seq, at most limit. Events of the phase Abandoned are finished.
	Due(ctx context.Context, after int64, limit int) ([]Pending, error)

	// Find returns the records that match, newest first; none is no error.
	Find(ctx context.Context, q Query) ([]Record, error)

	// Story returns all that is known of one event; ErrNotFound.
	Story(ctx context.Context, id string) (*Story, error)

	// Plan returns the content of a plan snapshot written by Apply; ErrNotFound.
	Plan(ctx context.Context, digest string) ([]byte, error)

	// Prune takes one small step towards what the retention asks for: it deletes
	// or empties at most limit finished events, the oldest first, deletes plan
	// snapshots that no event names, and gives free room back. What is
	// unfinished it never touches.
	Prune(ctx context.Context, r Retention, limit int) (Pruned, error)

	// Close flushes what is queued and releases the store. Idempotent.
	Close() error
}

var (
	// ErrConflict: the event's version is not the one expected.
	ErrConflict = errors.New("the event was changed by somebody else")
	// ErrNotFound: there is no such event or plan.
	ErrNotFound = errors.New("not found")
	// ErrJournal marks a failure of the store itself: disk full, I/O error.
	ErrJournal = errors.New("the journal can't be written")
)

// Pending is an unfinished event, as little as tells when it goes on: what its
// State said when it was last written.
type Pending struct {
	ID, Lane string
	Seq      int64
	Due      time.Time // State.Resumes
	Hold     Hold      // State.Hold
}

// Hold is what an unfinished event is to its lane.
type Hold int

const (
	// HoldsNothing: later events of the lane don't wait for it.
	HoldsNothing Hold = iota
	// HoldsLane: they do.
	HoldsLane
	// AwaitsTurn: they do, and something of it starts as soon as the lane has
	// reached it: it may have, and the journal does not know.
	AwaitsTurn
)

// Record is an event with its state, as stored.
type Record struct {
	Event Event
	State State
	// Version counts the writes of the event; Apply names the one it builds on.
	Version int64
	// Emptied: retention has taken the payload, the attributes, the raw document
	// and the deliveries' inputs and outputs. The event can be looked at, and a
	// repeat of it reads its answer; it can't be run again (ErrPayloadGone).
	Emptied bool
}

// Change is what Apply writes. The zero value of a field means "not this".
type Change struct {
	// Event is the event's id; "" for a change that has only a Plan.
	Event string
	// Version is the version this change builds on; it becomes Version + 1,
	// unless the change is Lazy. An accepted event has version 1.
	Version int64
	// State is the event's whole new state. Of its Deliveries only those that
	// Deliveries names need writing.
	State *State
	// Deliveries are indexes into State.Deliveries that have changed.
	Deliveries []int
	// Attempts are new.
	Attempts []AttemptRow
	// Fetched fills a blind notice with its event: type, lane, seq, payload, …
	Fetched *Event
	// Seq, if not 0, is the event's new place in its lane (a replay).
	Seq int64
	// Caused are failure events to insert, with their states.
	Caused []Record
	// ReleaseKey lets go of the event's key.
	ReleaseKey bool
	// PlanDigest and Plan store a plan snapshot.
	PlanDigest string
	Plan       []byte
	// Lazy: no one waits for it.
	Lazy bool
}

// AttemptRow is one attempt as the log shows it. Delivery is "" for a callback
// and "fetch" for a fetch behind a blind 202. One that a restart has perhaps cut
// off has neither a number nor a time.
type AttemptRow struct {
	Delivery   string
	Number     int
	Generation int
	Began      time.Time
	Took       time.Duration
	Outcome    OutcomeKind
	Code       string
	Message    string
}

// FetchAttempt names fetches in AttemptRow.Delivery; no route/name is without
// a slash.
const FetchAttempt = "fetch"

// Story is all that is known of one event.
type Story struct {
	Record
	Attempts []AttemptRow // in order
	Caused   []string     // ids of the failure events it caused
}

// Query selects events; zero fields select all.
type Query struct {
	ID string
	// Source and Key look one event up by its identity; Source alone, its events.
	Source, Key string
	Type        string
	Lane        string
	Phase       Phase
	Unfinished  bool
	Since       time.Time
	Until       time.Time
	// Before is an event id: older ones only (paging).
	Before string
	Limit  int // 0 is 100
	// Bare leaves out payloads, deliveries and raw documents.
	Bare bool
}

// Retention says which finished events may go. The zero value of a field means
// "not for this reason".
type Retention struct {
	// Before: events received before it are deleted.
	Before time.Time
	// PayloadBefore: events received before it are emptied (Record.Emptied).
	PayloadBefore time.Time
	// MaxBytes is what the store may use: while it uses more, events received
	// before SpareSince are deleted too.
	MaxBytes int64
	// SpareSince: events finished since then (State.Ended) are not deleted,
	// however long ago they were received: a repeat of one of them must still
	// find its answer.
	SpareSince time.Time
	// KeepPlans are the digests of plans that stay though no event names them.
	KeepPlans []string
}

// Pruned is what a step of Prune came to.
type Pruned struct {
	Deleted, Emptied int
	// Used is how many bytes the store uses now, without what is free in it.
	Used int64
	// More: the next step has something to do at once.
	More bool
}

// The pace of pruning, at which others hardly notice it.
const (
	// PruneBatch is the limit of a step: what it adds to a flush, others wait for
	// too. With 32 their p99 rose by a third, with 8 by less than a sixth
	// (sqlite's BenchmarkSettleWhilePruning).
	PruneBatch = 8
	// PruneRest is how long to rest between steps, in units of the last one.
	PruneRest = 10
)

// storedState is the JSON form of what a State keeps beside its columns. An
// engine stores it as it is.
type storedState struct {
	Told      Told        `json:"told,omitempty"`
	Late      Late        `json:"late,omitempty"`
	Blind     bool        `json:"blind,omitempty"`
	Later     time.Time   `json:"later,omitzero"`
	Alerted   bool        `json:"alerted,omitempty"`
	Quiet     bool        `json:"quiet,omitempty"`
	Since     time.Time   `json:"since,omitzero"`
	Why       string      `json:"why,omitempty"`
	Routes    []string    `json:"routes,omitempty"`
	Throttled []Throttled `json:"throttled,omitempty"`
	Verdict   *Verdict    `json:"verdict,omitempty"`
	Callback  Callback    `json:"callback,omitzero"`
	Fetch     Fetching    `json:"fetch,omitzero"`
	Discarded bool        `json:"discarded,omitempty"`
	Ended     time.Time   `json:"ended,omitzero"`
}

// EncodeState gives the part of a state that has no column of its own: all but
// the phase, the deliveries and what lives in memory only.
func EncodeState(s *State) ([]byte, error) {
	return json.Marshal(storedState{
		s.Told, s.Late, s.Blind, s.Later, s.Alerted, s.Quiet, s.Since, s.Why, s.Routes, s.Throttled, s.Verdict, s.Callback, s.Fetch, s.Discarded, s.Ended,
	})
}

// DecodeState fills s from what EncodeState gave.
func DecodeState(b []byte, s *State) error {
	var t storedState
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	s.Told, s.Late, s.Blind, s.Later, s.Alerted, s.Quiet, s.Since = t.Told, t.Late, t.Blind, t.Later, t.Alerted, t.Quiet, t.Since
	s.Why, s.Routes, s.Throttled, s.Verdict, s.Callback, s.Fetch, s.Discarded, s.Ended = t.Why, t.Routes, t.Throttled, t.Verdict, t.Callback, t.Fetch, t.Discarded, t.Ended
	return nil
}
