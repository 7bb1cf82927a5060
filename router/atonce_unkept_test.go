package router_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

func TestUnkeptEventsAreNotDeduplicated(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := newCheckRig(t, check(routertest.Deliver("domain", "dns", "check")))
		g.action("dns.check", outcomes(ok))
		for range 2 {
			g.answer(g.sendCheck(false), "200 success")
		}
		if calls := g.caller.Calls(); len(calls) != 2 || calls[0].Key == calls[1].Key {
			t.Errorf("calls: %+v", calls)
		}
	})
}

// What is in no journal, operators can't reach.
func TestUnkeptEventsAreNobodysToOperate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		optional := routertest.Deliver("domain", "dns", "check")
		optional.Optional = true
		g, _ := newCheckRig(t, check(optional))
		g.action("dns.check", slowly(time.Second, ok))
		g.answer(g.sendCheck(false), "200 success")
		synctest.Wait()
		id, _, _ := strings.Cut(g.caller.Calls()[0].Delivery, "/")
		if err := g.router.Replay(context.Background(), id, nil, false); !errors.Is(err, router.ErrNotFound) {
			t.Errorf("Replay: %v", err)
		}
	})
}

func TestUnkeptEventsNeedNoJournal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := newCheckRig(t, check(routertest.Deliver("domain", "dns", "check")))
		g.action("dns.check", outcomes(ok))
		g.journal.OnAccept(func(*router.Event) error { return router.ErrJournal })
		g.answer(g.sendCheck(true), "503 not now")
		g.answer(g.sendCheck(false), "200 success")
	})
}

// Unkept events have room of their own: however many there are, others get in.
func TestUnkeptEventsLeaveRoom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		bill := routertest.Deliver("bill", "billing", "create")
		g, _ := newCheckRig(t, check(routertest.Deliver("domain", "dns", "check")), order(bill))
		g.stop(0)
		g.table.MaxInFlight = 8
		g.start()
		g.action("dns.check", slowly(time.Second, ok))
		g.action("billing.create", outcomes(ok))
		answers := make(chan string, 3)
		for range 3 {
			go func() { answers <- g.sendCheck(false) }()
		}
		synctest.Wait()
		g.answer(<-answers, "503 not now")
		g.answer(g.send("ORDER", "acme", "k1"), "200 success")
		for range 2 {
			g.answer(<-answers, "200 success")
		}
		synctest.Wait()
		g.answer(g.sendCheck(false), "200 success") // the room is there again
	})
}
