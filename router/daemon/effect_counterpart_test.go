package daemon_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router/internal/simulate"
)

// fault is what goes wrong with one call.
type fault int

const (
	none          fault = iota
	lostBefore          // the connection ends, and nothing was done
	lostAfter           // it is done, and the connection ends
	stallAfter          // it is done, and no answer comes
	rateLimit           // 429: nothing was begun, and the key is not used
	failed              // 500, which the key remembers
	failedUnheard       // 500, which the key remembers, and the connection ends
	stallFailed         // 500, which the key remembers, and no answer comes
	stallLimited        // 429, and no answer comes
	declined            // 402, which the key remembers
)

// status of the answer that the stand-in is to give, or 0 for its own.
func (f fault) status() int {
	switch f {
	case rateLimit, stallLimited:
		return http.StatusTooManyRequests
	case failed, failedUnheard, stallFailed:
		return http.StatusInternalServerError
	case declined:
		return http.StatusPaymentRequired
	}
	return 0
}

// What the calls that have an effect are.
const (
	postCustomer     = "/v1/customers"
	postSubscription = "/v1/subscriptions"
)

// counterpart is the stand-in of Stripe behind a connection that fails on cue.
type counterpart struct {
	*httptest.Server
	stripe *simulate.Stripe

	mu      sync.Mutex
	ahead   time.Duration            // of its clock
	planned map[string][]plannedCall // by path, of POSTs
	chance  func(path string) fault  // of what is not planned; nil is none
	limited bool                     // every call is told to come later
	posts   []post
	refused []string // keys that came with other parameters
}

type plannedCall struct {
	fault  fault
	struck chan struct{} // closed once it has done its harm
}

// post is a call that can have an effect, as it came in.
type post struct {
	path, key string
	form      url.Values
}

func (p post) delivery() string { return p.form.Get("metadata[signalbox_delivery]") }

func newCounterpart(t *testing.T) *counterpart {
	c := &counterpart{planned: map[string][]plannedCall{}}
	c.stripe = simulate.NewStripe(simulate.StandIn{Now: func() time.Time { return time.Now().Add(c.ahead) }})
	c.Server = httptest.NewUnstartedServer(c)
	// A client repeats on its own what was lost on a connection that it used
	// before: each call has one of its own, so that a loss is seen.
	c.Config.SetKeepAlivesEnabled(false)
	c.Start()
	t.Cleanup(c.Close)
	return c
}

func (c *counterpart) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever called is dead
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call, said := c.take(r, string(body))
	if call.struck != nil {
		defer func() {
			select {
			case <-call.struck:
			default:
				close(call.struck)
			}
		}()
	}
	switch call.fault {
	case lostBefore, lostAfter, failedUnheard:
		panic(http.ErrAbortHandler)
	case stallAfter, stallFailed, stallLimited:
		if call.struck != nil {
			close(call.struck)
		}
		<-r.Context().Done()
		return
	}
	for name, values := range said.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(said.Code)
	_, _ = w.Write(said.Body.Bytes()) // whoever called may be dead
}

// take has the stand-in answer, and says what is to become of the answer.
func (c *counterpart) take(r *http.Request, body string) (call plannedCall, said *httptest.ResponseRecorder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	status := 0
	if c.limited {
		status = http.StatusTooManyRequests
	}
	key := r.Header.Get("Idempotency-Key")
	if r.Method == http.MethodPost {
		form, err := url.ParseQuery(body)
		if err != nil {
			panic(err)
		}
		c.posts = append(c.posts, post{path: r.URL.Path, key: key, form: form})
		if !c.limited {
			call = c.next(r.URL.Path)
			status = call.fault.status()
		}
	}
	said = httptest.NewRecorder()
	if call.fault == lostBefore {
		return call, said
	}
	if status != 0 {
		c.stripe.FailNext(1, status)
		defer c.stripe.FailNext(0, 0) // a key's first answer comes before all faults
	}
	c.stripe.ServeHTTP(said, r)
	if strings.Contains(said.Body.String(), "idempotency_error") {
		c.refused = append(c.refused, key)
	}
	return call, said
}

// next is for who holds the lock.
func (c *counterpart) next(path string) plannedCall {
	if list := c.planned[path]; len(list) > 0 {
		c.planned[path] = list[1:]
		return list[0]
	}
	if c.chance != nil {
		return plannedCall{fault: c.chance(path)}
	}
	return plannedCall{}
}

// plan has the next posts to a path fail. The channel is closed when the last
// has.
func (c *counterpart) plan(path string, faults ...fault) (struck <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var last chan struct{}
	for _, f := range faults {
		last = make(chan struct{})
		c.planned[path] = append(c.planned[path], plannedCall{fault: f, struck: last})
	}
	return last
}

// limit has every call be told to come later, or no longer.
func (c *counterpart) limit(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limited = on
}

// age lets time pass at the counterpart.
func (c *counterpart) age(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += by
}

// effects counts what was made, by path and by the delivery that it was made
// for.
func (c *counterpart) effects() map[string]map[string]int {
	made := map[string]map[string]int{postCustomer: {}, postSubscription: {}}
	for _, o := range c.stripe.Customers() {
		made[postCustomer][o.Metadata["signalbox_delivery"]]++
	}
	for _, o := range c.stripe.Subscriptions() {
		made[postSubscription][o.Metadata["signalbox_delivery"]]++
	}
	return made
}

// postsOf are the posts to a path for a delivery, in order.
func (c *counterpart) postsOf(path, delivery string) []post {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.posts), func(p post) bool { return p.path != path || p.delivery() != delivery })
}

// expectRefused wants exactly these keys to have come with other parameters.
func (c *counterpart) expectRefused(t *testing.T, want ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(want, c.refused) {
		t.Errorf("keys came with other parameters than at first: %q, want %q", c.refused, want)
	}
}

// expectSameMeaning wants every post of a key to be the same.
func expectSameMeaning(t *testing.T, posts []post) {
	t.Helper()
	first := map[string]url.Values{}
	for _, p := range posts {
		if before, again := first[p.key]; again {
			if diff := cmp.Diff(before, p.form); diff != "" {
				t.Errorf("the key %s comes again with another post (-first +again):\n%s", p.key, diff)
			}
			continue
		}
		first[p.key] = p.form
	}
}

// keys are the different keys of posts, in the order of their first use.
func keys(posts []post) []string {
	var out []string
	for _, p := range posts {
		if !slices.Contains(out, p.key) {
			out = append(out, p.key)
		}
	}
	return out
}

// await waits for a signal.
func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case <-c:
	case <-ctx.Done():
		t.Fatalf("waiting until %s: %v", what, ctx.Err())
	}
}
