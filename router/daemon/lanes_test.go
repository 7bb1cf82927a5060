package daemon_test

import (
	"strconv"
	"testing"
	"time"
)

// TestStuckLane has the head of one lane fail and park. Callers behind it are
// told "later" without waiting for their limit, and before the head has failed
// again; callers of other lanes are told success meanwhile. When the head
// recovers, in another life of the daemon, its lane goes on in the order of
// acceptance.
func TestStuckLane(t *testing.T) {
	t.Parallel()
	const behind, parkedFor = 50, 8 // seconds
	s := newService(t, serviceConfig)
	stuck := func(n int) ticket { return ticket{"change", "stuck", n} }
	s.sink.answers(func(name string, _ int) said {
		if name == stuck(0).String() {
			return said{status: 503, retryAfter: parkedFor}
		}
		return said{}
	})
	s.launch(t)
	if a := s.mustCall(t, stuck(0)); !a.later() {
		t.Fatalf("the head's caller is told %+v", a)
	}
	for n := 1; n <= behind; n++ {
		if a := s.mustCall(t, stuck(n)); !a.later() || a.took >= replyWithin {
			t.Errorf("the caller of number %d, behind the head, is told %+v after %s", n, a.answer, a.took)
		}
		if a := s.mustCall(t, ticket{"change", "free" + strconv.Itoa(n%10), n}); !a.success() {
			t.Errorf("the caller of another lane is told %+v", a)
		}
	}
	if tries := s.sink.triesOf(stuck(0).String()); tries != 1 {
		t.Errorf("the head was tried %d times before all of its lane had their answer", tries)
	}
	if n := s.sink.of(stuck(1).String()); n > 0 {
		t.Error("the second of the lane ran before the head")
	}
	s.kill()
	s.sink.answers(nil)
	s.launch(t)
	s.sink.await(t, 1+2*behind, parkedFor*time.Second+patience)
	s.awaitFinished(t, patience)
	s.sink.expectInOrder(t, s.records(t))
	for n := range 1 + behind {
		if name := stuck(n).String(); s.bazaar.result(name) == "" {
			t.Errorf("the marketplace is not told how %s ended", name)
		}
	}
}
