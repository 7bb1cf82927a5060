package daemon

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/routertest"
)

// TestFormerPlans: somebody may be about to write an event under a plan that has
// just been replaced.
func TestFormerPlans(t *testing.T) {
	began := time.Now()
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * planGrace / 60) }
	now := &loaded{config: &config.Config{Plan: &router.Plan{Digest: "a"}}}
	next := func(digest string, seconds int) {
		l := &loaded{config: &config.Config{Plan: &router.Plan{Digest: digest}}}
		l.replaces(now, at(seconds))
		now = l
	}
	expect := func(seconds int, want ...string) {
		t.Helper()
		if got := now.plans(at(seconds)); !slices.Equal(got, want) {
			t.Errorf("after %d/60 of the time the journal keeps %v, want %v", seconds, got, want)
		}
	}
	expect(0, "a")
	next("b", 100)
	expect(100, "b", "a")
	next("c", 130)
	expect(159, "c", "a", "b")
	expect(160, "c", "b")
	expect(190, "c")
	next("d", 165)
	expect(165, "d", "b", "c")
	if len(now.former) != 2 {
		t.Errorf("it remembers %+v", now.former)
	}
}

// TestPruneKeepsFormerPlans: of a plan that was replaced a moment ago events may
// still come.
func TestPruneKeepsFormerPlans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := routertest.NewJournal()
		loads := map[string]*loaded{}
		for _, digest := range []string{"a", "b", "never in force"} {
			loads[digest] = &loaded{config: &config.Config{Plan: &router.Plan{Digest: digest}, Retention: time.Hour, RetentionPayload: time.Hour}}
			if err := j.Apply(t.Context(), router.Change{PlanDigest: digest, Plan: []byte(digest)}); err != nil {
				t.Fatal(err)
			}
		}
		loads["b"].replaces(loads["a"], time.Now())
		p := &pruner{journal: j, log: zerolog.Nop(), inForce: func() (*loaded, func()) { return loads["b"], func() {} }}
		for _, want := range []map[string]bool{{"a": true, "b": true, "never in force": false}, {"a": false, "b": true, "never in force": false}} {
			if _, err := p.step(t.Context()); err != nil {
				t.Fatal(err)
			}
			for digest, kept := range want {
				if _, err := j.Plan(t.Context(), digest); kept != (err == nil) {
					t.Errorf("the plan %q: %v", digest, err)
				}
			}
			time.Sleep(planGrace)
		}
	})
}

// TestPlanCacheIsBounded: a daemon that is reloaded for ever does not grow.
func TestPlanCacheIsBounded(t *testing.T) {
	var c planCache
	for n := range 10 * maxPlans {
		digest := fmt.Sprint(n)
		c.keep(&router.Plan{Digest: digest})
		if c.byDigest[digest] == nil || len(c.byDigest) > maxPlans {
			t.Fatalf("after %d plans it keeps %d, the last among them: %v", n+1, len(c.byDigest), c.byDigest[digest] != nil)
		}
	}
}
