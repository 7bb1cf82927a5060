package router_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

// world is all that is around the router: marketplaces, plugins, operators and
// a journal. It keeps its own books of what has come of every call, by which a
// second effect, a second answer or a broken promise is found.
type world struct {
	t     *testing.T
	seed  uint64
	dir   string // of the journal; "" is in memory
	inner router.Journal
	model *model
	began time.Time

	// Of the one goroutine that moves the world.
	dice    *rand.Rand
	table   *router.Table
	router  *router.Router
	notices []notice
	healthy time.Time // since when nothing keeps work from being done

	mu        sync.Mutex
	chaos     *rand.Rand // of whoever comes
	life      int        // grows when a process ends
	stopping  bool
	full      bool            // the journal fails
	calm      bool            // no note is dropped any more
	down      map[string]bool // plugins
	missing   map[string]bool // actions, and "plans"
	keys      map[string]*remembered
	effects   map[string]int            // by delivery
	again     map[string]int            // by event: how often an operator asked for a second effect
	operated  map[string]bool           // by event: whether an operator has asked for anything
	tries     map[string]int            // of calls, fetches and callbacks
	busy      map[string]map[string]int // ordered calls under way, by lane and event
	content   map[string]string         // the one answer, by event
	promised  map[string]string         // by event: what a caller was told
	confirmed map[string]int            // callbacks, by event: in which life
	problems  []string
	trace     []func() string
	waiting   sync.WaitGroup // callers and operators
}

// remembered is what a plugin's counterpart remembers of an idempotency key.
type remembered struct {
	input  string
	result *router.Outcome
	since  time.Time // of the result
	ended  int       // in which life its caller was told that it leads nowhere
}

func newWorld(t *testing.T, seed uint64, dir string) *world {
	w := &world{
		t: t, seed: seed, dir: dir, dice: rand.New(rand.NewPCG(seed, 3)), chaos: rand.New(rand.NewPCG(seed, 4)), began: time.Now(),
		down: map[string]bool{}, missing: map[string]bool{}, keys: map[string]*remembered{}, effects: map[string]int{}, again: map[string]int{},
		tries: map[string]int{}, busy: map[string]map[string]int{}, content: map[string]string{}, promised: map[string]string{},
		confirmed: map[string]int{}, operated: map[string]bool{},
	}
	w.model = &model{w: w, events: map[string]*expected{}}
	w.life = 1
	return w
}

// chance is true once in n: always the same for the same thing.
func (w *world) chance(n int, thing ...any) bool { return w.fate(n, thing...) == 0 }

// fate gives a number below n: always the same for the same thing, whoever
// comes first.
func (w *world) fate(n int, thing ...any) int {
	h := fnv.New64a()
	fmt.Fprint(h, w.seed, thing)
	return rand.New(rand.NewPCG(h.Sum64(), 5)).IntN(n)
}

func (w *world) roll(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.chaos.IntN(n)
}

// nth counts how often something was tried.
func (w *world) nth(thing string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries[thing]++
	return w.tries[thing]
}

func (w *world) killed(life int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return life != w.life
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noteLocked(format, args...)
}

func (w *world) noteLocked(format string, args ...any) {
	at := time.Since(w.began).Round(time.Millisecond)
	w.trace = append(w.trace, func() string { return fmt.Sprintf("%12s  ", at) + fmt.Sprintf(format, args...) })
}

func (w *world) problem(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problemLocked(format, args...)
}

func (w *world) problemLocked(format string, args ...any) {
	w.noteLocked("PROBLEM: "+format, args...)
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// plugins are all plugins as one process calls them.
type plugins struct {
	*world
	life int
}

// billingKeys is how long billing remembers a key; the others remember keys for ever.
const billingKeys = 10 * time.Minute

func lifetime(plugin string) time.Duration {
	if plugin == "billing" {
		return billingKeys
	}
	return 0
}

func (p *plugins) Lookup(ref router.ActionRef) (router.Action, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return router.Action{Name: ref.Action, KeyLifetime: lifetime(ref.Plugin)}, !p.missing[ref.String()]
}

var gone = router.Outcome{Kind: router.Unknown, Lost: true, Detail: "the connection was lost"}

// Call makes one call: its effect comes at its beginning, at its end or never,
// and its answer may be lost.
func (p *plugins) Call(ctx context.Context, c router.Call) router.Outcome {
	var e router.Envelope
	if err := json.Unmarshal(c.Event, &e); err != nil {
		p.problem("%s: %v", c.Key, err)
	}
	who := payloadKey(e.Payload) + e.Type + strings.TrimPrefix(c.Delivery, e.ID)
	n := p.nth("call " + who)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.life != p.world.life:
		return gone
	case p.down[c.To.Plugin]:
		return router.Outcome{Kind: router.Retry, NotSent: true, Detail: "the plugin is down"}
	}
	if synchronous(e.Type) && c.Deadline.Sub(e.Received) > replyWithin && !p.operated[e.ID] {
		p.problemLocked("%s is called for longer than anybody waits", c.Key)
	}
	k := p.keys[c.Key]
	if k == nil {
		k = &remembered{input: string(c.Input)}
		p.keys[c.Key] = k
	} else if k.ended == p.life {
		p.problemLocked("%s is sent again although it was %+v", c.Key, *k.result)
	} else if k.input != string(c.Input) {
		p.problemLocked("%s was sent with %s, and now with %s", c.Key, k.input, c.Input)
	}
	fate := p.fate(20, "call", who, n)
	p.noteLocked("%s is called, attempt %d (%s, fate %d)", c.Key, c.Attempt, who, fate)
	if fate < 10 || fate == 13 || fate == 15 {
		p.happens(k, c, e.ID, router.Outcome{Kind: router.Succeeded, Output: []byte(fmt.Sprintf(`{"id":%q}`, who))})
	}
	takes := []time.Duration{0, 0, 0, 10 * time.Millisecond, time.Second, 3 * time.Second, 6 * time.Second, 40 * time.Second}[p.fate(8, "takes", who, n)]
	if ended := p.takes(ctx, c, e, takes); !ended || p.life != p.world.life {
		return gone
	}
	switch fate {
	case 10:
		p.happens(k, c, e.ID, router.Outcome{Kind: router.Succeeded, Output: []byte(fmt.Sprintf(`{"id":%q}`, who))})
	case 11:
		p.happens(k, c, e.ID, router.Outcome{Kind: router.Rejected, Code: "declined by " + c.To.Plugin, Public: "Declined."})
	case 12:
		p.happens(k, c, e.ID, router.Outcome{Kind: router.Retry, FreshKey: true, Detail: "500, kept under the key"})
	case 13, 14:
		return gone
	}
	if k.result != nil && !p.forgot(k, c) {
		if k.result.Kind != router.Succeeded {
			k.ended = p.life
		}
		return *k.result
	}
	return []router.Outcome{
		again, {Kind: router.Retry, After: time.Minute, Detail: "429"}, {Kind: router.Retry, After: 3 * time.Hour, Detail: "429"},
		{Kind: router.Retry, NeedsOperator: true, Detail: "401"}, {Kind: router.Unknown, Detail: "the provider timed out"},
	}[p.fate(5, "not done", who, n)]
}

// happens is the counterpart's first result of a key, which it keeps.
func (p *plugins) happens(k *remembered, c router.Call, event string, o router.Outcome) {
	if k.result != nil && !p.forgot(k, c) {
		return
	}
	k.result, k.since = &o, time.Now()
	if o.Kind != router.Succeeded {
		return
	}
	if p.effects[c.Delivery]++; p.effects[c.Delivery] > 1+p.again[event] {
		p.problemLocked("%s: effect number %d", c.Key, p.effects[c.Delivery])
	}
}

func (p *plugins) forgot(k *remembered, c router.Call) bool {
	life := lifetime(c.To.Plugin)
	return life > 0 && time.Since(k.since) > life+time.Minute // a call that began in time may end later
}

// takes lets a call's time pass, and sees to it that a lane's ordered calls are
// of one event at a time.
func (p *plugins) takes(ctx context.Context, c router.Call, e router.Envelope, takes time.Duration) (ended bool) {
	if !strings.Contains(c.Delivery, "/free-") {
		lane := p.busy[e.Lane]
		for other := range lane {
			if other != e.ID {
				p.problemLocked("%s is called while lane %s is busy with %s", c.Key, e.Lane, other)
			}
		}
		if lane == nil {
			lane = map[string]int{}
			p.busy[e.Lane] = lane
		}
		lane[e.ID]++
		defer func() {
			if lane[e.ID]--; lane[e.ID] == 0 {
				delete(lane, e.ID)
			}
		}()
	}
	p.mu.Unlock()
	defer p.mu.Lock()
	timer := time.NewTimer(takes)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
