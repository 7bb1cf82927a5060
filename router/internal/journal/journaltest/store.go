package journaltest

import (
	"errors"
	"time"

	"github.com/signalbox/signalbox/router"
)

func storeCases() []exercise {
	later := func() time.Time { return began().AddDate(1, 0, 0) }
	return []exercise{
		{"prune takes what is finished and old, with all that hangs on it", func(s *subject) {
			old := s.accept(settled(1))
			s.apply(router.Change{Event: old.Event.ID, Version: 1, Attempts: []router.AttemptRow{{Delivery: "order/customer"}}})
			for _, r := range []router.Record{event(2), notice(3), settled(4), settled(5)} {
				s.accept(r)
			}
			s.pruned(began().Add(5*time.Minute), "", 10, 2) // 1 and 4; 5 came at that minute
			s.same([]string{id(5), id(3), id(2)}, ids(s.find(router.Query{})))
			if _, err := s.j.Story(s.ctx(), old.Event.ID); !errors.Is(err, router.ErrNotFound) {
				s.t.Fatalf("its story is still told: %v", err)
			}
			s.accept(settled(1))
			s.same([]router.AttemptRow(nil), s.story(id(1)).Attempts)
		}},
		{"prune never takes what is unfinished", func(s *subject) {
			owing := settled(1)
			owing.State.Told = router.ToldLater
			trailing := settled(2)
			trailing.State.Deliveries[0].Optional, trailing.State.Deliveries[0].Status = true, router.Parked
			held := event(3)
			held.State.Phase = router.Held
			for _, r := range []router.Record{owing, trailing, held, event(4), notice(5)} {
				s.accept(r)
			}
			s.pruned(later(), "", 10, 0)
			if n := len(s.find(router.Query{})); n != 5 {
				s.t.Fatalf("%d of 5 are left", n)
			}
		}},
		{"prune takes the oldest first and no more than the limit", func(s *subject) {
			for n := range 5 {
				s.accept(settled(5 - n))
			}
			s.pruned(later(), "", 2, 2)
			s.same([]string{id(3), id(4), id(5)}, ids(s.find(router.Query{})))
			s.pruned(later(), "", 0, 0)
			s.pruned(later(), "", 10, 3)
			s.pruned(later(), "", 10, 0)
		}},
		{"prune keeps the plans that are named or in force", func(s *subject) {
			for _, digest := range []string{"plan-a", "plan-b", "plan-c"} {
				s.apply(router.Change{PlanDigest: digest, Plan: []byte(digest)})
			}
			s.accept(event(1)) // names plan-a
			s.pruned(began(), "plan-b", 10, 0)
			for digest, kept := range map[string]bool{"plan-a": true, "plan-b": true, "plan-c": false} {
				_, err := s.j.Plan(s.ctx(), digest)
				if kept != (err == nil) || !kept && !errors.Is(err, router.ErrNotFound) {
					s.t.Errorf("%s: %v", digest, err)
				}
			}
		}},
		{"a pruned event's key is free", func(s *subject) {
			s.accept(settled(1))
			s.pruned(later(), "", 10, 1)
			s.accept(event(1))
		}},
		{"all of it outlives a restart", func(s *subject) {
			a := s.accept(crowded(1))
			b := failure(2, a.Event.ID)
			attempts := []router.AttemptRow{{Delivery: router.FetchAttempt, Number: 1, Began: began(), Outcome: router.Retry}}
			s.apply(router.Change{
				Event: a.Event.ID, Version: 1, Attempts: attempts, Caused: []router.Record{b}, PlanDigest: "plan-a", Plan: []byte("a"),
			})
			a.Version, b.Version = 2, 1
			s.reopen()
			s.same(router.Story{Record: a, Attempts: attempts, Caused: []string{b.Event.ID}}, *s.story(a.Event.ID))
			s.same([]router.Pending{pending(a), pending(b)}, s.due(0, 10))
			_, err := s.j.Plan(s.ctx(), "plan-a")
			s.must(err)
			s.rejected(crowded(1))
		}},
		{"close is idempotent and ends everything", func(s *subject) {
			s.accept(event(1))
			s.must(s.j.Close())
			s.must(s.j.Close())
			r := event(2)
			if _, err := s.j.Accept(s.ctx(), &r.Event, &r.State); !errors.Is(err, router.ErrJournal) {
				s.t.Errorf("accept after close: %v", err)
			}
			if err := s.j.Apply(s.ctx(), router.Change{Event: id(1), Version: 1}); !errors.Is(err, router.ErrJournal) {
				s.t.Errorf("apply after close: %v", err)
			}
			if _, err := s.j.Find(s.ctx(), router.Query{}); !errors.Is(err, router.ErrJournal) {
				s.t.Errorf("find after close: %v", err)
			}
		}},
		{"close answers everybody", func(s *subject) {
			acknowledged := make(chan string, 64)
			closing := make(chan struct{})
			s.together(cap(acknowledged)+1, func(n int) error {
				if n == cap(acknowledged) {
					<-closing
					return s.j.Close()
				}
				if n == cap(acknowledged)/2 {
					close(closing)
				}
				r := event(n + 1)
				_, err := s.j.Accept(s.ctx(), &r.Event, &r.State)
				if err == nil {
					acknowledged <- r.Event.ID
				} else if !errors.Is(err, router.ErrJournal) {
					return err
				}
				return nil
			})
			close(acknowledged)
			s.reopen()
			for id := range acknowledged {
				s.story(id)
			}
		}},
	}
}

func (s *subject) pruned(before time.Time, keep string, limit, want int) {
	s.t.Helper()
	n, err := s.j.Prune(s.ctx(), before, keep, limit)
	s.must(err)
	if n != want {
		s.t.Fatalf("%d events went, want %d", n, want)
	}
}
