package router

import (
	"math"
	"time"
)

// What an event waits for, and until when: its lane, the clock, a plugin. All
// of it is read off the state.

// HoldsLane reports whether later events of the lane must wait: an ordered
// delivery, on_failure included, is still to end. Optional deliveries, the
// callback and a held event hold no lane.
func (s *State) HoldsLane() bool {
	switch {
	case s.Phase != Open && s.Phase != Settled && s.Phase != Discarded:
		return false
	case s.Phase == Open && len(s.Deliveries) == 0:
		return true // not routed yet
	}
	for i := range s.Deliveries {
		// An optional delivery holds no lane, but it waits for its turn too.
		if d := &s.Deliveries[i]; d.Ordered && !d.Done() && (!d.Optional || !s.Turn) {
			return true
		}
	}
	return false
}

// Hold is what the event is to its lane.
func (s *State) Hold() Hold {
	if !s.HoldsLane() {
		return HoldsNothing
	}
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.Ordered && (s.ready(d) || d.Status == Parked && !s.Turn) {
			return AwaitsTurn
		}
	}
	return HoldsLane
}

// lateByTurn reports whether the verdict can't come before the lane has reached
// the event.
func (s *State) lateByTurn() bool {
	if s.Phase != Open || s.Turn {
		return false
	}
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.required() && d.Ordered && !d.Done() {
			return true
		}
	}
	return false
}

// parkedPast reports whether the verdict waits for a retry that comes after the
// limit. What waits for a plugin may go on any moment.
func (s *State) parkedPast(limit time.Time) bool {
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.required() && d.Status == Parked && d.PausedAt.IsZero() && d.Due.After(limit) {
			return true
		}
	}
	return false
}

// Due is when the clock alone makes something happen next; zero if never.
func (s *State) Due() time.Time {
	var due time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	switch s.Phase {
	case Noticed:
		sooner(s.Fetch.Due)
	case Held:
		sooner(s.Since.Add(s.Rules.GiveUp))
	case Settled:
		if s.Callback.Status == CallbackParked {
			sooner(s.Callback.Due)
		}
	}
	sooner(s.alertDue())
	for i := range s.Deliveries {
		// What waits for its turn is not moved by the clock.
		if d := &s.Deliveries[i]; d.Status == Parked && (!d.Ordered || s.Turn) {
			sooner(d.Due)
		}
	}
	return due
}

// restsLong is the due time of what no clock wakes: only a turn, a plugin or an
// operator does.
var restsLong = time.Unix(0, math.MaxInt64)

// Rests reports whether the event can be left alone until the given time, at
// which the clock has something to do; it is far off where only a turn in the
// lane, a plugin or an operator can move the event.
func (s *State) Rests() (until time.Time, ok bool) {
	switch {
	case s.Live, s.Phase == Noticed && s.Fetch.Due.IsZero(),
		s.OwesCallback() && s.Callback.Status != CallbackParked,
		s.Phase == Open && !s.pending(): // not routed yet, or its verdict was lost in a crash
		return time.Time{}, false
	}
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		if d.Status == Running || s.startable(d) {
			return time.Time{}, false
		}
	}
	if until = s.Due(); until.IsZero() {
		until = restsLong
	}
	return until, true
}

// Resumes is when a process that takes the event up has something to do: zero
// for at once, which is so too where it waits for a plugin that was down.
func (s *State) Resumes() time.Time {
	until, rests := s.Rests()
	if !rests {
		return time.Time{}
	}
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.Status == Parked && !d.PausedAt.IsZero() && s.mayRun(d) {
			return time.Time{}
		}
	}
	return until
}
