package daemon

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/routertest"
)

// TestOwedWaits: work that has just begun may end before a plugin is taken away,
// and what begins meanwhile is served by it yet. What is older is not waited for.
func TestOwedWaits(t *testing.T) {
	const long = time.Hour
	post := router.ActionRef{Plugin: "hook", Action: "post"}
	for _, c := range []struct {
		name          string
		begins, takes time.Duration // from when the reload asks
		owes          bool
		within        time.Duration
	}{
		{"it ends", -100 * time.Millisecond, 400 * time.Millisecond, false, 600 * time.Millisecond},
		{"it does not end", -100 * time.Millisecond, long, true, owedPatience + 2*owedEvery},
		{"it began long ago", -time.Minute, long, true, 0},
		{"it begins meanwhile", 50 * time.Millisecond, long, false, 0},
		{"it begins while another is waited for", 250 * time.Millisecond, long, false, 600 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan := &config.Config{Plan: routertest.NewPlan("p")}
				j := routertest.NewJournal()
				d := &Daemon{journal: j}
				d.current.Store(&loaded{config: plan, table: &router.Table{}, actions: map[router.ActionRef]bool{post: true}})
				next := &loaded{config: plan, table: &router.Table{}}
				asked := time.Now()
				begin := func(id string, at, takes time.Duration) {
					time.Sleep(time.Until(asked.Add(at)))
					e := &router.Event{ID: id, Source: router.SourceSelf, Received: asked.Add(at)}
					s := &router.State{Phase: router.Open, Told: router.ToldAccepted, Deliveries: []router.Delivery{{Name: "r/d", To: post, Status: router.Running}}}
					if _, err := j.Accept(t.Context(), e, s); err != nil {
						t.Error(err)
					}
					time.Sleep(takes)
					s.Phase, s.Deliveries[0].Status = router.Settled, router.DoneSucceeded
					if err := j.Apply(t.Context(), router.Change{Event: id, Version: 1, State: s, Deliveries: []int{0}}); err != nil {
						t.Error(err)
					}
				}
				go begin("a", c.begins, c.takes)
				if strings.Contains(c.name, "another") {
					go begin("b", -100*time.Millisecond, 400*time.Millisecond)
				}
				synctest.Wait()
				lacks, err := d.owed(t.Context(), next)
				if took := time.Since(asked); err != nil || (lacks != "") != c.owes || took > c.within {
					t.Errorf("after %s it lacks %q, %v", took, lacks, err)
				}
				if c.owes && lacks != "plugin hook (1 unfinished event)" {
					t.Errorf("it lacks %q", lacks)
				}
				time.Sleep(2 * long) // all that has begun ends
			})
		})
	}
}

// TestOwedGivesUp: nobody waits for a reload any more.
func TestOwedGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		post := router.ActionRef{Plugin: "hook", Action: "post"}
		c := &config.Config{Plan: routertest.NewPlan("p")}
		j := routertest.NewJournal()
		d := &Daemon{journal: j}
		d.current.Store(&loaded{config: c, table: &router.Table{}, actions: map[router.ActionRef]bool{post: true}})
		_, err := j.Accept(t.Context(), &router.Event{ID: "a", Source: router.SourceSelf, Received: time.Now().Add(-time.Millisecond)},
			&router.State{Phase: router.Open, Deliveries: []router.Delivery{{Name: "r/d", To: post, Status: router.Running}}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), owedPatience/2)
		defer cancel()
		if lacks, err := d.owed(ctx, &loaded{config: c, table: &router.Table{}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it lacks %q, %v", lacks, err)
		}
	})
}
