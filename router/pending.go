package router

import (
	"fmt"
	"time"
)

// A caller that was told to wait must not be forgotten: when no answer is
// confirmed long after, somebody is told, once.

// alertDue is when it is to be told that the caller waits for too long; zero
// if it does not wait, or it was told.
func (s *State) alertDue() time.Time {
	switch {
	case s.Phase == Discarded, s.Told != ToldLater && s.Told != ToldNothing, s.Alerted, s.Later.IsZero(), s.Rules.PendingAlert <= 0,
		s.Phase == Settled && !s.OwesCallback(), s.Phase != Settled && s.Finished():
		return time.Time{}
	}
	return s.Later.Add(s.Rules.PendingAlert)
}

// whyPending says what the answer waits for.
func (s *State) whyPending() string {
	waits := "its deliveries are under way"
	switch s.Phase {
	case Noticed:
		waits = "the event can't be fetched: " + s.Fetch.Detail
	case Held:
		waits = "it is held: " + s.Why
	case Settled:
		waits = "the answer can't be called back: " + s.Callback.Detail
	default:
		for i := range s.Deliveries {
			if d := &s.Deliveries[i]; d.required() && !d.Done() {
				waits = fmt.Sprintf("%s is %s", d.Name, d.Status)
				if d.Detail != "" {
					waits += ": " + d.Detail
				}
				break
			}
		}
	}
	return fmt.Sprintf("the caller was told to wait at %s and has no answer yet; %s", s.Later.UTC().Format(time.DateTime+"Z"), waits)
}
