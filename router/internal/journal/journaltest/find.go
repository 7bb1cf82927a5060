package journaltest

import (
	"errors"
	"time"

	"github.com/signalbox/signalbox/router"
)

func findCases() []exercise {
	return []exercise{
		{"find filters", func(s *subject) {
			for _, r := range zoo() {
				s.accept(r)
			}
			minute := func(n int) time.Time { return began().Add(time.Duration(n) * time.Minute) }
			for _, c := range []struct {
				name string
				q    router.Query
				want []int
			}{
				{"all, newest first", router.Query{}, []int{6, 5, 4, 3, 2, 1}},
				{"by id", router.Query{ID: id(3)}, []int{3}},
				{"by no id", router.Query{ID: id(404)}, nil},
				{"by source", router.Query{Source: "signalbox"}, []int{5}},
				{"by source and key", router.Query{Source: source, Key: "key 2"}, []int{2}},
				{"by another source's key", router.Query{Source: "signalbox", Key: "key 2"}, nil},
				{"by type", router.Query{Type: "SUBSCRIPTION_CANCEL"}, []int{4}},
				{"by lane", router.Query{Lane: "shared"}, []int{2, 1}},
				{"held", router.Query{Phase: router.Held}, []int{3}},
				{"noticed", router.Query{Phase: router.Noticed}, []int{6}},
				{"settled", router.Query{Phase: router.Settled}, []int{4}},
				{"abandoned", router.Query{Phase: router.Abandoned}, []int{2}},
				{"unfinished", router.Query{Unfinished: true}, []int{6, 5, 3, 1}},
				{"settled and unfinished", router.Query{Phase: router.Settled, Unfinished: true}, nil},
				{"since, inclusive", router.Query{Since: minute(5)}, []int{6, 5}},
				{"until, exclusive", router.Query{Until: minute(2)}, []int{1}},
				{"between", router.Query{Since: minute(2), Until: minute(4)}, []int{3, 2}},
				{"older than an event", router.Query{Before: id(3)}, []int{2, 1}},
				{"older than an event, in a lane", router.Query{Before: id(2), Lane: "shared"}, []int{1}},
				{"at most", router.Query{Limit: 2}, []int{6, 5}},
				{"the next page", router.Query{Limit: 2, Before: id(5)}, []int{4, 3}},
			} {
				var want []string
				for _, n := range c.want {
					want = append(want, id(n))
				}
				s.t.Log(c.name)
				s.same(want, ids(s.find(c.q)))
			}
		}},
		{"find returns whole records", func(s *subject) {
			a, b := s.accept(crowded(1)), s.accept(crowded(2))
			s.same([]router.Record{b, a}, s.find(router.Query{}))
		}},
		{"a released key finds nothing", func(s *subject) {
			r := s.accept(settled(1))
			s.apply(router.Change{Event: r.Event.ID, Version: 1, ReleaseKey: true})
			if found := s.find(router.Query{Source: source, Key: r.Event.Notice.Key}); len(found) != 0 {
				s.t.Fatalf("found %v", ids(found))
			}
		}},
		{"bare records leave out what is large", func(s *subject) {
			r := s.accept(crowded(1))
			r.Event.Payload, r.Event.Raw, r.State.Deliveries = nil, nil, nil
			s.same([]router.Record{r}, s.find(router.Query{Bare: true}))
		}},
		{"a hundred where nothing is said", func(s *subject) {
			for n := range 103 {
				s.accept(event(n + 1))
			}
			if n := len(s.find(router.Query{})); n != 100 {
				s.t.Fatalf("found %d", n)
			}
		}},
		{"due pages through what is unfinished, by place", func(s *subject) {
			for _, r := range zoo() {
				r.Event.Seq = 100 - r.Event.Seq
				s.accept(r)
			}
			first := s.due(0, 3)
			s.same([]string{id(6), id(5), id(3)}, pendingIDs(first))
			s.same([]string{id(1)}, pendingIDs(s.due(first[2].Seq, 3)))
			s.same([]router.Pending(nil), s.due(99, 3))
		}},
		{"due returns whole records", func(s *subject) {
			a, b := s.accept(crowded(1)), s.accept(event(2))
			settle(&b.State)
			s.apply(router.Change{Event: b.Event.ID, Version: 1, State: &b.State, Deliveries: []int{0}})
			s.same([]router.Pending{pending(a)}, s.due(0, 10))
		}},
		{"a replayed event is due again", func(s *subject) {
			r := s.accept(settled(1))
			s.same([]router.Pending(nil), s.due(0, 10))
			r.State.Phase, r.State.Deliveries[0].Status = router.Open, router.Waiting
			s.apply(router.Change{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{0}, Seq: 8})
			r.Version, r.Event.Seq = 2, 8
			s.same([]router.Pending{pending(r)}, s.due(7, 10))
		}},
		{"there is no story of an unknown event", func(s *subject) {
			if _, err := s.j.Story(s.ctx(), id(404)); !errors.Is(err, router.ErrNotFound) {
				s.t.Fatalf("got %v, want not found", err)
			}
		}},
	}
}

// zoo has six events, one of each kind that a filter can tell.
func zoo() []router.Record {
	open, abandoned, held, done, own, blind := event(1), event(2), event(3), settled(4), failure(5, id(1)), notice(6)
	open.Event.Lane, abandoned.Event.Lane = "shared", "shared"
	abandoned.State.Phase = router.Abandoned
	held.State.Phase, held.State.Since = router.Held, began()
	done.Event.Type = "SUBSCRIPTION_CANCEL"
	return []router.Record{open, abandoned, held, done, own, blind}
}
