package router_test

import (
	"context"
	"fmt"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
)

// move lets something happen.
func (w *world) move() {
	roll := w.dice.IntN(30)
	switch {
	case roll < 12:
		n := notice{
			source: []string{near, far}[w.dice.IntN(2)], lane: []string{"acme", "bolt", "crow"}[w.dice.IntN(3)], key: fmt.Sprintf("k%d", len(w.notices)),
			eventType: []string{"ORDER", "ORDER", "ORDER", "ORDER", "CHANGE", "CHANGE", "CHANGE", "NOTICE", "NOTICE", "PING", "MYSTERY", checked, unkept}[w.dice.IntN(13)],
		}
		if n.eventType == checked || n.eventType == unkept {
			n.source = near // the notice of what is answered at once has all of it
		}
		w.notices = append(w.notices, n)
		w.note("arrives: %+v", n)
		w.send(n, w.patience())
		if roll == 0 {
			w.send(n, 0) // twice at once
		}
	case roll < 15 && len(w.notices) > 0:
		n := w.notices[w.dice.IntN(len(w.notices))]
		w.note("arrives again: %+v", n)
		w.send(n, w.patience())
	case roll < 18:
		w.note("the process is killed")
		w.end(0)
		w.start()
	case roll < 19:
		w.note("the process is stopped")
		w.end(time.Duration(1+w.dice.IntN(8)) * time.Second)
		w.start()
	case roll < 21:
		w.table = &router.Table{
			Plan: w.plans()[[]string{"first", "second", "third"}[w.dice.IntN(3)]], Rules: w.table.Rules, Sources: w.table.Sources, Limits: w.table.Limits,
		}
		w.note("the plan is now the %s", w.table.Plan.Digest)
		w.router.Swap(w.table)
	case roll < 23:
		w.toggle("plugin", w.down, []string{"billing", "crm", "email"}[w.dice.IntN(3)])
	case roll < 24:
		w.toggle("catalog", w.missing, []string{"billing.create", "crm.assign", "plans"}[w.dice.IntN(3)])
	case roll < 25:
		w.mu.Lock()
		w.full = !w.full
		w.noteLocked("the journal is full: %v", w.full)
		w.mu.Unlock()
		w.healthy = time.Now()
	default:
		w.operate()
	}
}

// patience is for how long a caller stays; 0 is for as long as it takes.
func (w *world) patience() time.Duration {
	return []time.Duration{0, 0, 0, 0, 0, time.Nanosecond, 30 * time.Millisecond, 2 * time.Second}[w.dice.IntN(8)]
}

// toggle takes something away, or gives it back.
func (w *world) toggle(kind string, of map[string]bool, name string) {
	w.mu.Lock()
	of[name] = !of[name]
	gone := of[name]
	w.noteLocked("%s: %s is gone: %v", kind, name, gone)
	w.mu.Unlock()
	if kind == "plugin" && !gone {
		w.router.PluginBack(name)
	}
}

// operate does what a person may do with an event.
func (w *world) operate() {
	ids := w.model.inPhase(router.Held, router.Settled)
	discard := w.dice.IntN(10) == 0
	if discard {
		ids = w.model.inPhase(router.Held, router.Settled, router.Open, router.Noticed)
	}
	if held := w.model.inPhase(router.Held); len(held) > 0 && !discard && w.dice.IntN(3) > 0 {
		ids = held
	}
	if len(ids) == 0 {
		return
	}
	id, process := ids[w.dice.IntN(len(ids))], w.router
	var names []string
	fresh, resolve := w.dice.IntN(6) == 0, w.dice.IntN(3) == 0
	retry := !discard && w.dice.IntN(8) == 0
	if retry {
		ids = w.model.inPhase(router.Settled, router.Open, router.Noticed)
		if len(ids) == 0 {
			return
		}
		id = ids[w.dice.IntN(len(ids))]
	}
	if w.dice.IntN(4) == 0 {
		names = []string{"order/bill"}
	}
	verdict := router.Verdict{Kind: []router.VerdictKind{router.Success, router.Error}[w.dice.IntN(2)], Code: "by hand"}
	w.mu.Lock()
	w.operated[id] = true
	if !discard && !retry && !resolve && (fresh || names != nil) {
		w.again[id]++ // what has run may run again
	}
	w.noteLocked("%s: discard %v, retry %v, resolve %v, replay %q, fresh key %v", id, discard, retry, resolve, names, fresh)
	w.mu.Unlock()
	w.waiting.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		act := func() error { return process.Replay(ctx, id, names, fresh) }
		switch {
		case discard:
			act = func() error { return process.Discard(ctx, id, "by hand") }
		case retry:
			act = func() error { return process.Retry(ctx, id) }
		case resolve:
			act = func() error { return process.Resolve(ctx, id, verdict) }
		}
		err := act()
		w.note("%s: the operator is told %v", id, err)
	})
}

// wasOperated: a person has had something done with the event.
func (w *world) wasOperated(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.operated[id]
}

// pass lets time pass.
func (w *world) pass() {
	var d time.Duration
	switch roll := w.dice.IntN(20); {
	case roll < 4:
	case roll < 10:
		d = time.Duration(w.dice.IntN(100)) * time.Millisecond
	case roll < 15:
		d = time.Duration(w.dice.IntN(10_000)) * time.Millisecond
	case roll < 18:
		d = time.Duration(w.dice.IntN(600)) * time.Second
	default:
		d = time.Duration(w.dice.IntN(300)) * time.Minute
	}
	time.Sleep(d)
	synctest.Wait()
	w.mu.Lock()
	full := w.full
	w.mu.Unlock()
	if !full && time.Since(w.healthy) > time.Minute {
		w.model.overdue()
	}
}

// rest mends everything, and lets the world come to an end.
func (w *world) rest() {
	w.note("everything is mended")
	w.mu.Lock()
	w.full, w.calm = false, true
	clear(w.missing)
	w.mu.Unlock()
	for _, name := range []string{"billing", "crm", "email"} {
		if w.down[name] {
			w.toggle("plugin", w.down, name)
		}
	}
	w.end(time.Minute) // what a dropped note would have told is done again
	w.start()
	for range 60 { // days: held events are given up one after the other
		time.Sleep(24 * time.Hour)
		if len(w.records(router.Query{Unfinished: true})) == 0 {
			break
		}
	}
	time.Sleep(late)
	w.model.overdue()
	if inMemory, atRest := w.router.InHand(); inMemory+atRest > 0 {
		w.problem("all has come to rest, and %d events are in hand, %d at rest", inMemory, atRest)
	}
	w.waiting.Wait()
	w.end(time.Minute)
	w.kept()
}
