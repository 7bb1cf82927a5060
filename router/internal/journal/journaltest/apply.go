package journaltest

import (
	"errors"
	"time"

	"github.com/signalbox/signalbox/router"
)

func applyCases() []exercise {
	return []exercise{
		{"a change becomes the next version", func(s *subject) {
			r := s.accept(event(1))
			settle(&r.State)
			s.apply(router.Change{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{0}})
			r.Version = 2
			s.holds(r)
			s.apply(router.Change{Event: r.Event.ID, Version: 2})
			r.Version = 3
			s.holds(r)
		}},
		{"a change of another version writes nothing", func(s *subject) {
			r := s.accept(event(1))
			after := r.State
			settle(&after)
			for _, version := range []int64{0, 2} {
				err := s.j.Apply(s.ctx(), router.Change{
					Event: r.Event.ID, Version: version, State: &after, Deliveries: []int{0}, ReleaseKey: true, Seq: 99,
					Attempts: []router.AttemptRow{{Delivery: "order/customer"}}, Caused: []router.Record{failure(2, r.Event.ID)},
					PlanDigest: "plan-b", Plan: []byte("b"),
				})
				if !errors.Is(err, router.ErrConflict) {
					s.t.Fatalf("version %d: got %v, want a conflict", version, err)
				}
			}
			r.State = event(1).State
			s.same(router.Story{Record: r}, *s.story(r.Event.ID))
			if _, err := s.j.Plan(s.ctx(), "plan-b"); !errors.Is(err, router.ErrNotFound) {
				s.t.Fatalf("the plan was written: %v", err)
			}
		}},
		{"a change of no event is a conflict", func(s *subject) {
			err := s.j.Apply(s.ctx(), router.Change{Event: id(404), Version: 1, Seq: 3})
			if !errors.Is(err, router.ErrConflict) {
				s.t.Fatalf("got %v, want a conflict", err)
			}
		}},
		{"one of many writers of one version wins", func(s *subject) {
			r := s.accept(event(1))
			won := make(chan bool, 16)
			s.together(cap(won), func(int) error {
				err := s.j.Apply(s.ctx(), router.Change{Event: r.Event.ID, Version: 1, Seq: 7})
				won <- err == nil
				if errors.Is(err, router.ErrConflict) {
					return nil
				}
				return err
			})
			count := 0
			for range cap(won) {
				if <-won {
					count++
				}
			}
			if count != 1 {
				s.t.Fatalf("%d writers won", count)
			}
		}},
		{"failure events come with their cause", func(s *subject) {
			r := s.accept(event(1))
			first, second := failure(2, r.Event.ID), failure(3, r.Event.ID)
			s.apply(router.Change{Event: r.Event.ID, Version: 1, State: &r.State, Caused: []router.Record{first, second}})
			first.Version, second.Version = 1, 1
			s.holds(first)
			s.holds(second)
			s.same([]string{id(2), id(3)}, s.story(r.Event.ID).Caused)
		}},
		{"a failure event that can't be inserted undoes its cause's change", func(s *subject) {
			r := s.accept(event(1))
			s.accept(event(2))
			after := r.State
			settle(&after)
			err := s.j.Apply(s.ctx(), router.Change{
				Event: r.Event.ID, Version: 1, State: &after, Caused: []router.Record{failure(3, r.Event.ID), failure(2, r.Event.ID)},
			})
			if err == nil || errors.Is(err, router.ErrJournal) {
				s.t.Fatalf("got %v, want an error of the change's own", err)
			}
			r.State = event(1).State
			s.same(router.Story{Record: r}, *s.story(r.Event.ID))
			if found := s.find(router.Query{ID: id(3)}); len(found) != 0 {
				s.t.Fatal("its other failure event was inserted")
			}
		}},
		{"a fetch fills a notice", func(s *subject) {
			blind := s.accept(notice(1))
			full := event(1)
			full.Event.Seq, full.Event.Plan, full.Event.Flag = 70, "plan-b", router.FlagDevelopment
			s.apply(router.Change{
				Event: blind.Event.ID, Version: 1, State: &full.State, Deliveries: []int{0}, Fetched: &full.Event,
				Attempts: []router.AttemptRow{{Delivery: router.FetchAttempt, Number: 2, Began: began()}},
			})
			full.Version = 2
			s.holds(full)
			s.same(full, s.rejected(event(1)))
		}},
		{"a notice that turns out stateless lets go of its key", func(s *subject) {
			blind := s.accept(notice(1))
			ping := settled(1)
			ping.Event.Flag = router.FlagStateless
			s.apply(router.Change{Event: blind.Event.ID, Version: 1, State: &ping.State, Fetched: &ping.Event})
			again := event(2)
			again.Event.Notice.Key = ping.Event.Notice.Key
			s.accept(again)
		}},
		{"a replay takes a new place", func(s *subject) {
			s.accept(event(1))
			s.accept(event(2))
			s.apply(router.Change{Event: id(1), Version: 1, Seq: 50})
			s.same([]string{id(2), id(1)}, pendingIDs(s.due(0, 10)))
			if seq := s.story(id(1)).Event.Seq; seq != 50 {
				s.t.Fatalf("the place is %d", seq)
			}
		}},
		{"plan snapshots are kept by digest", func(s *subject) {
			content := []byte("route \"order\" {}\x00\xff")
			for range 2 {
				s.apply(router.Change{PlanDigest: "plan-a", Plan: content})
			}
			s.apply(router.Change{PlanDigest: "empty"})
			for digest, want := range map[string][]byte{"plan-a": content, "empty": nil} {
				got, err := s.j.Plan(s.ctx(), digest)
				s.must(err)
				s.same(want, got)
			}
			if _, err := s.j.Plan(s.ctx(), "plan-z"); !errors.Is(err, router.ErrNotFound) {
				s.t.Fatalf("got %v, want not found", err)
			}
		}},
		{"a lazy change is written and advances nothing", func(s *subject) {
			r := s.accept(event(1))
			settle(&r.State)
			s.apply(router.Change{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{0}, Lazy: true})
			s.reopen()
			s.holds(r)
			s.apply(router.Change{Event: r.Event.ID, Version: 1, Seq: 9})
		}},
		{"a lazy change goes before what is written after it", func(s *subject) {
			r := s.accept(event(1))
			settle(&r.State)
			s.apply(router.Change{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{0}, Lazy: true})
			s.apply(router.Change{Event: r.Event.ID, Version: 1})
			r.Version = 2
			s.holds(r)
		}},
		{"a lazy change of another version is dropped", func(s *subject) {
			r := s.accept(event(1))
			after := r.State
			settle(&after)
			s.apply(router.Change{Event: r.Event.ID, Version: 7, State: &after, Lazy: true})
			s.reopen()
			r.State = event(1).State
			s.holds(r)
		}},
	}
}

func deliveryCases() []exercise {
	return []exercise{
		{"a change keeps every field of a delivery", func(s *subject) {
			r := s.accept(event(1))
			full := crowdedDelivery("order/customer", began())
			s.full(full, "Rev")
			s.full(full.Policy)
			r.State.Deliveries[0] = full
			s.apply(router.Change{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{0}})
			r.Version = 2
			s.holds(r)
		}},
		{"deliveries may be added by a change", func(s *subject) {
			r := event(1)
			r.State.Deliveries = nil
			r = s.accept(r)
			for _, name := range []string{"order/a", "order/b", "order/c"} {
				r.State.Deliveries = append(r.State.Deliveries, crowdedDelivery(name, began()))
			}
			s.apply(router.Change{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{2, 0, 1}})
			r.Version = 2
			s.holds(r)
		}},
		{"a delivery that is not named stays as it was", func(s *subject) {
			r := s.accept(crowded(1))
			after := r.State
			after.Deliveries = append([]router.Delivery(nil), r.State.Deliveries...)
			after.Deliveries[0].Detail, after.Deliveries[1].Detail = "not named", "named"
			s.apply(router.Change{Event: r.Event.ID, Version: 1, State: &after, Deliveries: []int{1}})
			r.Version = 2
			r.State.Deliveries[1].Detail = "named"
			s.holds(r)
		}},
		{"a delivery that does not exist can't be named", func(s *subject) {
			r := s.accept(event(1))
			for _, c := range []router.Change{
				{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{1}},
				{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{-1}},
				{Event: r.Event.ID, Version: 1, Deliveries: []int{0}},
			} {
				if err := s.j.Apply(s.ctx(), c); err == nil {
					s.t.Fatalf("%+v was applied", c)
				}
			}
			s.holds(r)
		}},
		{"attempts are kept in order", func(s *subject) {
			r := s.accept(event(1))
			s.accept(event(2))
			var all []router.AttemptRow
			for i, outcome := range []router.OutcomeKind{router.Retry, router.Unknown, router.Succeeded} {
				rows := []router.AttemptRow{
					{
						Delivery: "order/customer", Number: i + 1, Generation: 3, Began: began().Add(time.Duration(i)),
						Took: 5 * time.Millisecond, Outcome: outcome, Code: "c", Message: "m",
					},
					{Delivery: "", Number: 1, Began: began(), Outcome: router.Rejected},
				}
				s.full(rows[0])
				all = append(all, rows...)
				s.apply(router.Change{Event: r.Event.ID, Version: int64(i + 1), Attempts: rows})
			}
			s.same(all, s.story(r.Event.ID).Attempts)
			s.same([]router.AttemptRow(nil), s.story(id(2)).Attempts)
		}},
	}
}
