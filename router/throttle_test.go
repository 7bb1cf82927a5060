package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// alarm is a throttled route of failed deliveries, one mail each.
func alarm(by func(router.Failure) (string, error)) *router.Route {
	return &router.Route{
		Name: "alarm", From: []string{router.SourceSelf}, On: []string{router.TypeDeliveryFailed},
		Deliver: []router.Spec{routertest.Deliver("mail", "email", "send")},
		Throttle: &router.Throttle{Every: 15 * time.Minute, By: func(s router.Scope) (string, error) {
			var f router.Failure
			if err := json.Unmarshal(s.(*routertest.Scope).Event.Payload, &f); err != nil {
				return "", err
			}
			return by(f)
		}},
	}
}

func byPlugin(f router.Failure) (string, error) { return f.Plugin, nil }

// throttledRig has an order with a delivery that is always rejected.
func throttledRig(t *testing.T, routes ...*router.Route) (g *rig, mails func() []router.Failure) {
	g = newRig(t, append(routes, order(routertest.Deliver("bill", "billing", "create")))...)
	g.action("billing.create", outcomes(no))
	g.action("crm.create", outcomes(no))
	g.action("email.send", outcomes(ok))
	return g, func() []router.Failure {
		var told []router.Failure
		for _, c := range g.caller.Calls() {
			if c.To.Plugin != "email" {
				continue
			}
			var e struct {
				Payload router.Failure `json:"payload"`
			}
			if err := json.Unmarshal(c.Event, &e); err != nil {
				t.Fatal(err)
			}
			told = append(told, e.Payload)
		}
		return told
	}
}

func (g *rig) fail(n int, prefix string) {
	for i := range n {
		g.send("ORDER", fmt.Sprint(prefix, i), fmt.Sprint(prefix, i))
	}
	synctest.Wait()
}

func counts(told []router.Failure) (out []int) {
	for _, f := range told {
		out = append(out, f.Suppressed)
	}
	return out
}

func TestThrottle(t *testing.T) {
	const window = 15 * time.Minute
	cases := []struct {
		name string
		play func(g *rig)
		want []int // what each mail says of those that were kept back
	}{
		{"one failure is told at once, and that is all", func(g *rig) {
			g.fail(1, "a")
			time.Sleep(3 * window)
		}, []int{0}},
		{"a burst is told at once, and summed up", func(g *rig) {
			g.fail(10, "a")
			time.Sleep(3 * window)
		}, []int{0, 9}},
		{"the summary opens the next window", func(g *rig) {
			g.fail(10, "a")
			time.Sleep(window + time.Minute)
			g.fail(5, "b")
			time.Sleep(3 * window)
		}, []int{0, 9, 5}},
		{"after a quiet window the next is told at once", func(g *rig) {
			g.fail(2, "a")
			time.Sleep(3 * window)
			g.fail(2, "b")
			time.Sleep(3 * window)
		}, []int{0, 1, 0, 1}},
		{"a restart does not open a new window", func(g *rig) {
			g.fail(3, "a")
			g.stop(time.Second)
			g.start()
			g.fail(3, "b")
			time.Sleep(3 * window)
		}, []int{0, 5}},
		{"a crash does not either", func(g *rig) {
			g.fail(3, "a")
			g.crash()
			g.start()
			g.fail(3, "b")
			time.Sleep(3 * window)
		}, []int{0, 5}},
		{"a summary that is owed comes after a restart", func(g *rig) {
			g.fail(3, "a")
			g.stop(time.Second)
			time.Sleep(window + time.Minute)
			g.start()
			time.Sleep(3 * window)
		}, []int{0, 2}},
		{"also after days", func(g *rig) {
			g.fail(3, "a")
			g.stop(time.Second)
			time.Sleep(72 * time.Hour)
			g.start()
			time.Sleep(3 * window)
		}, []int{0, 2}},
		{"a summary whose route has another name now goes by the plan", func(g *rig) {
			g.fail(3, "a")
			renamed := *g.table.Plan.Routes[0]
			renamed.Name = "alarms"
			table := *g.table
			table.Plan = routertest.NewPlan("plan-2", &renamed, g.table.Plan.Routes[1])
			g.table = &table
			g.router.Swap(g.table)
			time.Sleep(3 * window)
		}, []int{0, 2}},
		{"who opened a window is not counted in it after a crash", func(g *rig) {
			g.action("email.send", func(ctx context.Context, _ router.Call) router.Outcome {
				<-ctx.Done()
				return lost
			})
			g.fail(3, "a")
			g.crash()
			g.action("email.send", outcomes(ok))
			g.start()
			time.Sleep(3 * window)
		}, []int{0, 0, 2}},
		{"a summary is not made twice", func(g *rig) {
			g.fail(3, "a")
			time.Sleep(window + time.Minute)
			g.crash()
			g.start()
			g.fail(1, "b")
			time.Sleep(3 * window)
		}, []int{0, 2, 1}},
		{"a journal that fails at the window's end delays the summary", func(g *rig) {
			g.fail(3, "a")
			g.journal.OnAccept(func(*router.Event) error { return router.ErrJournal })
			time.Sleep(window + time.Minute)
			g.journal.OnAccept(nil)
			time.Sleep(3 * window)
		}, []int{0, 2}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g, mails := throttledRig(t, alarm(byPlugin))
				tc.play(g)
				if got := counts(mails()); fmt.Sprint(got) != fmt.Sprint(tc.want) {
					t.Errorf("the mails kept back %v, want %v", got, tc.want)
				}
			})
		})
	}
}

func TestThrottleTellsThingsApart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		every := &router.Route{Name: "every", From: []string{router.SourceSelf}, Deliver: []router.Spec{routertest.Deliver("note", "crm", "note")}}
		g, mails := throttledRig(t, alarm(byPlugin), every, &router.Route{
			Name: "cancel", From: []string{shop}, On: []string{"CANCEL"}, Deliver: []router.Spec{routertest.Deliver("tell", "crm", "create")},
		})
		g.action("crm.note", outcomes(ok))
		for i := range 4 {
			g.send("ORDER", fmt.Sprint(i), fmt.Sprint("o", i))
			g.send("CANCEL", fmt.Sprint(i), fmt.Sprint("c", i))
		}
		time.Sleep(time.Hour)
		told := map[string][]int{}
		for _, f := range mails() {
			told[f.Plugin] = append(told[f.Plugin], f.Suppressed)
		}
		if fmt.Sprint(told) != "map[billing:[0 3] crm:[0 3]]" {
			t.Errorf("told %v, want each plugin at once and summed up", told)
		}
		notes := 0
		for _, c := range g.caller.Calls() {
			if c.To.Action == "note" {
				notes++
			}
		}
		if notes != 8 {
			t.Errorf("the route without a throttle took %d, want all 8 and no summary", notes)
		}
		records, err := g.journal.Find(context.Background(), router.Query{Type: router.TypeDeliveryFailed})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if r.State.Phase != router.Settled || r.Event.CausedBy == "" {
				t.Errorf("%s is %s, caused by %q", r.Event.ID, r.State.Phase, r.Event.CausedBy)
			}
		}
	})
}

func TestThrottleThatCannotTell(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, mails := throttledRig(t, alarm(func(router.Failure) (string, error) { return "", errors.New("no such attribute") }))
		g.fail(3, "a")
		if got := counts(mails()); len(got) != 3 {
			t.Errorf("%d mails, want 3: better told too often than not at all", len(got))
		}
	})
}
