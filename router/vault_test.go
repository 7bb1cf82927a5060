package router_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// box is a vault that covers everything, and opens it unless its key is lost.
type box struct{ lost atomic.Bool }

func (*box) Seal(_ *router.Schema, v json.RawMessage) json.RawMessage {
	if len(v) == 0 {
		return v
	}
	return json.RawMessage(`{"box":"` + base64.StdEncoding.EncodeToString(v) + `"}`)
}

func (b *box) Open(v json.RawMessage) (json.RawMessage, error) {
	var sealed struct{ Box []byte }
	if json.Unmarshal(v, &sealed) != nil || sealed.Box == nil {
		return v, nil
	}
	if b.lost.Load() {
		return nil, errors.New("the key is lost")
	}
	return sealed.Box, nil
}

const pin = "pin-2718"

// sealedRig has a route whose second delivery reads what the first gives, and
// replies with it.
func sealedRig(t *testing.T) (*rig, *box) {
	issue := routertest.Deliver("issue", "safe", "issue")
	issue.Input = func(router.Scope) (json.RawMessage, error) { return []byte(`{"pin":"` + pin + `"}`), nil }
	hand := routertest.Deliver("hand", "safe", "hand", "issue")
	r := order(issue, hand)
	r.Reply = func(s router.Scope) (json.RawMessage, error) {
		return s.(*routertest.Scope).Outputs["order/issue"], nil
	}
	g, b := newRig(t, r), &box{}
	g.stop(0)
	g.options.Vault = b
	g.start()
	return g, b
}

func given(text string) router.Outcome {
	return router.Outcome{Kind: router.Succeeded, Output: []byte(`{"token":"` + text + `"}`)}
}

// expectSealed wants no plain value in what the journal has, failure events and
// all.
func (g *rig) expectSealed() {
	g.t.Helper()
	records, err := g.journal.Find(context.Background(), router.Query{Limit: 100})
	if err != nil {
		g.t.Fatal(err)
	}
	for _, rec := range records {
		story, err := g.journal.Story(context.Background(), rec.Event.ID)
		if err != nil {
			g.t.Fatal(err)
		}
		var kept strings.Builder
		for _, d := range story.State.Deliveries {
			fmt.Fprintf(&kept, "%s %s %s\n", d.Input, d.Output, d.Detail)
		}
		if v := story.State.Verdict; v != nil {
			fmt.Fprintf(&kept, "%s\n", v.Reply)
		}
		fmt.Fprintf(&kept, "%s %s\n", story.Event.Payload, story.State.Why)
		if strings.Contains(kept.String(), pin) {
			g.t.Errorf("the journal has it in the clear:\n%s", kept.String())
		}
	}
}

func TestSealedWhileKept(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := sealedRig(t)
		g.action("safe.issue", outcomes(again, given(pin)))
		g.action("safe.hand", outcomes(ok))
		g.answer(g.send("ORDER", "acme", "k1"), `200 success{"token":"`+pin+`"}`)
		g.answer(g.send("ORDER", "acme", "k1"), `200 success{"token":"`+pin+`"}`)
		g.expectSealed()
		calls := g.caller.Calls()
		if len(calls) != 3 {
			t.Fatalf("%d calls", len(calls))
		}
		for i, want := range []string{`{"pin":"` + pin + `"}`, `{"pin":"` + pin + `"}`, `{"order/issue":{"token":"` + pin + `"}}`} {
			if string(calls[i].Input) != want {
				t.Errorf("call %d got %s, want %s", i+1, calls[i].Input, want)
			}
		}
	})
}

func TestSealedAcrossARestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, b := sealedRig(t)
		g.action("safe.issue", outcomes(given(pin)))
		g.action("safe.hand", outcomes(lost, ok))
		g.source.CallbackFn = func(context.Context, *router.Event, router.Verdict) router.Outcome { return again }
		g.answer(g.send("ORDER", "acme", "k1"), `200 success{"token":"`+pin+`"}`)
		g.crash() // before it is known that the caller was told
		b.lost.Store(true)
		g.start()
		time.Sleep(time.Minute)
		if cb := g.source.Callbacks(); len(cb) != 0 {
			t.Errorf("called back without the key: %+v", cb)
		}
		if n := g.count(router.TypeCallbackUnauthorized); n != 1 {
			t.Errorf("%d operators are told", n)
		}
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		b.lost.Store(false)
		time.Sleep(time.Hour)
		if cb := g.source.Callbacks(); len(cb) == 0 || string(cb[0].Reply) != `{"token":"`+pin+`"}` {
			t.Errorf("called back with %+v", cb)
		}
		g.expectSealed()
	})
}

// TestNotCalledWithoutTheKey: an event whose values can't be opened is held, and
// goes on as if nothing had been once they can.
func TestNotCalledWithoutTheKey(t *testing.T) {
	for name, tc := range map[string]struct {
		issue, hand []router.Outcome
		calls       int    // before the key is lost
		repeated    string // the input of the call after that
	}{
		"an input that was frozen": {[]router.Outcome{lost, given(pin)}, []router.Outcome{ok}, 1, `{"pin":"` + pin + `"}`},
		"an output that is read":   {[]router.Outcome{given(pin)}, []router.Outcome{lost, ok}, 2, `{"order/issue":{"token":"` + pin + `"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				g, b := sealedRig(t)
				g.action("safe.issue", outcomes(tc.issue...))
				g.action("safe.hand", outcomes(tc.hand...))
				go g.send("ORDER", "acme", "k1")
				synctest.Wait()
				g.crash()
				before := g.caller.Calls()
				if len(before) != tc.calls {
					t.Fatalf("%d calls", len(before))
				}
				b.lost.Store(true)
				g.start()
				time.Sleep(time.Hour)
				s := g.only("ORDER").State
				if s.Phase != router.Held || !strings.Contains(s.Why, "the key is lost") || len(g.caller.Calls()) != tc.calls {
					t.Fatalf("%s because of %q with %d calls", s.Phase, s.Why, len(g.caller.Calls()))
				}
				b.lost.Store(false)
				if err := g.router.Replay(t.Context(), g.only("ORDER").Event.ID, nil, false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				next := g.caller.Calls()[tc.calls]
				if string(next.Input) != tc.repeated || next.Key != before[tc.calls-1].Key {
					t.Errorf("it goes on with %s under %s, want %s under %s", next.Input, next.Key, tc.repeated, before[tc.calls-1].Key)
				}
				if v := g.only("ORDER").State.Verdict; v == nil || v.Kind != router.Success {
					t.Errorf("verdict %+v", v)
				}
				g.expectSealed()
			})
		})
	}
}

func TestResolvedIsSealed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := sealedRig(t)
		g.action("safe.issue", outcomes(router.Outcome{Kind: router.Retry}))
		g.action("safe.hand", outcomes(ok))
		g.table.Plan.Routes[0].Deliver[0].Policy.Attempts = 1
		g.answer(g.send("ORDER", "acme", "k1"), "202 accepted")
		v := router.Verdict{Kind: router.Success, Reply: []byte(`{"token":"` + pin + `"}`)}
		if err := g.router.Resolve(t.Context(), g.only("ORDER").Event.ID, v); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if cb := g.source.Callbacks(); len(cb) != 1 || string(cb[0].Reply) != string(v.Reply) {
			t.Errorf("called back with %+v", cb)
		}
		g.expectSealed()
	})
}

// TestSealedThoughItsSchemaIsGone: what a source that was taken away would call
// sensitive is not known, and so all of it is sealed.
func TestSealedThoughItsSchemaIsGone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g, _ := sealedRig(t)
		whole := &wholeBox{}
		g.stop(0)
		g.options.Vault = whole
		g.start()
		g.action("safe.issue", func(context.Context, router.Call) router.Outcome {
			g.router.Swap(&router.Table{Plan: g.table.Plan, Sources: map[string]*router.Endpoint{}, Rules: g.table.Rules})
			return given("")
		})
		g.action("safe.hand", outcomes(ok))
		g.send("ORDER", "acme", "k1")
		if n := whole.unknown.Load(); n != 1 {
			t.Errorf("%d values were sealed without a schema, want the reply", n)
		}
	})
}

// wholeBox counts what it is to cover without a schema.
type wholeBox struct{ unknown atomic.Int64 }

func (b *wholeBox) Seal(s *router.Schema, v json.RawMessage) json.RawMessage {
	if s == nil && len(v) > 0 {
		b.unknown.Add(1)
	}
	return v
}

func (*wholeBox) Open(v json.RawMessage) (json.RawMessage, error) { return v, nil }
