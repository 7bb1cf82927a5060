package router

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rs/zerolog"
)

// Source is a protocol endpoint that events come in by. One value serves one
// configured source, for many requests at once, and keeps no state of events.
type Source interface {
	// Receive authenticates one request and reads the notice in it. It does no
	// network and no disk work. A Response that is not nil is the whole answer:
	// together with an error it is the protocol's own refusal, which the router
	// counts and logs; without one, a request that needs no event (a clock
	// asked for the time). An error without a Response is answered 400.
	Receive(r *http.Request, body []byte) (Notice, *Response, error)

	// Fetch turns the notice into an event: ID, Lane's fields, Seq and Plan are
	// the router's to fill, all else is the source's. It must return soon after
	// ctx is done. An error is a *FetchError; any other counts as Passing.
	// Calling it again is safe.
	Fetch(ctx context.Context, n Notice) (Event, error)

	// Reply says a verdict in the source's protocol, in the form that
	// e.Notice.Format names. It is pure. It is called for the kinds Accepted
	// and NotNow too, and for events of which only the Notice is known.
	Reply(e *Event, v Verdict) Response

	// Callback tells a verdict to the caller after the connection is gone.
	// Succeeded: confirmed. Retry: a passing failure; NeedsOperator on it means
	// that the credentials were refused. Unknown: it may have arrived.
	// Rejected with the Code CallbackGone: the event was resolved elsewhere;
	// with any other: refused. A source whose events never owe a callback
	// (Limits.Late is LateAccepted) may return Rejected.
	Callback(ctx context.Context, e *Event, v Verdict) Outcome

	// Limits says how long the caller of an event of this type waits. The type
	// is "" while it is not known.
	Limits(eventType string) Limits

	// MissingReply names a reply attribute that a success of this event must
	// have and reply (a JSON object, or nil) lacks, or returns "".
	MissingReply(e *Event, reply []byte) string
}

// Answerer is a Source that needs more than itself to fetch an event and to call
// its caller back: credentials, a marketplace on its list. A reload may have
// taken that away since the notice came in.
type Answerer interface {
	// Lacks names what the notice's event can't be fetched or answered without,
	// in an operator's words and with nothing secret in them, or returns "".
	Lacks(n *Notice) string
}

// CallbackGone is the Code of a Rejected callback outcome that means: the
// caller no longer waits for this answer.
const CallbackGone = "gone"

// Late is what a caller is told when the verdict comes after its limit.
type Late int

const (
	// LateCallback: the caller is told to wait (202), and called back.
	LateCallback Late = iota
	// LateAccepted: the caller can't be called back; it is told "accepted".
	LateAccepted
)

// Limits is how long a caller waits, and what becomes of a later answer.
type Limits struct {
	// ReplyWithin is counted from the receipt of the request; it covers
	// verification, fetch, accept and deliveries.
	ReplyWithin time.Duration
	Late        Late
	// Synchronous: the answer is for the caller that waits, and for nobody else.
	// What is not done by then is not done any more: nothing is tried beyond the
	// limit, held, or told as a failure. The verdict says how each delivery
	// failed (Verdict.Failed). Late is LateAccepted then.
	Synchronous bool
	// DedupeWindow is for how long after an event is finished its key still
	// stands for it; 0 is for as long as the event is kept.
	DedupeWindow time.Duration
}

// Response is an answer over HTTP. A zero Status means 200.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Aside marks a response that does not bring the verdict to whom it is owed:
	// a page for a customer. The callback stays owed.
	Aside bool
}

// SourceDeps is what the router lends to a source.
type SourceDeps struct {
	// PublicURL is the address that callers know the daemon by; signatures are
	// made over it.
	PublicURL string
	// Path is where the source is mounted: it gets every request whose path is
	// this one or lies below it, the path as the caller wrote it.
	Path string
	Log  zerolog.Logger
	Now  func() time.Time
	// Expressions are those of the kind's Expressions that the block gives.
	Expressions map[string]RequestText
}

// FetchKind tells the ends a fetch may come to.
type FetchKind int

const (
	// FetchPassing: it may work later (network, 5xx, 429, 401, 403).
	FetchPassing FetchKind = iota
	// FetchGone: the caller says that the event was answered already (410).
	FetchGone
	// FetchRefused: it will never work (404, a foreign marketplace, an
	// unreadable document).
	FetchRefused
)

func (k FetchKind) String() string {
	switch k {
	case FetchGone:
		return "gone"
	case FetchRefused:
		return "refused"
	}
	return "retry"
}

// FetchError is how a fetch fails.
type FetchError struct {
	Kind FetchKind
	// NeedsOperator marks a refusal of our credentials (401, 403).
	NeedsOperator bool
	// Code and Message are what a FetchRefused tells the caller. Message is
	// public.
	Code, Message string
	Err           error
}

func (e *FetchError) Error() string { return "fetching the event: " + e.Err.Error() }
func (e *FetchError) Unwrap() error { return e.Err }

// fetchErrorOf classifies err, once.
func fetchErrorOf(err error) *FetchError {
	var fe *FetchError
	if errors.As(err, &fe) {
		return fe
	}
	return &FetchError{Kind: FetchPassing, Err: err}
}
