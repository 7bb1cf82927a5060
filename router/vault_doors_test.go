package router_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
)

// TestFirstCallerIsCalledBack: one whose answer can't be read was told to wait,
// and so is told it when it can.
func TestFirstCallerIsCalledBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, b := sealedRig(t)
		g.action("safe.issue", outcomes(given(pin)))
		g.action("safe.hand", func(context.Context, router.Call) router.Outcome {
			b.lost.Store(true)
			return ok
		})
		g.table.Plan.Routes[0].Reply = func(router.Scope) (json.RawMessage, error) { return []byte(`{"token":"` + pin + `"}`), nil }
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		synctest.Wait()
		if s := g.only("ORDER").State; s.Told != router.ToldLater || s.Callback.MayHaveArrived {
			t.Errorf("of a caller that waits it says %q, may have arrived: %v", s.Told, s.Callback.MayHaveArrived)
		}
		b.lost.Store(false)
		time.Sleep(time.Hour)
		if cb := g.source.Callbacks(); len(cb) != 1 || string(cb[0].Reply) != `{"token":"`+pin+`"}` {
			t.Errorf("called back with %+v", cb)
		}
	})
}

// TestRepeatOfWhatCantBeRead: nobody is called back for it any more, and so its
// caller must not be told to wait.
func TestRepeatOfWhatCantBeRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, b := sealedRig(t)
		g.action("safe.issue", outcomes(given(pin)))
		g.action("safe.hand", outcomes(ok))
		g.answer(g.send("ORDER", "acme", "k1"), `200 success{"token":"`+pin+`"}`)
		synctest.Wait()
		b.lost.Store(true)
		g.answer(g.send("ORDER", "acme", "k1"), "503 not now")
	})
}

// TestCallbackDoesNotQuoteTheReply: a caller that refuses the reply may repeat it.
func TestCallbackDoesNotQuoteTheReply(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := sealedRig(t)
		for _, ep := range g.table.Sources {
			ep.Reply = router.Schema{Attrs: []router.Attr{{Name: "token", Type: json.RawMessage(`"string"`), Sensitive: true}}}
		}
		g.action("safe.issue", outcomes(given(pin)))
		g.action("safe.hand", func(context.Context, router.Call) router.Outcome {
			time.Sleep(5 * time.Second) // longer than a caller waits
			return ok
		})
		g.source.CallbackFn = func(_ context.Context, _ *router.Event, v router.Verdict) router.Outcome {
			return router.Outcome{Kind: router.Rejected, Code: "refused", Detail: "no use for " + string(v.Reply)}
		}
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		time.Sleep(time.Hour)
		if s := g.only("ORDER").State; len(g.source.Callbacks()) != 1 || s.Callback.Detail != `no use for {"token":"(secret)"}` {
			t.Errorf("called back %d times, which came to %q", len(g.source.Callbacks()), s.Callback.Detail)
		}
		g.expectSealed()
	})
}

// TestSealedByWhatIsInForceAfterTheCall: a reload during the call may have brought
// another key, and another version of the plugin.
func TestSealedByWhatIsInForceAfterTheCall(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := sealedRig(t)
		g.stop(0)
		orderly := &orderlyBox{}
		g.options.Vault = orderly
		g.start()
		g.action("safe.issue", func(context.Context, router.Call) router.Outcome {
			orderly.called.Store(true)
			return given(pin)
		})
		g.action("safe.hand", outcomes(ok))
		g.send("ORDER", "acme", "k1")
		if !orderly.called.Load() || orderly.early.Load() {
			t.Errorf("called %v, sealed before it %v", orderly.called.Load(), orderly.early.Load())
		}
	})
}

// orderlyBox notices what is sealed before the first call has been made.
type orderlyBox struct{ called, early atomic.Bool }

func (b *orderlyBox) Seal(_ *router.Schema, v json.RawMessage) json.RawMessage {
	if len(v) > 0 && !b.called.Load() {
		b.early.Store(true)
	}
	return v
}

func (*orderlyBox) Open(v json.RawMessage) (json.RawMessage, error) { return v, nil }
