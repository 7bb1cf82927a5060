package router

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// The state machine of one event, pure: Step takes what is, and a fact (what
// has happened), and gives what is now, and the effects (what is to be done).
// Handle, run, recovery and replay share it.
//
//	            202 blind
//	 (notice) ───────────► noticed ──gone──► elsewhere
//	    │                     │ └──refused, given up──► settled: error
//	    │ accepted            │ fetched
//	    ▼                     ▼
//	   open ◄───────────────────────┐
//	    │ required all succeeded    │ replayed
//	    ├──────────► settled ◄────┐ │
//	    │ one rejected   ▲        │ │
//	    ├────────────────┘        │ │
//	    │ exhausted, stuck        │ │
//	    └──────────► held ────────┴─┘
//	                     resolved, given up
//
//	 noticed, open, held ──discarded──► discarded
//
//	 abandoned: accepted behind the back of a caller who was refused; never runs
//
// What the caller is told is beside the phase: nothing yet, that it must wait
// (later), that it is accepted for good, or the verdict (replied). Settled
// without replied owes a callback, where the protocol has one.

// Phase is where an event stands.
type Phase string

const (
	Noticed   Phase = "noticed"
	Open      Phase = "open"
	Held      Phase = "held"
	Settled   Phase = "settled"
	Elsewhere Phase = "resolved elsewhere"
	Discarded Phase = "discarded"
	Abandoned Phase = "abandoned"
)

// Told is what the caller that brought the event is known to have been told.
type Told string

const (
	ToldNothing  Told = ""
	ToldLater    Told = "later"    // 202: a callback will follow
	ToldAccepted Told = "accepted" // for good: the protocol has no later answer
	ToldReplied  Told = "replied"  // the verdict itself
)

// Status is where a delivery stands.
type Status string

const (
	Waiting       Status = "waiting" // for its turn, or for another's output
	Running       Status = "running"
	Parked        Status = "parked" // until Due
	DoneSucceeded Status = "succeeded"
	DoneRejected  Status = "rejected"
	DoneExhausted Status = "exhausted"
	DoneSkipped   Status = "skipped"
)

// Delivery is the state of one delivery. Name and what follows it up to Policy
// come from the plan; the rest is what has happened.
type Delivery struct {
	Name      string // route/name
	To        ActionRef
	Needs     []string // route/name
	Optional  bool
	Ordered   bool
	OnFailure bool
	Policy    Policy
	Lifetime  time.Duration // the action's key_lifetime; 0 is for ever

	Status     Status
	Attempts   int
	Generation int
	First      time.Time     // the first attempt: the retry clock
	KeySent    time.Time     // the first time the present key may have been sent
	Paused     time.Duration // for how long the retry clock has stood still
	PausedAt   time.Time     // since when it stands still, or zero
	Due        time.Time     // of a parked delivery
	MayHaveRun bool          // the present key's result is unknown
	Code       string
	Public     string
	Detail     string          // why it failed or was skipped
	Input      json.RawMessage // frozen with the first attempt
	Output     json.RawMessage

	// Rev grows with every change, so that a writer can tell what is new.
	Rev int
}

// Done reports whether the delivery has ended.
func (d *Delivery) Done() bool {
	switch d.Status {
	case DoneSucceeded, DoneRejected, DoneExhausted, DoneSkipped:
		return true
	}
	return false
}

// required deliveries decide the verdict.
func (d *Delivery) required() bool { return !d.Optional && !d.OnFailure }

// CallbackStatus is where the callback of a settled event stands.
type CallbackStatus string

const (
	CallbackNone      CallbackStatus = ""
	CallbackSending   CallbackStatus = "sending"
	CallbackParked    CallbackStatus = "parked"
	CallbackConfirmed CallbackStatus = "confirmed"
	CallbackElsewhere CallbackStatus = "resolved elsewhere"
	CallbackRefused   CallbackStatus = "refused"
	CallbackExhausted CallbackStatus = "exhausted"
	CallbackDiscarded CallbackStatus = "discarded"
)

// Callback is the state of telling a verdict after the connection is gone.
type Callback struct {
	Status   CallbackStatus `json:"status,omitempty"`
	Attempts int            `json:"attempts,omitempty"`
	First    time.Time      `json:"first,omitzero"`
	Due      time.Time      `json:"due,omitzero"`
	// MayHaveArrived: an answer was perhaps read already, so that the caller
	// knowing no such event is no news.
	MayHaveArrived bool   `json:"may_have_arrived,omitempty"`
	Alerted        bool   `json:"alerted,omitempty"`
	Detail         string `json:"detail,omitempty"`
}

// Fetching is the state of a fetch that is retried behind a blind 202.
type Fetching struct {
	Attempts int       `json:"attempts,omitempty"`
	Due      time.Time `json:"due,omitzero"`
	Alerted  bool      `json:"alerted,omitempty"`
	Detail   string    `json:"detail,omitempty"`
}

// Rules are the settings that the machine keeps to; they are configuration and
// never stored.
type Rules struct {
	GiveUp         time.Duration // of held events
	CallbackWithin time.Duration
	FetchWithin    time.Duration
	// PendingAlert is how long after a 202 the answer may stay unconfirmed
	// before it is told.
	PendingAlert time.Duration
}

// DefaultRules are the documented defaults.
func DefaultRules() Rules {
	return Rules{GiveUp: 24 * time.Hour, CallbackWithin: 72 * time.Hour, FetchWithin: 24 * time.Hour, PendingAlert: 15 * time.Minute}
}

// State is all that is known of one event's way.
type State struct {
	Phase Phase
	Told  Told
	// Late says what the protocol does with a verdict after the limit.
	Late Late
	// Blind: the caller got its 202 before the event was known, so that a
	// callback is owed whatever the type.
	Blind bool
	// Quiet events cause no failure events: they have an ancestor themselves, or
	// who could act on their failure waits for their answer.
	Quiet bool
	// Later is when the caller was, or may have been, told to wait; Alerted: it
	// has been told that the caller waits for too long.
	Later   time.Time
	Alerted bool
	// Since is when the phase Noticed or Held began.
	Since time.Time
	// Why tells why the event is held or failed.
	Why        string
	Routes     []string    // that matched
	Throttled  []Throttled // by the throttles of its routes, or let through
	Deliveries []Delivery
	Verdict    *Verdict // once settled
	Callback   Callback
	Fetch      Fetching
	// Discarded: what was left has been ended, by an operator or because nobody
	// waits for it. What was under way then ends as it may, and nothing follows
	// from it.
	Discarded bool
	// Ended is when the event was finished, as far as it is recorded.
	Ended time.Time

	// What follows lives in memory only.

	Rules Rules
	Live  bool // a caller waits on its connection
	Turn  bool // the lane has reached the event
}

// Finished reports whether nothing is left to do, ever: settled, no callback
// owed, no delivery running or parked; or discarded, and nothing under way.
// Recovery, retention and the dedupe window share it.
func (s *State) Finished() bool {
	switch s.Phase {
	case Elsewhere, Abandoned:
		return true
	case Discarded:
		return !s.anyActive()
	case Settled:
		return !s.OwesCallback() && !s.anyActive()
	}
	return false
}

func (s *State) anyActive() bool {
	for i := range s.Deliveries {
		if !s.Deliveries[i].Done() {
			return true
		}
	}
	return false
}

// passOver ends a delivery whose condition is false.
func (d *Delivery) passOver() {
	d.Status, d.Due, d.MayHaveRun = DoneSkipped, time.Time{}, false
	d.Code, d.Detail = codePassedOver, "its condition is false"
	d.Rev++
}

// failing says why the verdict is an error: the required delivery that was
// rejected, or else the one that never came through.
func (s *State) failing() Failing {
	switch d := cmp.Or(s.firstRejected(), s.firstExhausted()); {
	case d != nil:
		return Failing{Delivery: d.Name, Code: d.Code, Message: cmp.Or(d.Detail, d.Public)}
	case s.Verdict != nil:
		return Failing{Code: s.Verdict.Code, Message: cmp.Or(s.Why, s.Verdict.Message)}
	}
	return Failing{}
}

// delivery returns the delivery of that name, or nil.
func (s *State) delivery(name string) *Delivery {
	for i := range s.Deliveries {
		if s.Deliveries[i].Name == name {
			return &s.Deliveries[i]
		}
	}
	return nil
}

// Step applies one fact. It is pure: s is not changed, and equal arguments
// give equal results. The effects are to be carried out in their order. After
// the effect Conclude the next fact must be Concluded or Stuck.
func Step(s State, f Fact) (State, []Effect) {
	s.Deliveries = slices.Clone(s.Deliveries)
	s.Throttled = slices.Clone(s.Throttled)
	effects := s.step(f)
	return s, effects
}

// step is Step for who owns the state alone: it changes it in place.
func (s *State) step(f Fact) []Effect {
	m := machine{State: s}
	f.apply(&m)
	if m.untold() {
		m.do(Note{})
	}
	m.tellFirst()
	return m.effects
}
