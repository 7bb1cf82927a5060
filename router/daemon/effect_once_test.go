package daemon_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon/operator"
)

// biller is an action that bills, and the call of it that goes wrong.
type biller struct {
	name, edition, path string
	// looks: it looks for what an earlier attempt has made before it makes
	// anything, so that not every repeat is seen as a post.
	looks bool
}

// billers are all that an effect is made sure of with.
var billers = []biller{
	{"billing, the customer", "BILLING", postCustomer, true},
	{"billing, the subscription", "BILLING", postSubscription, true},
	{"a plugin that trusts in the key", "CHARGES", postCustomer, false},
}

// expectEffect wants a delivery to have had its effect once, under the last of
// so many generations of its key, and each key to have meant one thing.
func (r *effectRig) expectEffect(t *testing.T, b biller, rec router.Record, generations int) {
	t.Helper()
	d := rec.State.Deliveries[0]
	id := rec.Event.ID + "/" + d.Name
	want := map[string]int{postCustomer: 1, postSubscription: 1}
	if !b.looks {
		want[postSubscription] = 0
	}
	got, made := map[string]int{}, r.counterpart.effects()
	for path := range want {
		got[path] = made[path][id]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the effects of the delivery (-want +got):\n%s", diff)
	}
	if d.Generation+1 != generations {
		t.Errorf("the delivery ends in generation %d of its key, want %d", d.Generation, generations-1)
	}
	posts := r.counterpart.postsOf(b.path, id)
	if !b.looks {
		expectSameMeaning(t, posts)
		if got := keys(posts); len(got) != generations {
			t.Errorf("the keys are %q, want %d", got, generations)
		}
	}
}

// replay has the operator's client replay an event, and returns the warnings.
func (r *effectRig) replay(t *testing.T, rec router.Record, how operator.Replay) []string {
	t.Helper()
	replayed, err := operator.Dial(r.Socket()).Replay(t.Context(), rec.Event.ID, how)
	if err != nil {
		t.Fatal(err)
	}
	return replayed.Warnings
}

// killPlugin kills the process of a biller's plugin.
func (r *effectRig) killPlugin(t *testing.T, b biller) {
	t.Helper()
	for _, p := range r.Plugins() {
		if p.Pid > 0 && p.Name == strings.ToLower(b.edition) {
			if err := syscall.Kill(p.Pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("there is no process of %s: %+v", b.edition, r.Plugins())
}

// TestOneEffect has calls go wrong in every way that there is, under a daemon
// that lives: each delivery has its effect once.
func TestOneEffect(t *testing.T) {
	scenarios := []struct {
		name        string
		faults      []fault // of the biller's first posts
		run         func(*testing.T, *effectRig, biller, <-chan struct{})
		generations int
	}{
		{name: "nothing goes wrong", generations: 1},
		{name: "the answer is lost", faults: []fault{lostAfter}, generations: 1},
		{name: "the connection is lost before it is done", faults: []fault{lostBefore, lostBefore}, generations: 1},
		{name: "it is done, and the call times out", faults: []fault{stallAfter}, generations: 1},
		{name: "the rate is limited", faults: []fault{rateLimit, rateLimit}, generations: 1},
		{name: "an error stays with the key", faults: []fault{failed}, generations: 2},
		{name: "errors stay with both first keys", faults: []fault{failed, failed}, generations: 3},
		{name: "an error stays with the key, unheard", faults: []fault{failedUnheard}, generations: 2},
		{name: "the plugin is killed in the middle of the call", faults: []fault{stallAfter}, generations: 1,
			run: func(t *testing.T, r *effectRig, b biller, struck <-chan struct{}) {
				await(t, struck, "the call stalls")
				r.killPlugin(t, b)
			}},
		{name: "a reload while it is parked", faults: []fault{rateLimit}, generations: 1, run: reloadBetween},
		{name: "a reload while its result is unknown", faults: []fault{lostAfter}, generations: 1, run: reloadBetween},
	}
	for _, b := range billers {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			r := newEffectRig(t)
			r.start(t)
			for n, s := range scenarios {
				t.Run(s.name, func(t *testing.T) {
					token := fmt.Sprintf("order-%d", n)
					struck := r.counterpart.plan(b.path, s.faults...)
					r.order(t, b.edition, token)
					if s.run != nil {
						s.run(t, r, b, struck)
					}
					r.expectEffect(t, b, r.becomes(t, token, router.DoneSucceeded), s.generations)
					r.counterpart.expectRefused(t)
				})
			}
		})
	}
}

// reloadBetween puts another configuration in force between the first attempt
// and the next that gets through: other names in the input, and a plugin with
// other prices.
func reloadBetween(t *testing.T, r *effectRig, _ biller, struck <-chan struct{}) {
	await(t, struck, "the first attempt fails")
	r.counterpart.limit(true)
	defer r.counterpart.limit(false)
	r.prices++
	r.reload(t)
}

// TestOneEffectOfOtherPrices: the prices are the plugin's configuration, and not
// of the frozen input. An error that stays with a key, unheard, makes the
// counterpart refuse the key with other prices; the next key goes through.
func TestOneEffectOfOtherPrices(t *testing.T) {
	r := newEffectRig(t)
	r.start(t)
	b := billers[1]
	struck := r.counterpart.plan(b.path, failedUnheard)
	r.order(t, b.edition, "order-1")
	reloadBetween(t, r, b, struck)
	rec := r.becomes(t, "order-1", router.DoneSucceeded)
	r.expectEffect(t, b, rec, 2)
	r.counterpart.expectRefused(t, keys(r.counterpart.postsOf(b.path, rec.Event.ID+"/"+rec.State.Deliveries[0].Name))[0])
}

// TestOneEffectOfReplays has an operator replay what has failed, under another
// configuration than it failed under.
func TestOneEffectOfReplays(t *testing.T) {
	scenarios := []struct {
		name        string
		fault       fault
		kill        bool // the plugin, in the middle of the call
		ends        router.Status
		again       []fault // of the first replays
		generations int
	}{
		{name: "a rejection", fault: declined, ends: router.DoneRejected, generations: 2},
		{name: "an unknown result", fault: stallAfter, kill: true, ends: router.DoneExhausted, generations: 1},
		{name: "an answer that was lost", fault: lostAfter, ends: router.DoneExhausted, generations: 1},
		{name: "a call that is lost again and again", fault: lostBefore, ends: router.DoneExhausted,
			again: []fault{lostBefore, lostAfter}, generations: 1},
		{name: "an error that stays with the key", fault: failed, ends: router.DoneExhausted, generations: 2},
	}
	for _, b := range billers {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			r := newEffectRig(t)
			r.start(t)
			for n, s := range scenarios {
				t.Run(s.name, func(t *testing.T) {
					token := fmt.Sprintf("order-%d", n)
					struck := r.counterpart.plan(b.path, s.fault)
					r.order(t, b.edition+"_ONCE", token)
					await(t, struck, "the call goes wrong")
					if s.kill {
						r.killPlugin(t, b)
					}
					rec := r.becomes(t, token, s.ends)
					r.reload(t)
					for _, f := range s.again {
						r.counterpart.plan(b.path, f)
						r.replay(t, rec, operator.Replay{})
						rec = r.becomes(t, token, s.ends)
					}
					r.replay(t, rec, operator.Replay{})
					r.expectEffect(t, b, r.becomes(t, token, router.DoneSucceeded), s.generations)
					r.counterpart.expectRefused(t)
				})
			}
		})
	}
}

// TestFreshKeyIsTheOperatorsWord: a fresh key for what may have run is given
// only where an operator asks for it, who is told what it can do.
func TestFreshKeyIsTheOperatorsWord(t *testing.T) {
	r := newEffectRig(t)
	r.start(t)
	for n, b := range billers {
		t.Run(b.name, func(t *testing.T) {
			token := fmt.Sprintf("order-%d", n)
			struck := r.counterpart.plan(b.path, stallAfter)
			r.order(t, b.edition+"_ONCE", token)
			await(t, struck, "the call stalls")
			r.killPlugin(t, b)
			rec := r.becomes(t, token, router.DoneExhausted)
			want := []string{rec.State.Deliveries[0].Name + " may have run: with a fresh key it can take effect twice"}
			if diff := cmp.Diff(want, r.replay(t, rec, operator.Replay{FreshKey: true})); diff != "" {
				t.Errorf("the operator is told (-want +got):\n%s", diff)
			}
			rec = r.becomes(t, token, router.DoneSucceeded)
			if b.looks {
				r.expectEffect(t, b, rec, 2)
				return
			}
			id := rec.Event.ID + "/" + rec.State.Deliveries[0].Name
			if made := r.counterpart.effects()[b.path][id]; made != 2 {
				t.Errorf("two keys had %d effects", made)
			}
		})
	}
}

// TestForgottenKeyIsNotSentAgain: what is unknown for longer than the
// counterpart remembers keys is called no more, neither by itself nor by a
// replay nor after a restart.
func TestForgottenKeyIsNotSentAgain(t *testing.T) {
	r := newEffectRig(t)
	r.start(t)
	const token = "order-forgotten"
	r.counterpart.plan(postCustomer, stallAfter)
	r.order(t, "CHARGES_FORGOTTEN", token)
	rec := r.becomes(t, token, router.DoneExhausted)
	r.counterpart.age(25 * time.Hour)
	expectHeld := func(rec router.Record) {
		t.Helper()
		d := rec.State.Deliveries[0]
		if rec.State.Phase != router.Held || !d.MayHaveRun || !strings.HasPrefix(d.Detail, "may have run") {
			t.Errorf("the event is %s (%s), its delivery %+v", rec.State.Phase, rec.State.Why, d)
		}
		id := rec.Event.ID + "/" + d.Name
		if n, made := len(r.counterpart.postsOf(postCustomer, id)), r.counterpart.effects()[postCustomer][id]; n != 1 || made != 1 {
			t.Errorf("it was called %d times, and had %d effects", n, made)
		}
	}
	expectHeld(rec)
	r.replay(t, rec, operator.Replay{})
	expectHeld(r.becomes(t, token, router.DoneExhausted))
	r.restart(t)
	expectHeld(r.becomes(t, token, router.DoneExhausted))
	r.replay(t, rec, operator.Replay{})
	expectHeld(r.becomes(t, token, router.DoneExhausted))
}
