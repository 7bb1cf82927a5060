package router

import (
	"encoding/json"
	"time"
)

// Fact is something that has happened to an event. Every fact carries its time
// and, where a wait follows, the roll of the dice in [0, 1).
type Fact interface{ apply(*machine) }

type (
	// FetchFailed: a fetch behind a blind 202 failed.
	FetchFailed struct {
		Began, At time.Time
		Err       *FetchError
		Roll      float64
	}
	// Fetched: the fetch behind a blind 202 came through; Routed follows.
	Fetched struct {
		Late  Late
		Quiet bool
	}
	// Routed: the plan was asked, and these deliveries, all Waiting, are the
	// event's.
	Routed struct {
		At         time.Time
		Routes     []string
		Deliveries []Delivery
		Throttled  []Throttled
	}
	// Decided: the event ends with a verdict and nothing runs (a ping, no
	// route, a route's expression failed). Why is the operator's text.
	Decided struct {
		At      time.Time
		Verdict Verdict
		Why     string
		// Throttled says which routes would have taken it, but for a throttle.
		Throttled []Throttled
	}
	// Turned: the lane has reached the event.
	Turned struct{ At time.Time }
	// Attempted: an attempt has ended. Input is what it was called with.
	Attempted struct {
		Began, At time.Time
		Name      string
		Outcome   Outcome
		Input     json.RawMessage
		Roll      float64
	}
	// PassedOver: the delivery's own condition is false. It has not run.
	PassedOver struct {
		At   time.Time
		Name string
	}
	// Stuck: an expression can't be evaluated after calls were made, a reply
	// lacks a required attribute, an action is missing, a plan no longer
	// compiles. Name is the delivery, or "" for the event.
	Stuck struct {
		At        time.Time
		Name, Why string
	}
	// Woke: the clock has reached Due, or a plugin that was down is back
	// (Nudged).
	Woke struct {
		At     time.Time
		Nudged bool
	}
	// Concluded: the verdict, with its reply, is known.
	Concluded struct {
		At      time.Time
		Verdict Verdict
	}
	// Overdue: the caller was told Accepted, because its limit had passed, the
	// event is held, or the daemon could not wait.
	Overdue struct{ At time.Time }
	// Replied: the stored verdict was written to the live connection in time.
	Replied struct{ At time.Time }
	// Unheard: the connection is gone. Written says that the verdict was being
	// written to it.
	Unheard struct {
		At      time.Time
		Written bool
	}
	// CalledBack: a callback attempt has ended.
	CalledBack struct {
		Began, At time.Time
		Outcome   Outcome
		Roll      float64
	}
	// Restarted: the process that ran the event is gone. Since is the earliest
	// time at which an unrecorded attempt may have begun; Queued says that an
	// earlier event still holds the lane, so that nothing ordered has begun.
	Restarted struct {
		At, Since time.Time
		Queued    bool
	}
	// Replayed: an operator runs deliveries again: those named, or all that
	// failed.
	Replayed struct {
		At       time.Time
		Names    []string
		FreshKey bool
		// Unfetched: the journal has only the notice.
		Unfetched bool
	}
	// Hastened: an operator has what waits for its next try done now, and a
	// callback sent again that was refused or given up.
	Hastened struct{ At time.Time }
	// Resolved: an operator gave a held event its verdict.
	Resolved struct {
		At      time.Time
		Verdict Verdict
	}
	// DiscardedByOperator: an operator ended what was left of the event, for
	// good. Why is the operator's text, or "".
	DiscardedByOperator struct {
		At  time.Time
		Why string
	}
	// Unwanted: the only caller that the answer was of use to has it, or waits
	// no longer. What is left of the event is dropped.
	Unwanted struct{ At time.Time }
	// Refused: the caller was told "not now" while the accept was under way.
	Refused struct{ At time.Time }
)

// Effect is something to be done.
type Effect interface{ effect() }

type (
	// Flush: all that is known now is durable before the next effect begins.
	Flush struct{}
	// Note: what is known now is worth writing down; nobody waits for it.
	Note struct{}
	// Fetch: get the event of a noticed notice.
	Fetch struct{}
	// Attempt: call the delivery's action. Input is nil at the first attempt.
	Attempt struct {
		Name       string
		Number     int
		Generation int
		Input      json.RawMessage
	}
	// Conclude: complete the verdict. A success wants its reply evaluated; an
	// error has the plugin's code, for the route of Delivery to map.
	Conclude struct {
		Verdict  Verdict
		Delivery string
	}
	// Answer: whoever waits on a connection may be told Verdict, or, if it is
	// nil, that the event is accepted and the answer will come later.
	Answer struct{ Verdict *Verdict }
	// CallBack: make one callback attempt.
	CallBack struct{}
	// Emit: a failure event, inserted with the next flush.
	Emit struct {
		Type       string
		Delivery   string
		Code       string
		Message    string
		MayHaveRun bool
	}
)

func (Flush) effect()    {}
func (Note) effect()     {}
func (Fetch) effect()    {}
func (Attempt) effect()  {}
func (Conclude) effect() {}
func (Answer) effect()   {}
func (CallBack) effect() {}
func (Emit) effect()     {}

// Types of the failure events, of source "signalbox".
const (
	TypeDeliveryFailed = "delivery.failed"
	// An attempt failed in a way that only an operator can mend; it is retried.
	TypeDeliveryNeedsOperator = "delivery.needs_operator"
	TypeEventHeld             = "event.held"
	TypeEventFailed           = "event.failed"
	TypeEventUnrouted         = "event.unrouted"
	// A 202 was given long ago, and no answer is confirmed: a customer waits.
	TypePendingOverdue       = "pending.overdue"
	TypeFetchUnauthorized    = "fetch.unauthorized"
	TypeFetchFailed          = "fetch.failed"
	TypeCallbackRefused      = "callback.refused"
	TypeCallbackUnauthorized = "callback.unauthorized"
	TypeCallbackFailed       = "callback.failed"
	TypePluginDown           = "plugin.down"
	TypePluginUp             = "plugin.up"
	// Requests were refused: their count, and the last one's reason.
	TypeSourceRefused     = "source.refused"
	TypeJournalUnwritable = "journal.unwritable"
	TypeJournalWritable   = "journal.writable"
)
