package journaltest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/router"
)

const source = "appdirect.acme"

// began is the time that the cases' events count from.
func began() time.Time { return time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.UTC) }

// id makes the n-th event's id; later ones sort after earlier ones.
func id(n int) string { return fmt.Sprintf("01957a4e-%04x-7abc-8def-0123456789ab", n) }

// event builds the n-th event, open, with one delivery that waits. Each has a
// key, a place and a minute of its own.
func event(n int) router.Record {
	received := began().Add(time.Duration(n) * time.Minute)
	return router.Record{
		Event: router.Event{
			ID: id(n), Source: source, Type: "SUBSCRIPTION_ORDER", Lane: fmt.Sprintf("lane %d", n), Seq: int64(n),
			Received:   received,
			Payload:    json.RawMessage(fmt.Sprintf(`{"order":{"number":%d}}`, n)),
			Attributes: json.RawMessage(`{"creator":{"email":"ann@example.com"}}`),
			Extra:      json.RawMessage(`{"addon":false}`),
			Raw:        []byte("<event/>"),
			Notice: router.Notice{
				Source: source, Key: fmt.Sprintf("key %d", n), Token: fmt.Sprintf("token %d", n), Received: received,
			},
			Plan: "plan-a",
		},
		State: router.State{
			Phase: router.Open, Routes: []string{"order"},
			Deliveries: []router.Delivery{{
				Name: "order/customer", To: router.ActionRef{Plugin: "billing", Action: "create"},
				Ordered: true, Policy: router.DefaultPolicy(), Status: router.Waiting,
			}},
		},
	}
}

// settled builds the n-th event with nothing left to do.
func settled(n int) router.Record {
	r := event(n)
	settle(&r.State)
	return r
}

func settle(s *router.State) {
	s.Phase, s.Told = router.Settled, router.ToldReplied
	s.Verdict = &router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{"accountIdentifier":"A-1"}`)}
	for i := range s.Deliveries {
		s.Deliveries[i].Status = router.DoneSucceeded
		s.Deliveries[i].Output = json.RawMessage(`{"customer_id":"cus_1"}`)
	}
}

// notice builds the n-th event as a blind notice: nothing is known of it yet.
func notice(n int) router.Record {
	full := event(n)
	return router.Record{
		Event: router.Event{
			ID: full.Event.ID, Source: source, Seq: full.Event.Seq, Received: full.Event.Received, Notice: full.Event.Notice,
		},
		State: router.State{Phase: router.Noticed, Told: router.ToldLater, Blind: true, Since: full.Event.Received},
	}
}

// crowded builds the n-th event with every stored field of an event, a notice
// and a state set to something.
func crowded(n int) router.Record {
	at := began().Add(time.Duration(n) * time.Hour)
	r := event(n)
	e, s := &r.Event, &r.State
	e.Flag, e.CausedBy = router.FlagDevelopment, id(9999)
	e.Notice = router.Notice{
		Source: source, Key: fmt.Sprintf("key %d", n), Address: "https://market.example/events/1", Base: "https://market.example",
		Token: "1", Credential: "gizmo", Format: "xml", RequestID: "req-1", Body: []byte("unkept"), Received: at,
	}
	s.Phase, s.Told, s.Late, s.Blind, s.Quiet = router.Settled, router.ToldLater, router.LateAccepted, true, true
	s.Since, s.Why, s.Routes, s.Ended = at, "because", []string{"order", "tell operators"}, at.Add(time.Hour)
	s.Discarded, s.Later, s.Alerted = true, at.Add(time.Second), true
	s.Throttled = []router.Throttled{{Route: "tell operators", Key: "billing", Until: at, Counted: true, Sums: at}}
	s.Verdict = &router.Verdict{
		Kind: router.Error, Code: "USER_NOT_FOUND", Message: "Nobody of that name.", Reply: json.RawMessage(`{"a":[1,null]}`),
		Failed: []router.Failed{{Optional: true, Code: "domain", Message: "That name is taken."}},
	}
	s.Callback = router.Callback{
		Status: router.CallbackParked, Attempts: 3, First: at, Due: at.Add(time.Minute), MayHaveArrived: true,
		Alerted: true, Detail: "503",
	}
	s.Fetch = router.Fetching{Attempts: 2, Due: at.Add(time.Second), Alerted: true, Detail: "401"}
	s.Deliveries = []router.Delivery{crowdedDelivery("order/customer", at), crowdedDelivery("order/company", at.Add(1))}
	return r
}

// crowdedDelivery sets every stored field, each to something that no other
// has, so that two of them can't be mixed up.
func crowdedDelivery(name string, at time.Time) router.Delivery {
	return router.Delivery{
		Name: name, To: router.ActionRef{Plugin: "billing", Action: "create_subscription"},
		Needs: []string{"order/a", "order/b"}, Optional: true, Ordered: true, OnFailure: true,
		Policy: router.Policy{
			Attempts: 6, Initial: 3 * time.Second, Max: 7 * time.Minute, Within: 30 * time.Hour, Timeout: 11 * time.Second,
		},
		Lifetime: 23 * time.Hour, Status: router.Parked, Attempts: 4, Generation: 2,
		First: at.Add(2), KeySent: at.Add(3), Paused: 5 * time.Nanosecond, PausedAt: at.Add(6), Due: at.Add(7), MayHaveRun: true,
		Code: "card_declined", Public: "The card was declined.", Detail: "pm_1 declined",
		Input: json.RawMessage(`{"email":"ann@example.com"}`), Output: json.RawMessage(`{"id":"sub_1"}`),
	}
}

// failure builds the n-th event as a failure event of another.
func failure(n int, cause string) router.Record {
	r := event(n)
	r.Event.Source, r.Event.Type, r.Event.CausedBy = "signalbox", "delivery.failed", cause
	r.Event.Notice = router.Notice{Source: "signalbox", Received: r.Event.Received}
	r.State.Quiet = true
	return r
}
