package simulate

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Call is one request that a stand-in has answered.
type Call struct {
	At     time.Time
	Method string
	Path   string // with the query
	// Key is the request's Idempotency-Key, or "".
	Key    string
	Status int
	// Fault: the answer is one of those asked for by FailNext.
	Fault bool
	// Replayed: the answer is the first one of the same key.
	Replayed bool
}

// calls is what a stand-in remembers of the requests it has answered, and the
// faults that it has still to commit. The zero value is ready for use.
type calls struct {
	mu       sync.Mutex
	list     []Call
	count    int // of all calls, faulted and replayed ones included
	faulted  int
	replayed int
	failures int // still to come
	status   int
}

// failNext makes the next n requests fail with that HTTP status.
func (c *calls) failNext(n, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures, c.status = n, status
}

// fault returns the status that this request is to fail with, or 0.
func (c *calls) fault() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures == 0 {
		return 0
	}
	c.failures--
	return c.status
}

func (c *calls) add(call Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	if call.Fault {
		c.faulted++
	}
	if call.Replayed {
		c.replayed++
	}
	c.list = keepLatest(c.list, maxLogged, call)
}

func (c *calls) all() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.list)
}

// summary says "14 calls, 1 failed on cue, 1 replayed".
func (c *calls) summary() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := plural(c.count, "call")
	if c.faulted > 0 {
		s += fmt.Sprintf(", %d failed on cue", c.faulted)
	}
	if c.replayed > 0 {
		s += fmt.Sprintf(", %d replayed", c.replayed)
	}
	return s
}

// keepLatest appends v and forgets the oldest beyond limit.
func keepLatest[T any](list []T, limit int, v T) []T {
	if len(list) == limit {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, v)
}

// plural says "1 call", "2 calls", "2 companies".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// answer is what a stand-in says to one request.
type answer struct {
	status int
	body   []byte
	header http.Header
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a caller who has gone away gets no answer
}
