package journaltest

import (
	"errors"

	"github.com/signalbox/signalbox/router"
)

func storeCases() []exercise {
	return []exercise{
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
