package router_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// notice is what a marketplace sends, once or again.
type notice struct{ source, eventType, lane, key string }

// replyWithin is the limit of every caller.
const replyWithin = 4 * time.Second

// send brings a notice to the process that runs now, on a connection of its
// own. A caller with little patience hangs up.
func (w *world) send(n notice, patience time.Duration) {
	life, process, table := w.life, w.router, w.table
	ctx, cancel := context.WithCancel(context.Background())
	if patience > 0 {
		cancel()
		ctx, cancel = context.WithTimeout(context.Background(), patience)
	}
	w.waiting.Go(func() {
		defer cancel()
		req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(`{"k":"`+n.key+`"}`))
		req.Header.Set("X-Type", n.eventType)
		req.Header.Set("X-Lane", n.lane)
		req.Header.Set("X-Key", n.key)
		if n.eventType == unkept {
			req.Header.Del("X-Key")
			req.Header.Set("X-Unkept", "yes")
		}
		began := time.Now()
		answer := httptest.NewRecorder()
		process.Handle(answer, req, table, n.source)
		if took := time.Since(began); took > replyWithin {
			w.problem("the caller of %s had to wait for %s", n.key, took)
		}
		if !w.killed(life) && answer.Body.Len() > 0 {
			w.hear(n, answer)
		}
	})
}

// hear checks an answer: whatever it says must be in the journal by now.
func (w *world) hear(n notice, answer *httptest.ResponseRecorder) {
	body := answer.Body.String()
	w.note("the caller of %s is told %d %s", n.key, answer.Code, body)
	if answer.Code == http.StatusServiceUnavailable || n.eventType == "PING" || n.eventType == unkept {
		return
	}
	found := w.records(router.Query{Source: n.source, Key: n.key})
	if len(found) == 0 {
		if !strings.Contains(body, "fetch-") { // an event that can't be had leaves nothing
			w.problem("the caller of %s was told %q, and the journal has nothing", n.key, body)
		}
		return
	}
	r := &found[0]
	w.mu.Lock()
	w.promised[r.Event.ID] = body
	w.mu.Unlock()
	if answer.Code == http.StatusAccepted {
		return
	}
	w.tell(r.Event.ID, body, "a caller")
	if r.State.Verdict == nil || said(*r.State.Verdict) != body {
		w.problem("the caller of %s was told %q; the journal has %s", n.key, body, brief(&r.State))
	}
}

// said is a verdict in the marketplace's words.
func said(v router.Verdict) string {
	r := (&routertest.Source{}).Reply(nil, v)
	return string(r.Body)
}

// tell notes that somebody was told an event's verdict: it is the same for all.
func (w *world) tell(id, body, who string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before, ok := w.content[id]; ok && before != body {
		w.problemLocked("%s: %s was told %q, and before that somebody was told %q", id, who, body, before)
	}
	w.content[id] = body
}

// durable checks that a verdict that is about to be told is in the journal.
func (w *world) durable(id string, v router.Verdict) {
	found := w.records(router.Query{ID: id})
	if len(found) != 1 || found[0].State.Verdict == nil || said(*found[0].State.Verdict) != said(v) {
		w.problem("%s is called back with %q, which the journal does not have", id, said(v))
	}
}

// kept checks, when all has come to rest, that everybody has been served.
func (w *world) kept() {
	for _, r := range w.records(router.Query{}) {
		id, s := r.Event.ID, &r.State
		promise, promised := w.promised[id]
		switch {
		case !s.Finished():
			w.problem("%s (%s) never ends: %s", id, r.Event.Type, brief(s))
		case r.Event.Type == unkept:
			w.problem("%s is in the journal", id)
		case r.Event.Type == checked && (s.Phase == router.Held || strings.Contains(s.Why, "held")) && !w.operated[id]:
			w.problem("%s was held, although nobody waits: %s", id, s.Why)
		case s.Ended.IsZero():
			w.problem("%s is finished, and nothing says since when", id)
		case s.Phase == router.Abandoned && promised:
			w.problem("%s is abandoned, and its caller was told %q", id, promise)
		case s.Phase != router.Settled || r.Event.Source == router.SourceSelf || r.Event.Flag != router.FlagNone:
		case s.Late == router.LateAccepted && !s.Blind:
		case s.Discarded: // its caller is told nothing more
		case w.content[id] == "":
			w.problem("%s is settled, and nobody was ever told: %s", id, brief(s))
		case s.Callback.Status == router.CallbackConfirmed && w.confirmed[id] == 0:
			w.problem("%s counts as confirmed, and nobody has", id)
		}
		delete(w.promised, id)
		for delivery := range w.effects {
			if s.Phase == router.Abandoned && strings.HasPrefix(delivery, id+"/") {
				w.problem("%s is abandoned, and %s has run", id, delivery)
			}
		}
	}
	for id, promise := range w.promised {
		w.problem("%s is lost; its caller was told %q", id, promise)
	}
}
