package journaltest

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/signalbox/signalbox/router"
)

func pruneCases() []exercise {
	later := func() time.Time { return began().AddDate(1, 0, 0) }
	return []exercise{
		{"prune takes what is finished and old, with all that hangs on it", func(s *subject) {
			old := s.accept(settled(1))
			s.apply(router.Change{Event: old.Event.ID, Version: 1, Attempts: []router.AttemptRow{{Delivery: "order/customer"}}})
			for _, r := range []router.Record{event(2), notice(3), settled(4), settled(5)} {
				s.accept(r)
			}
			s.deleted(router.Retention{Before: began().Add(5 * time.Minute)}, 10, 2) // 1 and 4; 5 came at that minute
			s.same([]string{id(5), id(3), id(2)}, ids(s.find(router.Query{})))
			if _, err := s.j.Story(s.ctx(), old.Event.ID); !errors.Is(err, router.ErrNotFound) {
				s.t.Fatalf("its story is still told: %v", err)
			}
			s.accept(settled(1))
			s.same([]router.AttemptRow(nil), s.story(id(1)).Attempts)
		}},
		{"prune never touches what is unfinished", func(s *subject) {
			all := s.unfinished()
			p := s.prune(router.Retention{Before: later(), PayloadBefore: later(), MaxBytes: 1, SpareSince: later()}, 10)
			if p.Deleted != 0 || p.Emptied != 0 || p.More || p.Used <= 1 {
				s.t.Fatalf("got %+v", p)
			}
			for _, r := range all {
				s.holds(r)
			}
		}},
		{"prune takes the oldest first and no more than the limit", func(s *subject) {
			for n := range 5 {
				s.accept(settled(5 - n))
			}
			old := router.Retention{Before: later()}
			s.deleted(old, 2, 2)
			s.same([]string{id(3), id(4), id(5)}, ids(s.find(router.Query{})))
			s.deleted(old, 0, 0)
			s.deleted(old, 10, 3)
			s.deleted(old, 10, 0)
		}},
		{"prune with nothing to keep to deletes nothing", func(s *subject) {
			s.accept(settled(1))
			s.deleted(router.Retention{}, 10, 0)
			s.story(id(1))
		}},
		{"prune keeps the plans that are named or in force", func(s *subject) {
			for _, digest := range []string{"plan-a", "plan-b", "plan-c", "plan-d"} {
				s.apply(router.Change{PlanDigest: digest, Plan: []byte(digest)})
			}
			s.accept(event(1)) // names plan-a
			for _, c := range []struct{ inForce, left []string }{
				{[]string{"plan-b", "plan-c", "plan-x"}, []string{"plan-a", "plan-b", "plan-c"}},
				{[]string{"plan-c"}, []string{"plan-a", "plan-c"}},
				{nil, []string{"plan-a"}},
			} {
				s.deleted(router.Retention{KeepPlans: c.inForce}, 10, 0)
				for _, digest := range []string{"plan-a", "plan-b", "plan-c", "plan-d"} {
					_, err := s.j.Plan(s.ctx(), digest)
					kept := slices.Contains(c.left, digest)
					if kept != (err == nil) || !kept && !errors.Is(err, router.ErrNotFound) {
						s.t.Errorf("with %v in force, %s: %v", c.inForce, digest, err)
					}
				}
			}
		}},
		{"a pruned event's key is free", func(s *subject) {
			s.accept(settled(1))
			s.deleted(router.Retention{Before: later()}, 10, 1)
			s.accept(event(1))
		}},
		{"prune for want of room takes the oldest finished until there is enough", func(s *subject) {
			const many = 40
			for n := range many {
				s.accept(bulky(n + 1))
			}
			open := event(many + 1)
			open.Event.Received = began()
			s.accept(open)
			full := s.pruneAll(router.Retention{}, 4).Used
			half := router.Retention{MaxBytes: full / 2, SpareSince: later()}
			p := s.pruneAll(half, 4)
			left := s.find(router.Query{Phase: router.Settled})
			if p.Used > half.MaxBytes || p.Deleted < many/4 || p.Deleted > many*3/4 || len(left) != many-p.Deleted {
				s.t.Fatalf("of %d bytes there are still %d, %d of %d events went, %d are left", full, p.Used, p.Deleted, many, len(left))
			}
			for i, r := range left { // newest first
				s.same(id(many-i), r.Event.ID)
			}
			s.story(open.Event.ID)
			s.deleted(half, 4, 0)
		}},
		{"prune for want of room spares what is young", func(s *subject) {
			for n := range 4 {
				s.accept(bulky(n + 1))
			}
			young := s.story(id(3)).Event.Received
			if p := s.pruneAll(router.Retention{MaxBytes: 1, SpareSince: young}, 1); p.Deleted != 2 || p.Used <= 1 {
				s.t.Fatalf("got %+v", p)
			}
			s.same([]string{id(4), id(3)}, ids(s.find(router.Query{})))
		}},
		{"prune spares what has only just finished, be it old or the store full", func(s *subject) {
			ended := later()
			end := func(state *router.State, at time.Time) {
				settle(state)
				state.Ended = at
			}
			change := func(n int, lazy bool) {
				r := s.accept(event(n))
				end(&r.State, ended)
				s.apply(router.Change{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{0}, Lazy: lazy})
			}
			put := func(n int, at time.Time) {
				r := event(n)
				end(&r.State, at)
				s.accept(r)
			}
			change(1, true)
			change(2, false)
			put(3, ended)
			for _, r := range []router.Retention{{Before: later()}, {MaxBytes: 1}} {
				r.SpareSince = ended
				put(4, ended.Add(-1))
				s.deleted(r, 10, 1)
				s.same([]string{id(3), id(2), id(1)}, ids(s.find(router.Query{})))
			}
			s.same(s.find(router.Query{})[0], s.rejected(event(3))) // a repeat finds its answer
			s.deleted(router.Retention{Before: later(), SpareSince: ended.Add(1)}, 10, 3)
		}},
		{"prune empties what is finished and past the payload's age", func(s *subject) {
			r := crowded(1)
			r.State.Callback.Status = router.CallbackConfirmed
			for i := range r.State.Deliveries {
				r.State.Deliveries[i].Status = router.DoneExhausted
			}
			s.accept(r)
			attempts := []router.AttemptRow{{Delivery: "order/customer", Number: 1, Began: began(), Outcome: router.Retry, Message: "503"}}
			s.apply(router.Change{Event: r.Event.ID, Version: 1, Attempts: attempts})
			s.emptied(r.Event.Received, 0)
			s.emptied(r.Event.Received.Add(1), 1)

			r.Event.Payload, r.Event.Attributes, r.Event.Raw = nil, nil, nil
			for i := range r.State.Deliveries {
				r.State.Deliveries[i].Input, r.State.Deliveries[i].Output = nil, nil
			}
			r.Emptied, r.Version = true, 3
			s.same(router.Story{Record: r, Attempts: attempts}, *s.story(r.Event.ID))
			s.same(r, s.rejected(crowded(1)))
			bare := s.find(router.Query{Bare: true})
			if len(bare) != 1 || !bare[0].Emptied {
				s.t.Fatalf("its bare record does not say so: %+v", bare)
			}
			s.emptied(later(), 0) // it is so already
			s.deleted(router.Retention{Before: later(), PayloadBefore: later()}, 10, 1)
		}},
		{"a change on the version before an event was emptied is a conflict", func(s *subject) {
			r := s.accept(settled(1))
			s.emptied(later(), 1)
			r.State.Phase = router.Open
			if err := s.j.Apply(s.ctx(), router.Change{Event: r.Event.ID, Version: 1, State: &r.State}); !errors.Is(err, router.ErrConflict) {
				s.t.Fatalf("got %v, want a conflict", err)
			}
		}},
		{"emptying keeps to the limit and reaches what finished late", func(s *subject) {
			late := s.accept(event(1))
			for n := range 4 {
				s.accept(settled(n + 2))
			}
			if p := s.prune(router.Retention{PayloadBefore: later()}, 3); p.Emptied != 3 || !p.More {
				s.t.Fatalf("got %+v", p)
			}
			s.emptied(later(), 1)
			settle(&late.State)
			s.apply(router.Change{Event: late.Event.ID, Version: 1, State: &late.State, Deliveries: []int{0}})
			s.emptied(later(), 1)
		}},
		{"emptying gives room", func(s *subject) {
			for n := range 20 {
				r := settled(n + 1)
				r.Event.Raw = bytes.Repeat([]byte{'x'}, 2<<10) // less than a page, for those who have pages
				s.accept(r)
			}
			full := s.pruneAll(router.Retention{}, 10).Used
			if p := s.pruneAll(router.Retention{PayloadBefore: later()}, 10); p.Used > full*3/4 || p.Emptied != 20 {
				s.t.Fatalf("of %d bytes there are still %d, %d events are emptied", full, p.Used, p.Emptied)
			}
		}},
	}
}

// bulky builds the n-th event with a document that takes room.
func bulky(n int) router.Record {
	r := settled(n)
	r.Event.Raw = bytes.Repeat([]byte{'x'}, 32<<10)
	return r
}

// unfinished accepts an event of each kind that still has something to do.
func (s *subject) unfinished() []router.Record {
	s.t.Helper()
	owing := settled(1)
	owing.State.Told = router.ToldLater
	trailing := settled(2)
	trailing.State.Deliveries[0].Optional, trailing.State.Deliveries[0].Status = true, router.Parked
	held := event(3)
	held.State.Phase = router.Held
	all := []router.Record{owing, trailing, held, event(4), notice(5)}
	for i := range all {
		all[i] = s.accept(all[i])
	}
	return all
}

func (s *subject) prune(r router.Retention, limit int) router.Pruned {
	s.t.Helper()
	p, err := s.j.Prune(s.ctx(), r, limit)
	s.must(err)
	return p
}

// pruneAll prunes until there is no more to do, and returns what all of it
// came to.
func (s *subject) pruneAll(r router.Retention, limit int) router.Pruned {
	s.t.Helper()
	var all router.Pruned
	for ctx := s.ctx(); ; s.must(ctx.Err()) {
		p := s.prune(r, limit)
		all.Deleted += p.Deleted
		all.Emptied += p.Emptied
		all.Used = p.Used
		if !p.More {
			return all
		}
	}
}

func (s *subject) deleted(r router.Retention, limit, want int) {
	s.t.Helper()
	if p := s.prune(r, limit); p.Deleted != want || p.Emptied != 0 {
		s.t.Fatalf("%d events went and %d were emptied, want %d and none", p.Deleted, p.Emptied, want)
	}
}

func (s *subject) emptied(before time.Time, want int) {
	s.t.Helper()
	if p := s.prune(router.Retention{PayloadBefore: before}, 10); p.Emptied != want || p.Deleted != 0 {
		s.t.Fatalf("%d events were emptied and %d deleted, want %d and none", p.Emptied, p.Deleted, want)
	}
}
