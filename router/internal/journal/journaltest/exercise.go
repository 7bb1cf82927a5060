package journaltest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/signalbox/signalbox/router"
)

// Exercise runs the suite. open opens the store that dir names: the first time
// an empty one, after a Close the one that was left.
func Exercise(t *testing.T, open func(t *testing.T, dir string) router.Journal) {
	for _, group := range [][]exercise{acceptCases(), applyCases(), deliveryCases(), findCases(), pruneCases(), storeCases()} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				s := &subject{t: t, dir: t.TempDir(), open: open}
				s.j = open(t, s.dir)
				defer func() { s.must(s.j.Close()) }()
				c.run(s)
			})
		}
	}
}

type exercise struct {
	name string
	run  func(*subject)
}

// patience bounds a case: a store that blocks must fail the test, not hang it.
const patience = time.Minute

// subject is the journal under test, with the few sentences that the cases are
// made of. Any unexpected error ends the case.
type subject struct {
	t    *testing.T
	j    router.Journal
	dir  string
	open func(*testing.T, string) router.Journal
}

func (s *subject) ctx() context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	s.t.Cleanup(cancel)
	return ctx
}

func (s *subject) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *subject) reopen() {
	s.t.Helper()
	s.must(s.j.Close())
	s.j = s.open(s.t, s.dir)
}

// accept inserts a record that must be new.
func (s *subject) accept(r router.Record) router.Record {
	s.t.Helper()
	existing, err := s.j.Accept(s.ctx(), &r.Event, &r.State)
	s.must(err)
	if existing != nil {
		s.t.Fatalf("event %s is said to exist as %s", r.Event.ID, existing.Event.ID)
	}
	r.Version = 1
	return r
}

// rejected accepts a record that must not be inserted, and returns the one
// that is in its way.
func (s *subject) rejected(r router.Record) router.Record {
	s.t.Helper()
	existing, err := s.j.Accept(s.ctx(), &r.Event, &r.State)
	s.must(err)
	if existing == nil {
		s.t.Fatalf("event %s was inserted a second time", r.Event.ID)
	}
	return *existing
}

func (s *subject) apply(c router.Change) {
	s.t.Helper()
	s.must(s.j.Apply(s.ctx(), c))
}

func (s *subject) find(q router.Query) []router.Record {
	s.t.Helper()
	found, err := s.j.Find(s.ctx(), q)
	s.must(err)
	return found
}

func (s *subject) story(id string) *router.Story {
	s.t.Helper()
	story, err := s.j.Story(s.ctx(), id)
	s.must(err)
	return story
}

func (s *subject) due(after int64, limit int) []router.Pending {
	s.t.Helper()
	found, err := s.j.Due(s.ctx(), after, limit)
	s.must(err)
	return found
}

// holds asserts that the journal has exactly this of the event.
func (s *subject) holds(want router.Record) {
	s.t.Helper()
	s.same(want, s.story(want.Event.ID).Record)
}

// same compares what was written with what was read.
func (s *subject) same(want, got any) {
	s.t.Helper()
	if diff := cmp.Diff(want, got, stored()...); diff != "" {
		s.t.Fatalf("not what was written (-want +got):\n%s", diff)
	}
}

// stored leaves out what lives in memory only.
func stored() []cmp.Option {
	return []cmp.Option{
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(router.State{}, "Rules", "Live", "Turn"),
		cmpopts.IgnoreFields(router.Delivery{}, "Rev"),
		cmpopts.IgnoreFields(router.Notice{}, "Body"),
	}
}

// pending is what Due gives of a record.
func pending(r router.Record) router.Pending {
	return router.Pending{ID: r.Event.ID, Lane: r.Event.Lane, Seq: r.Event.Seq, Due: r.State.Resumes().UTC(), Hold: r.State.Hold()}
}

func pendingIDs(list []router.Pending) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.ID)
	}
	return out
}

func ids(records []router.Record) []string {
	var list []string
	for i := range records {
		list = append(list, records[i].Event.ID)
	}
	return list
}
