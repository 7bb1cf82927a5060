package router_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// What the counterpart keeps to: Stripe forgets a key after a day, and its
// plugin declares an hour less.
const (
	keysForgotten = 24 * time.Hour
	keyLifetime   = 23 * time.Hour
)

// keyed is a counterpart that does as Stripe does, behind calls that fail at
// random: it keeps the first result of a key, errors included, forgets it after
// its lifetime, and refuses a key that comes with another input.
type keyed struct {
	mu      sync.Mutex
	dice    *rand.Rand
	calm    bool // nothing fails any more
	down    bool // no call leaves
	firsts  map[string]first
	effects map[string]int // by delivery
	refused []string
}

// first is the first result of a key. Until its time it is being worked on.
type first struct {
	at      time.Time
	input   string
	outcome router.Outcome
}

func (k *keyed) call(ctx context.Context, c router.Call) router.Outcome {
	outcome, heard := k.take(c)
	if !heard {
		<-ctx.Done()
		return router.Outcome{Kind: router.Unknown, Lost: true, Detail: "no answer"}
	}
	return outcome
}

// take performs the effect of a call, or finds it performed. What is not heard
// was done, or not, in silence.
func (k *keyed) take(c router.Call) (outcome router.Outcome, heard bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	roll := func(n int) bool { return !k.calm && k.dice.IntN(n) == 0 }
	now := time.Now()
	f, known := k.firsts[c.Key]
	switch {
	case k.down:
		return router.Outcome{Kind: router.Retry, NotSent: true, Detail: "it restarts"}, true
	case roll(8):
		return lost, true
	case known && now.Before(f.at), roll(8):
		return again, true // it is being worked on; the rate is limited
	case known && now.Sub(f.at) < keysForgotten:
		if f.input != string(c.Input) {
			k.refused = append(k.refused, fmt.Sprintf("%s: first %s, then %s", c.Key, f.input, c.Input))
		}
		return f.outcome, !roll(8)
	}
	f = first{at: now, input: string(c.Input), outcome: ok}
	switch {
	case roll(5):
		f.outcome = freshKey
	case roll(10):
		f.outcome = no
	default:
		k.effects[c.Delivery]++
	}
	slow := roll(5)
	if slow {
		f.at = now.Add(time.Duration(k.dice.IntN(120)) * time.Second)
	}
	k.firsts[c.Key] = f
	return f.outcome, !slow && !roll(4)
}

func (k *keyed) set(f func(*keyed)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f(k)
}

// revision is a plan whose inputs tell which one it is.
func revision(n int) *router.Plan {
	bill, books := routertest.Deliver("bill", "billing", "create"), routertest.Deliver("books", "books", "post", "bill")
	bill.Input = func(router.Scope) (json.RawMessage, error) { return fmt.Appendf(nil, `{"price":%d}`, n), nil }
	books.Input = func(s router.Scope) (json.RawMessage, error) {
		return fmt.Appendf(nil, `{"price":%d,"bill":%s}`, n, s.(*routertest.Scope).Outputs["order/bill"]), nil
	}
	extra := routertest.Deliver("extra", "billing", "create")
	extra.Input, extra.Optional, extra.Ordered = bill.Input, true, false
	bill.Policy.Attempts, books.Policy.Within = 4, 30*time.Hour
	return routertest.NewPlan(fmt.Sprint("plan-", n), order(bill, books, extra))
}

// lives are a router's many, one after the other, with one journal.
type lives struct {
	mu sync.Mutex // of plans
	*rig
	keyed *keyed
	plans []*router.Plan
}

func newLives(t *testing.T, seed uint64) *lives {
	k := &keyed{dice: rand.New(rand.NewPCG(seed, 1)), firsts: map[string]first{}, effects: map[string]int{}}
	l := &lives{rig: newRig(t), keyed: k}
	l.stop(0)
	l.caller.Lifetime = keyLifetime
	l.action("billing.create", k.call)
	l.action("books.post", k.call)
	l.revise()
	l.begin()
	return l
}

// revise makes another plan, to be put in force.
func (l *lives) revise() {
	l.mu.Lock()
	p := revision(len(l.plans))
	l.plans = append(l.plans, p)
	l.mu.Unlock()
	table := *l.table
	table.Plan = p
	l.table = &table
}

func (l *lives) begin() {
	l.t.Helper()
	l.router = router.New(router.Options{Journal: l.journal, Caller: l.caller, Log: zerolog.Nop(), PlanOf: func(digest string) (*router.Plan, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, p := range l.plans {
			if p.Digest == digest {
				return p, nil
			}
		}
		return nil, fmt.Errorf("there is no plan %s", digest)
	}})
	l.router.Swap(l.table)
	if err := l.router.Start(context.Background()); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lives) orders() []router.Record {
	l.t.Helper()
	records, err := l.journal.Find(context.Background(), router.Query{Type: "ORDER", Limit: 1000})
	if err != nil {
		l.t.Fatal(err)
	}
	return records
}

// step does one thing that happens to a daemon.
func (l *lives) step(dice *rand.Rand, n int) {
	l.t.Helper()
	switch dice.IntN(10) {
	case 0, 1, 2:
		l.send("ORDER", fmt.Sprint("lane-", dice.IntN(3)), fmt.Sprint("key-", n))
	case 3:
		l.crash()
		time.Sleep(pause(dice))
		l.begin()
	case 4:
		l.stop(time.Duration(dice.IntN(2)) * time.Minute)
		time.Sleep(pause(dice))
		l.begin()
	case 5:
		l.revise()
		l.router.Swap(l.table)
	case 6:
		l.keyed.set(func(k *keyed) { k.down = !k.down })
		l.router.PluginBack("billing")
		l.router.PluginBack("books")
	case 7:
		for _, rec := range l.orders() {
			if dice.IntN(3) == 0 && (rec.State.Phase == router.Held || rec.State.Phase == router.Settled) {
				_ = l.router.Replay(context.Background(), rec.Event.ID, nil, false) // it may have gone on meanwhile
			}
		}
	}
	time.Sleep(pause(dice))
}

// pause is mostly short, and sometimes so long that keys are forgotten.
func pause(dice *rand.Rand) time.Duration {
	if dice.IntN(15) == 0 {
		return 26 * time.Hour
	}
	return []time.Duration{time.Millisecond, time.Second, time.Minute, time.Hour}[dice.IntN(4)]
}

// end has everything come to its end, at a counterpart that fails no more.
func (l *lives) end() {
	l.t.Helper()
	l.keyed.set(func(k *keyed) { k.calm, k.down = true, false })
	l.router.PluginBack("billing")
	l.router.PluginBack("books")
	for range 3 {
		for _, rec := range l.orders() {
			_ = l.router.Replay(context.Background(), rec.Event.ID, nil, false) // what has not failed is refused
		}
		time.Sleep(50 * time.Hour)
	}
}

// TestRandomLivesOneEffect: whatever happens, a delivery that succeeded has had
// its effect once, and no other more than once. Of the lives that
// SIGNALBOX_LIVES asks for it leads a few: they are long.
func TestRandomLivesOneEffect(t *testing.T) {
	const steps, share, defaultSeeds = 50, 500, 10
	seeds := defaultSeeds
	if n, err := strconv.Atoi(os.Getenv("SIGNALBOX_LIVES")); err == nil {
		seeds = max(1, n/share)
	}
	outcomes := map[string]int{}
	for seed := range seeds {
		inBubble(t, func(t *testing.T) {
			l, dice := newLives(t, uint64(seed)), rand.New(rand.NewPCG(uint64(seed), 2))
			for step := range steps {
				l.step(dice, step)
			}
			l.end()
			for _, rec := range l.orders() {
				for _, d := range rec.State.Deliveries {
					made := l.keyed.effects[rec.Event.ID+"/"+d.Name]
					if d.Status == router.DoneSucceeded && made != 1 || made > 1 || d.Status == router.DoneRejected && made > 0 {
						t.Errorf("seed %d: %s of the event %s, which is %s, has had %d effects: %+v", seed, d.Name, rec.State.Phase, d.Status, made, d)
					}
					what := string(d.Status)
					if d.MayHaveRun {
						what += ", may have run"
					}
					outcomes[what]++
				}
			}
			for _, r := range l.keyed.refused {
				t.Errorf("seed %d: a key came with another input: %s", seed, r)
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("deliveries ended as %v", outcomes)
}
