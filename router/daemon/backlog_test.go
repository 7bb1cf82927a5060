package daemon_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/journal/sqlite"
)

// firstWithin is how soon after its start the daemon has its first call out,
// whatever it finds in the journal.
const firstWithin = time.Second

// owing begins the tokens of those whose work is done, and whose callers don't
// know it.
const owing = "change.owing"

// TestBacklogAtStart has a daemon find a crowd of unfinished events in its
// journal. The first of them goes out at once, memory stays bounded, callers are
// answered meanwhile, and in the end each has had its one effect, in order.
func TestBacklogAtStart(t *testing.T) {
	n := fromEnv(t, "SIGNALBOX_BACKLOG", 3_000, strconv.Atoi)
	if raceDetected() {
		n = min(n, 500) // each takes many times as long
	}
	s := newService(t, serviceConfig)
	templates := s.leftovers(t)
	effects := s.fill(t, templates, n)

	s.begin(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var callers sync.WaitGroup
	var newcomers crowd
	callers.Go(func() {
		s.serving(t)
		for i := 0; ctx.Err() == nil; i++ {
			_, _ = newcomers.call(ctx, s, ticket{"order", "newcomer", i})
		}
	})
	await(t, s.sink.first, "the first delivery goes out")
	first := time.Since(s.began)
	if first > firstWithin+hangGrace && !raceDetected() {
		t.Errorf("the first delivery went out %s after the start, want it within %s", first, firstWithin)
	}
	atMost := patience + time.Duration(n)*5*time.Millisecond
	s.sink.await(t, effects, atMost)
	took := time.Since(s.began)
	cancel()
	callers.Wait()
	newcomers.expectAnswered(t)
	peak := s.expectBounded(t)
	s.awaitFinished(t, atMost)

	s.sink.expectInOrder(t, s.records(t))
	for _, r := range s.records(t) {
		name, want := r.Event.Notice.Token, 1
		if strings.HasPrefix(name, owing) || abandoned(r) {
			want = 0 // it took effect in an earlier life; or its caller was told "not now"
		}
		if got := s.sink.of(name); got != want {
			t.Errorf("%s is %s after %d effects, want %d", name, r.State.Phase, got, want)
		}
		if !abandoned(r) && r.State.Told == router.ToldLater && s.bazaar.result(name) == "" {
			t.Errorf("%s is %s, and its marketplace was told nothing", name, r.State.Phase)
		}
	}
	t.Logf("%d events: the first delivery after %s, the last after %s; at most %d MB resident; %s", n, first, took, peak/1e6, &newcomers)
}

// leftovers has a daemon leave one event of each kind behind that a journal can
// hold unfinished: parked, waiting behind that, owing a callback, noticed.
func (s *service) leftovers(t *testing.T) []router.Record {
	t.Helper()
	ready := make(chan struct{})
	s.sink.answers(func(name string, _ int) said {
		if name == "change.parked.0" {
			return said{status: 503, retryAfter: 10}
		}
		return said{until: ready}
	})
	s.bazaar.hearing(func(string, int) bool { return false })
	s.launch(t)
	// The head is told "later" at its limit, those behind a parked head at once;
	// and one that takes too long will owe a callback.
	var late sync.WaitGroup
	for _, account := range []string{"parked", "owing"} {
		late.Go(func() {
			if a, err := s.call(t.Context(), ticket{"change", account, 0}); err != nil || !a.later() {
				t.Errorf("%s is answered %+v, %v", account, a, err)
			}
		})
	}
	late.Wait()
	close(ready)
	s.mustCall(t, ticket{"change", "parked", 1})
	s.bazaar.showing(func(string, int) bool { return false })
	s.mustCall(t, ticket{"change", "noticed", 0})
	until(t, patience, func() error {
		samples, err := scrape(s.socket())
		if at := samples[`signalbox_unfinished_events{where="rest"}`]; err == nil && at != "4" {
			err = fmt.Errorf("%s events are at rest, want 4", at)
		}
		return err
	})
	s.kill()
	s.bazaar.showing(nil)
	s.bazaar.hearing(nil)
	s.sink.answers(nil)
	s.sink.forget()

	records := s.records(t)
	if len(records) != 4 {
		t.Fatalf("%d events are left over, want 4", len(records))
	}
	return records
}

// fill puts copies of what was left over into the journal: half of the parked
// are due, the others within some seconds; those that wait are in lanes of a
// hundred. It returns how many deliveries are still to take effect.
func (s *service) fill(t *testing.T, templates []router.Record, n int) (effects int) {
	t.Helper()
	byName := map[string]router.Record{}
	for _, r := range templates {
		byName[r.Event.Notice.Token] = r
		if r.State.Phase != router.Settled {
			effects++
		}
	}
	const lane = 100
	now := time.Now()
	var copies []router.Record
	for i := range n {
		due := now.Add(time.Duration(i%2*(i%100)) * 50 * time.Millisecond)
		template, k := "", ticket{"change", "a" + strconv.Itoa(i), 0}
		switch part := i % 10; {
		case part < 4:
			template = "change.parked.0"
		case part < 8: // the lanes
			in := i/10*4 + part - 4
			k.account, k.n = "lane"+strconv.Itoa(in/lane), in%lane
			if template = "change.parked.1"; k.n == 0 {
				template = "change.parked.0"
			}
		case part == 8:
			template, k.account = "change.owing.0", "owing"+strconv.Itoa(i)
			effects--
		default:
			template = "change.noticed.0"
		}
		effects++
		copies = append(copies, copied(t, byName[template], template, k, now.UnixNano()+int64(i), due))
	}
	s.journal(t, func(j *sqlite.Journal) {
		const writers = 512 // share a flush
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := w; i < len(copies); i += writers {
					if _, err := j.Accept(t.Context(), &copies[i].Event, &copies[i].State); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	})
	return effects
}

// copied is a record as another event would have left it.
func copied(t *testing.T, r router.Record, name string, k ticket, seq int64, due time.Time) router.Record {
	t.Helper()
	of, err := readTicket(name)
	if err != nil || r.Event.ID == "" {
		t.Fatalf("there is no %s to copy: %v", name, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	replace := strings.NewReplacer(name, k.String(), of.account, k.account).Replace
	in := func(b []byte) []byte { return []byte(replace(string(bytes.Clone(b)))) }
	e := &r.Event
	e.ID, e.Seq = id.String(), seq
	e.Lane, e.Payload, e.Attributes, e.Raw = replace(e.Lane), in(e.Payload), in(e.Attributes), in(e.Raw)
	e.Notice.Key, e.Notice.Address, e.Notice.Token = replace(e.Notice.Key), replace(e.Notice.Address), replace(e.Notice.Token)
	s := &r.State
	if !s.Fetch.Due.IsZero() {
		s.Fetch.Due = due
	}
	if !s.Callback.Due.IsZero() {
		s.Callback.Due = due
	}
	s.Deliveries = append([]router.Delivery(nil), s.Deliveries...)
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		d.Input = in(d.Input)
		if !d.Due.IsZero() {
			d.Due = due
		}
	}
	return r
}
