package journaltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/signalbox/signalbox/router"
)

func acceptCases() []exercise {
	return []exercise{
		{"accept keeps every field", func(s *subject) {
			r := crowded(1)
			s.full(r.Event.Notice, "Type", "Again", "Unkept") // of which the journal knows nothing
			for _, part := range []any{r.Event, r.State, r.State.Callback, r.State.Fetch, *r.State.Verdict} {
				s.full(part, "Rules", "Live", "Turn")
			}
			s.holds(s.accept(r))
		}},
		{"accept takes a blind notice", func(s *subject) {
			s.holds(s.accept(notice(1)))
		}},
		{"a held key gives the event that has it", func(s *subject) {
			first := s.accept(settled(1))
			again := event(2)
			again.Event.Notice.Key = first.Event.Notice.Key
			s.same(first, s.rejected(again))
			if found := s.find(router.Query{}); len(found) != 1 {
				s.t.Fatalf("the journal has %v", ids(found))
			}
		}},
		{"a key belongs to its source", func(s *subject) {
			first := s.accept(event(1))
			other := event(2)
			other.Event.Source, other.Event.Notice.Key = "appdirect.other", first.Event.Notice.Key
			s.accept(other)
		}},
		{"a released key is free", func(s *subject) {
			first := s.accept(settled(1))
			s.apply(router.Change{Event: first.Event.ID, Version: 1, ReleaseKey: true})
			again := event(2)
			again.Event.Notice.Key = first.Event.Notice.Key
			s.accept(again)
			third := event(3)
			third.Event.Notice.Key = first.Event.Notice.Key
			if holder := s.rejected(third); holder.Event.ID != again.Event.ID {
				s.t.Fatalf("the key is held by %s, want %s", holder.Event.ID, again.Event.ID)
			}
		}},
		{"stateless events hold no key", func(s *subject) {
			for n := range 2 {
				ping := settled(n + 1)
				ping.Event.Flag, ping.Event.Notice.Key = router.FlagStateless, "dummy"
				s.holds(s.accept(ping))
			}
		}},
		{"events without a key are never the same", func(s *subject) {
			for n := range 2 {
				r := event(n + 1)
				r.Event.Notice.Key = ""
				s.accept(r)
			}
		}},
		{"an id that is there is the same event", func(s *subject) {
			first := s.accept(failure(1, id(7)))
			s.same(first, s.rejected(first))
		}},
		{"one of many callers with one key wins", func(s *subject) {
			var inserted atomic.Int32
			s.together(16, func(n int) error {
				r := event(n + 1)
				r.Event.Notice.Key = "the one"
				existing, err := s.j.Accept(s.ctx(), &r.Event, &r.State)
				if existing == nil && err == nil {
					inserted.Add(1)
				}
				return err
			})
			if inserted.Load() != 1 || len(s.find(router.Query{})) != 1 {
				s.t.Fatalf("%d callers were told that they inserted it; the journal has %d", inserted.Load(), len(s.find(router.Query{})))
			}
		}},
		{"many writers at once lose nothing", func(s *subject) {
			const writers, each = 64, 8
			s.together(writers, func(w int) error {
				for i := range each {
					r := event(1 + w*each + i)
					if _, err := s.j.Accept(s.ctx(), &r.Event, &r.State); err != nil {
						return err
					}
					settle(&r.State)
					err := s.j.Apply(s.ctx(), router.Change{Event: r.Event.ID, Version: 1, State: &r.State, Deliveries: []int{0}})
					if err != nil {
						return err
					}
				}
				return nil
			})
			s.reopen()
			found := s.find(router.Query{Phase: router.Settled, Limit: 2 * writers * each})
			if len(found) != writers*each {
				s.t.Fatalf("%d of %d events are there and settled", len(found), writers*each)
			}
			for _, r := range found {
				if r.Version != 2 || r.State.Deliveries[0].Status != router.DoneSucceeded {
					s.t.Fatalf("event %s has version %d and %+v", r.Event.ID, r.Version, r.State.Deliveries)
				}
			}
		}},
		{"a large document is kept", func(s *subject) {
			r := event(1)
			r.Event.Raw = bytes.Repeat([]byte{0, 1, 2, 0xff}, 1<<14)
			r.Event.Payload = json.RawMessage(`"` + strings.Repeat("ä", 1<<15) + `"`)
			s.holds(s.accept(r))
		}},
		{"any text is kept", func(s *subject) {
			r := event(1)
			odd := "NUL \x00, quote ', \u2028, 日本語, 🚂"
			r.Event.Type, r.Event.Lane, r.Event.Notice.Key, r.State.Why = odd, odd, odd, odd
			r.State.Deliveries[0].Detail, r.State.Deliveries[0].Name = odd, odd
			s.holds(s.accept(r))
			s.same([]string{r.Event.ID}, ids(s.find(router.Query{Source: source, Key: odd, Lane: odd, Type: odd})))
		}},
		{"a caller that is gone gets its context's error", func(s *subject) {
			ctx, cancel := context.WithCancel(s.t.Context())
			cancel()
			r := event(1)
			if _, err := s.j.Accept(ctx, &r.Event, &r.State); err != nil && !errors.Is(err, context.Canceled) {
				s.t.Fatalf("got %v", err)
			}
		}},
	}
}

// together runs work in n goroutines at once.
func (s *subject) together(n int, work func(i int) error) {
	s.t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = work(i) })
	}
	wg.Wait()
	s.must(errors.Join(errs...))
}

// full asserts that a case which claims to write every field does so.
func (s *subject) full(v any, except ...string) {
	s.t.Helper()
	value := reflect.ValueOf(v)
	for i := range value.NumField() {
		name := value.Type().Field(i).Name
		if value.Field(i).IsZero() && !strings.Contains(fmt.Sprint(except), name) {
			s.t.Fatalf("the case leaves %T.%s empty", v, name)
		}
	}
}
