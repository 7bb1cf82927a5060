package router

// NeedsSource reports whether the source has, or may have, something to do for
// the event yet: to fetch it, or to call its caller back.
func (s *State) NeedsSource() bool {
	switch s.Phase {
	case Noticed:
		return true
	case Open, Held:
		return s.Told != ToldReplied && s.Told != ToldAccepted && (s.Late == LateCallback || s.Blind)
	}
	return s.OwesCallback()
}

// OwesDelivery reports whether a delivery is still to run: it has not ended, or
// the event is held and a replay runs it again.
func (s *State) OwesDelivery(d *Delivery) bool { return !d.Done() || s.Phase == Held && d.replays(nil) }

// OwesCallback reports whether the caller is still to be told the verdict.
func (s *State) OwesCallback() bool {
	if s.Phase != Settled || s.Told == ToldReplied || s.Told == ToldAccepted {
		return false
	}
	if s.Late == LateAccepted && !s.Blind {
		return false
	}
	switch s.Callback.Status {
	case CallbackNone, CallbackSending, CallbackParked:
		return true
	}
	return false
}
