package router_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// A page for a customer tells the marketplace nothing.
func TestAsideIsNoReply(t *testing.T) {
	for _, aside := range []bool{true, false} {
		t.Run(fmt.Sprint(aside), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
				g.source.ReplyFn = func(*router.Event, router.Verdict) router.Response { return router.Response{Aside: aside} }
				g.action("billing.create", outcomes(ok))
				g.send("ORDER", "acme", "k1")
				synctest.Wait()
				s := g.only("ORDER").State
				if called := len(g.source.Callbacks()) == 1; called != aside || s.Callback.MayHaveArrived || !s.Finished() {
					t.Errorf("called back %t, callback %+v", called, s.Callback)
				}
			})
		})
	}
}

func TestEachRequestHasItsOwnAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newRig(t, order(routertest.Deliver("bill", "billing", "create")))
		g.source.ReplyFn = func(e *router.Event, v router.Verdict) router.Response {
			return router.Response{Body: []byte(string(v.Kind) + " " + e.Notice.Again)}
		}
		g.action("billing.create", slowly(10*time.Second, ok))
		for n, want := range []string{"accepted 0", "accepted 1", "success 2", "success 3"} {
			req := httptest.NewRequest("POST", "/", strings.NewReader(`{}`))
			req.Header.Set("X-Type", "ORDER")
			req.Header.Set("X-Key", "k1")
			req.Header.Set("X-Again", fmt.Sprint(n))
			w := httptest.NewRecorder()
			g.router.Handle(w, req, g.router.Table(), shop)
			g.answer(w.Body.String(), want)
		}
		synctest.Wait()
		if n := len(g.source.Callbacks()); n != 1 {
			t.Errorf("%d callbacks, want one: the first was told to wait", n)
		}
	})
}
