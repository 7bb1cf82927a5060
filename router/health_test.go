package router_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// mailsOf gives the events that were mailed, in order.
func (g *rig) mailsOf(eventType string) (events []string) {
	for _, c := range g.caller.Calls() {
		if c.To.Plugin == "email" && strings.Contains(string(c.Event), `"type":"`+eventType+`"`) {
			events = append(events, string(c.Event))
		}
	}
	return events
}

// full has every write fail, or none.
func (g *rig) full(yes bool) {
	g.journal.OnAccept(nil)
	g.journal.OnApply(nil)
	if yes {
		g.journal.OnAccept(func(*router.Event) error { return router.ErrJournal })
		g.journal.OnApply(func(router.Change) error { return router.ErrJournal })
	}
}

func TestRefusalsAreGrouped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t)
		refuse := func(n int) {
			for range n {
				req := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
				req.Header.Set("X-Refuse", "yes")
				g.router.Handle(httptest.NewRecorder(), req, g.router.Table(), shop)
			}
		}
		told := func() int { synctest.Wait(); return g.count(router.TypeSourceRefused) }
		refuse(3)
		if told() != 0 {
			t.Error("told before the burst was seen")
		}
		time.Sleep(11 * time.Second)
		if told() != 1 {
			t.Fatalf("%d events, want one for the burst", told())
		}
		if p := string(g.only(router.TypeSourceRefused).Event.Payload); !strings.Contains(p, `"count":3`) || !strings.Contains(p, "bad signature") || !strings.Contains(p, shop) {
			t.Errorf("it says %s", p)
		}
		refuse(500)
		time.Sleep(30 * time.Second)
		if told() != 1 {
			t.Errorf("%d events, want the second burst told of a minute after the first", told())
		}
		time.Sleep(24 * time.Hour)
		if told() != 2 {
			t.Errorf("%d events, want 2", told())
		}
	})
}

func TestJournalFailureIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t,
			&router.Route{Name: "alarm", From: []string{router.SourceSelf}, Deliver: []router.Spec{routertest.Deliver("mail", "email", "send")}},
			order(routertest.Deliver("bill", "billing", "create")))
		g.action("email.send", outcomes(ok))
		g.action("billing.create", outcomes(ok))
		g.full(true)
		g.answer(g.send("ORDER", "a", "k1"), "503 not now")
		g.answer(g.send("ORDER", "b", "k2"), "503 not now")
		synctest.Wait()
		if n := len(g.mailsOf(router.TypeJournalUnwritable)); n != 1 {
			t.Errorf("%d mails that the journal fails, want one, from memory", n)
		}
		if g.router.Writable() == nil {
			t.Error("the journal counts as writable")
		}
		time.Sleep(5*time.Minute + time.Second/2)
		g.full(false)
		time.Sleep(2 * time.Second) // it is found out without any event
		mails := g.mailsOf(router.TypeJournalWritable)
		if len(mails) != 1 || !strings.Contains(mails[0], "for 5m1s") {
			t.Errorf("the mails that it is well again: %v, want one that says for how long it was not", mails)
		}
		if n := g.count(router.TypeJournalUnwritable); n != 0 {
			t.Errorf("%d events in the journal that could not be written", n)
		}
	})
}

// TestEveryLongOutageIsTold: a short one just before does not hide it.
func TestEveryLongOutageIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t,
			&router.Route{Name: "alarm", From: []string{router.SourceSelf}, Deliver: []router.Spec{routertest.Deliver("mail", "email", "send")}},
			order(routertest.Deliver("bill", "billing", "create")))
		g.action("email.send", outcomes(ok))
		g.action("billing.create", outcomes(ok))
		for _, length := range []time.Duration{time.Second, 2 * time.Hour} {
			g.full(true)
			g.send("ORDER", "a", "")
			time.Sleep(length)
			g.full(false)
			time.Sleep(20 * time.Second)
		}
		if down, up := len(g.mailsOf(router.TypeJournalUnwritable)), len(g.mailsOf(router.TypeJournalWritable)); down != 2 || up != 2 {
			t.Errorf("%d mails that the journal fails, %d that it is well again; want 2 and 2", down, up)
		}
	})
}

// TestReportsWaitForTheJournal: what no event has caused is told once there is
// room again.
func TestReportsWaitForTheJournal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t)
		g.full(true)
		req := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
		req.Header.Set("X-Refuse", "yes")
		g.router.Handle(httptest.NewRecorder(), req, g.router.Table(), shop)
		go g.router.Report(t.Context(), router.TypePluginDown, router.Failure{Plugin: "billing"})
		time.Sleep(time.Hour)
		g.full(false)
		time.Sleep(time.Minute)
		for _, told := range []string{router.TypePluginDown, router.TypeSourceRefused} {
			if n := g.count(told); n != 1 {
				t.Errorf("%d events %s, want one", n, told)
			}
		}
	})
}

// TestOverdue: what waits for its time, its turn or its plugin is not late;
// what should go on and can't is.
func TestOverdue(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.action("billing.create", outcomes(again))
		for range 3 {
			g.send("ORDER", "acme", "")
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if late := g.router.Overdue(); late != 0 {
			t.Errorf("late by %s although all wait for their time or turn", late)
		}
		g.journal.OnFind(func(router.Query) error { return router.ErrJournal })
		time.Sleep(time.Hour)
		if late := g.router.Overdue(); late < 30*time.Minute {
			t.Errorf("late by %s, although nothing can be read back for an hour", late)
		}
		g.journal.OnFind(nil)
		time.Sleep(time.Minute)
		if late := g.router.Overdue(); late != 0 {
			t.Errorf("late by %s after the journal is well again", late)
		}
	})
}
