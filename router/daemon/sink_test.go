package daemon_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// said is how the sink answers a call: 200 where it is zero.
type said struct {
	status     int
	retryAfter int           // seconds
	hangs      bool          // until the plugin gives up, or is gone
	until      chan struct{} // answers when it is closed
}

// sink is where the webhook plugin posts to. The first call with a key that
// succeeds takes effect; what comes later is a repeat, and finds it done.
type sink struct {
	*httptest.Server
	t     testing.TB
	first chan struct{} // closed at the first call
	once  sync.Once
	calls atomic.Int64
	// answer, if not nil, says how a call is answered: of this event, the nth
	// with its key.
	answer atomic.Pointer[func(name string, nth int) said]

	mu      sync.Mutex
	tries   map[string]int    // by key
	called  map[string]int    // by event
	keys    map[string]string // by delivery: the key that took effect
	effects map[string]int    // by event
	changes int               // that have taken effect
	order   map[string][]int  // by account: the numbers of those, in their order
}

func newSink(t testing.TB) *sink {
	s := &sink{
		t: t, first: make(chan struct{}),
		tries: map[string]int{}, called: map[string]int{}, keys: map[string]string{}, effects: map[string]int{}, order: map[string][]int{},
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// answers has calls answered from now on as f says, or well if f is nil.
func (s *sink) answers(f func(name string, nth int) said) { s.answer.Store(&f) }

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	s.once.Do(func() { close(s.first) })
	var post struct {
		Delivery string `json:"delivery"`
		Data     string `json:"data"`
	}
	if err := json.NewDecoder(r.Body).Decode(&post); err != nil {
		return // whoever posted is dead
	}
	key := r.Header.Get("webhook-id")
	s.mu.Lock()
	s.tries[key]++
	s.called[post.Data]++
	nth := s.tries[key]
	s.mu.Unlock()
	var a said
	if f := s.answer.Load(); f != nil && *f != nil {
		a = (*f)(post.Data, nth)
	}
	if a.until != nil {
		select {
		case <-a.until:
		case <-r.Context().Done():
		}
	}
	if a.status == 0 {
		s.effect(post.Delivery, key, post.Data)
	}
	if a.hangs { // it is done, and nobody knows
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	if a.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(a.retryAfter))
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
}

// forget makes it a sink that has seen nothing.
func (s *sink) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first, s.once = make(chan struct{}), sync.Once{}
	s.changes = 0
	clear(s.tries)
	clear(s.called)
	clear(s.keys)
	clear(s.effects)
	clear(s.order)
}

// effect performs what a call asks for, or finds it performed.
func (s *sink) effect(delivery, key, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, again := s.keys[delivery]; again {
		if before != key {
			s.t.Errorf("the delivery %s takes effect under %s and under %s", delivery, before, key)
		}
		return
	}
	s.keys[delivery] = key
	s.effects[name]++
	if k, err := readTicket(name); err == nil && k.kind == "change" {
		s.changes++
		s.order[k.account] = append(s.order[k.account], k.n)
	}
}

// count is how many changes have taken effect.
func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// deliveries are those that have taken effect.
func (s *sink) deliveries() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.keys))
}

// triesOf is how often an event's calls have come, of, how many took effect.
func (s *sink) triesOf(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.called[name]
}

func (s *sink) of(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.effects[name]
}

// expectInOrder wants the changes of each account to have taken effect in the
// order of their places in the lane, which they took when they were known.
func (s *sink) expectInOrder(t testing.TB, records []router.Record) {
	t.Helper()
	slices.SortFunc(records, func(a, b router.Record) int { return cmp.Compare(a.Event.Seq, b.Event.Seq) })
	s.mu.Lock()
	defer s.mu.Unlock()
	want := map[string][]int{}
	for i := range records {
		k, err := readTicket(records[i].Event.Notice.Token)
		if err == nil && k.kind == "change" && s.effects[k.String()] > 0 && !abandoned(records[i]) {
			want[k.account] = append(want[k.account], k.n)
		}
	}
	for account, numbers := range s.order {
		if !slices.Equal(numbers, want[account]) {
			t.Errorf("the events of account %s took effect in the order %v, and have their places in the order %v", account, numbers, want[account])
		}
	}
}

// await waits for so many changes to have taken effect.
func (s *sink) await(t testing.TB, effects int, atMost time.Duration) {
	t.Helper()
	until(t, atMost, func() error {
		if n := s.count(); n < effects {
			return fmt.Errorf("%d changes have taken effect, want %d", n, effects)
		}
		return nil
	})
}
