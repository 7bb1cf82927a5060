package router

import "sync"

// mailbox holds facts on their way to a run. It never blocks the sender; what
// it can hold is bounded by what the run has under way.
type mailbox struct {
	mu     sync.Mutex
	facts  []Fact
	closed bool
	wake   chan struct{}
}

// post gives the run a fact; false if the run has ended.
func (x *run) post(f Fact) bool {
	x.mail.mu.Lock()
	defer x.mail.mu.Unlock()
	if x.mail.closed {
		return false
	}
	x.mail.facts = append(x.mail.facts, f)
	select {
	case x.mail.wake <- struct{}{}:
	default:
	}
	return true
}

// take empties the mailbox; when it is empty and the run is at its end, it
// closes it, so that no fact is lost between the two.
func (m *mailbox) take(atEnd bool) []Fact {
	m.mu.Lock()
	defer m.mu.Unlock()
	facts := m.facts
	m.facts = nil
	if len(facts) == 0 && atEnd {
		m.closed = true
	}
	return facts
}

// close closes an empty mailbox; false if there is something in it.
func (m *mailbox) close() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = m.closed || len(m.facts) == 0
	return m.closed
}
