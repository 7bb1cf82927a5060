package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const orderID = "01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11"

func order() operator.Event {
	return operator.Event{
		ID: orderID, Source: "appdirect.acme", Type: "SUBSCRIPTION_ORDER", Flag: "DEVELOPMENT",
		Lane: "appdirect.acme|https://www.acme-marketplace.com|81", Received: noon, Plan: "5f3c9a",
		Phase: "held", Since: noon.Add(time.Minute), Why: "order/customer: retries are used up: 503", Told: "later", Routes: []string{"order"},
	}
}

// hostile is event data that would take over a terminal, if it were printed.
const hostile = "\x1b[2J\x1b]0;owned\a\u202eevil\u0085\x7f\nID  forged\xff"

func TestEventsList(t *testing.T) {
	s := newStandIn(t, map[string]any{"GET /v1/events": operator.Events{Next: "01997d2e-0000", Events: []operator.Event{
		order(),
		{ID: "01997d2e-7000", Source: "subscriptionbridge.shop", Type: "Balance_Due", Received: noon, Phase: "settled", Told: "replied", Verdict: &operator.Verdict{Kind: "success"}},
		{ID: "01997d2e-6000", Source: "appdirect.acme", Type: hostile, Received: noon, Phase: "settled", Told: "later",
			Verdict: &operator.Verdict{Kind: "error", Code: "USER_NOT_FOUND"}, Callback: &operator.Callback{Status: "parked"}},
	}}})
	stdout, stderr, code := s.run("events", "list", "--phase", "resolved elsewhere", "--since", "2026-03-01T00:00:00Z", "--type", "T", "--limit", "3")
	if code != exitOK || stderr != "There are older ones: --before 01997d2e-0000\n" {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	golden(t, "list.txt", stdout)
	want := []string{"GET /v1/events?limit=3&phase=resolved+elsewhere&since=2026-03-01T00%3A00%3A00Z&type=T"}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Error(diff)
	}

	stdout, _, _ = s.run("events", "list", "-o", "json")
	var page operator.Events
	if err := json.Unmarshal([]byte(stdout), &page); err != nil {
		t.Fatal(err)
	}
	if got, want := page.Events[2].Type, strings.ToValidUTF8(hostile, "\ufffd"); got != want {
		t.Errorf("JSON says %q, not %q", got, want)
	}
	assertHarmless(t, stdout)
}

func TestEventsListWithNone(t *testing.T) {
	s := newStandIn(t, map[string]any{"GET /v1/events": operator.Events{}})
	if stdout, stderr, code := s.run("events", "list"); stdout != "No events.\n" || stderr != "" || code != exitOK {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// assertHarmless fails if a terminal would do more than print the text.
func assertHarmless(t *testing.T, text string) {
	t.Helper()
	if at := strings.IndexAny(text, "\x1b\a\u202e\u0085\x7f\r"); at >= 0 {
		t.Errorf("not harmless: %q", text[at:])
	}
}

func heldStory() operator.Story {
	return operator.Story{
		Event: order(), Marketplace: "https://www.acme-marketplace.com",
		Address: "https://www.acme-marketplace.com/api/integration/v1/events/e1",
		TakenBy: []operator.Route{{Name: "order", At: "config.hcl:57"}, {Name: "mail"}},
		Payload: json.RawMessage(`{"order":{"editionCode":"GOLD"}}`), Attributes: json.RawMessage(`{}`),
		Fetches: []operator.Attempt{{Number: 1, Began: noon, TookMS: 2500, Outcome: "retry", Detail: "timed out"}},
		Deliveries: []operator.Delivery{
			{
				Name: "order/customer", Plugin: "billing", Action: "create_subscription", Status: "exhausted", Generation: 1, MayHaveRun: true,
				Detail: "retries are used up: 503", Input: json.RawMessage(`{"price":"GOLD"}`),
				Attempts: []operator.Attempt{
					{Outcome: "unknown", Detail: "cut off by a restart, if it had begun"},
					{Number: 1, Began: noon, TookMS: 812.345, Outcome: "retry", Code: "rate", Detail: "too many requests"},
					{Number: 2, Generation: 1, Began: noon.Add(time.Second), TookMS: 30004, Outcome: "unknown", Detail: "timed out"},
				},
			},
			{Name: "order/company", Plugin: "crm", Action: "upsert_company", Status: "waiting", Needs: []string{"order/customer"}},
			{
				Name: "order/welcome", Plugin: "email", Action: "send", Optional: true, Status: "parked", Due: noon.Add(time.Hour),
				Attempts: []operator.Attempt{{Number: 1, Began: noon, TookMS: 0.25, Outcome: "retry"}},
			},
		},
		Caused: []operator.Caused{{ID: "01997d2e-9000", Type: "delivery.failed"}, {ID: "01997d2e-9001", Type: "event.held"}},
	}
}

func TestEventsShow(t *testing.T) {
	settled := heldStory()
	settled.Fetches, settled.Caused, settled.Deliveries = nil, nil, settled.Deliveries[:1]
	settled.Phase, settled.Since, settled.Ended, settled.Why = "settled", time.Time{}, noon.Add(time.Hour), ""
	settled.Deliveries[0] = operator.Delivery{
		Name: "order/customer", Plugin: "billing", Action: "create_subscription", Status: "rejected", Code: "card_declined",
		PublicMessage: "Your card was declined.", Detail: hostile, Output: json.RawMessage("{\"x\":\"\u202e\"}"),
		Attempts: []operator.Attempt{{Number: 1, Began: noon, TookMS: 12, Outcome: "rejected", Code: "card_declined", Detail: hostile}},
	}
	settled.Verdict = &operator.Verdict{Kind: "error", Code: "OPERATION_CANCELLED", Message: "Your card was declined."}
	settled.Callback = &operator.Callback{Status: "confirmed", Attempts: []operator.Attempt{{Number: 1, Began: noon, TookMS: 40, Outcome: "succeeded"}}}

	replied := operator.Story{
		Event: operator.Event{
			ID: "01997d2e-7000", Source: "subscriptionbridge.shop", Type: "Balance_Due", Received: noon, Phase: "settled", Told: "replied",
			Why: "no route takes it", Ended: noon, Verdict: &operator.Verdict{Kind: "success", Reply: json.RawMessage(`{"accountIdentifier":"cus_81"}`)},
		},
		Payload: json.RawMessage(`{}`), Attributes: json.RawMessage(`{}`),
	}
	for name, test := range map[string]struct {
		story operator.Story
		args  []string
	}{
		"show_held.txt":    {story: heldStory()},
		"show_full.txt":    {story: heldStory(), args: []string{"--full"}},
		"show_settled.txt": {story: settled, args: []string{"--full"}},
		"show_replied.txt": {story: replied},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStandIn(t, map[string]any{"GET /v1/events/" + test.story.ID: test.story})
			stdout, stderr, code := s.run(append([]string{"events", "show", test.story.ID}, test.args...)...)
			if code != exitOK || stderr != "" {
				t.Errorf("exit %d, stderr %q", code, stderr)
			}
			golden(t, name, stdout)
			assertHarmless(t, stdout)
		})
	}
}

func TestEventsReplay(t *testing.T) {
	s := newStandIn(t, map[string]any{"POST /v1/events/e/replay": operator.Replayed{Warnings: []string{"order/customer may have run: with a fresh key it can take effect twice"}}})
	stdout, stderr, code := s.run("events", "replay", "e", "--delivery", "order/customer", "--delivery", "order/a,b", "--fresh-key")
	if code != exitOK || stderr != "Warning: order/customer may have run: with a fresh key it can take effect twice\n" ||
		stdout != "Replayed. See what becomes of it: signalbox events show e\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if diff := cmp.Diff([]string{`POST /v1/events/e/replay {"deliveries":["order/customer","order/a,b"],"fresh_key":true}`}, s.asked); diff != "" {
		t.Error(diff)
	}
}

func TestEventsResolve(t *testing.T) {
	s := newStandIn(t, map[string]any{"POST /v1/events/e/resolve": operator.Resolved{Verdict: operator.Verdict{Kind: "error", Code: "signalbox.gave_up"}}})
	stdout, _, code := s.run("events", "resolve", "e", "--failure", "--message", "Please order again.")
	if code != exitOK || stdout != "Settled: error (signalbox.gave_up). See what its caller is told: signalbox events show e\n" {
		t.Errorf("exit %d, stdout %q", code, stdout)
	}
	s.run("events", "resolve", "e", "--success", "--set", "accountIdentifier=a=b,c", "--set", "id=")
	want := []string{
		`POST /v1/events/e/resolve {"verdict":"failure","message":"Please order again."}`,
		`POST /v1/events/e/resolve {"verdict":"success","set":{"accountIdentifier":"a=b,c","id":""}}`,
	}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Error(diff)
	}
}

func TestEventsTail(t *testing.T) {
	held, first := order(), operator.Event{ID: "a", Source: "s", Type: "T", Received: noon, Phase: "settled", Told: "replied", Verdict: &operator.Verdict{Kind: "success"}, Ended: noon}
	open := held
	open.Phase, open.Why, open.Told = "open", "", "nothing"
	answers := map[string]any{"GET /v1/events": operator.Events{Events: []operator.Event{open, first}}}
	s := newStandIn(t, answers)
	var out bytes.Buffer
	f := &follower{client: operator.Dial(s.socket), filter: operator.Filter{Source: "s", Since: noon}, form: "text", out: &out}
	answer := func(path string, doc any) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.answers["GET "+path] = doc
	}
	step := func(does func(context.Context) error, want ...string) {
		t.Helper()
		out.Reset()
		if err := does(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Join(want, ""), out.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	const opened = "2026-03-01T12:00:00Z  " + orderID + "  appdirect.acme  SUBSCRIPTION_ORDER  open  DEVELOPMENT  nothing\n"
	step(func(ctx context.Context) error { return f.begin(ctx, 10) },
		"2026-03-01T12:00:00Z  a  s  T  settled  success  replied\n", opened)

	answer("/v1/events/"+orderID, operator.Story{Event: open})
	step(f.poll)

	answer("/v1/events/"+orderID, operator.Story{Event: held})
	fresh := operator.Event{ID: "c", Source: "s", Type: hostile, Received: noon, Phase: "settled", Told: "accepted", Ended: noon}
	answer("/v1/events", operator.Events{Events: []operator.Event{fresh, open, first}})
	step(f.poll,
		"2026-03-01T12:00:00Z  "+orderID+"  appdirect.acme  SUBSCRIPTION_ORDER  held  DEVELOPMENT  later  order/customer: retries are used up: 503\n",
		"2026-03-01T12:00:00Z  c  s  "+clean(hostile, "")+"  settled  accepted\n")

	done := held
	done.Phase, done.Why, done.Ended = "settled", "", noon
	done.Callback = &operator.Callback{Status: "confirmed", Attempts: []operator.Attempt{{Number: 1}}}
	answer("/v1/events/"+orderID, operator.Story{Event: done})
	f.form = "json"
	done.Callback = &operator.Callback{Status: "confirmed"}
	line, err := json.Marshal(done)
	if err != nil {
		t.Fatal(err)
	}
	step(f.poll, string(line)+"\n")
	asked := len(s.asked)
	step(f.poll)
	if diff := cmp.Diff([]string{"GET /v1/events?since=2026-03-01T12%3A00%3A00Z&source=s"}, s.asked[asked:]); diff != "" {
		t.Errorf("what has ended is asked after no more:\n%s", diff)
	}
}

func TestTailReadsOnPastOnePage(t *testing.T) {
	s := newStandIn(t, map[string]any{
		"GET /v1/events":          operator.Events{Next: "d", Events: []operator.Event{{ID: "e"}, {ID: "d"}}},
		"GET /v1/events?before=d": operator.Events{Next: "b", Events: []operator.Event{{ID: "c"}, {ID: "b"}}},
	})
	for newest, want := range map[string]string{"b": "edc", "d": "e", "e": ""} {
		f := &follower{client: operator.Dial(s.socket), newest: newest}
		fresh, err := f.fresh(t.Context())
		got := ""
		for _, e := range fresh {
			got += e.ID
		}
		if err != nil || got != want || f.newest != "e" {
			t.Errorf("after %s: %s, %v, newest %s; want %s", newest, got, err, f.newest, want)
		}
	}
}

func TestTailWatchesOnlySoMany(t *testing.T) {
	f := &follower{out: &bytes.Buffer{}}
	for range 2 {
		if err := f.take(make([]operator.Event, tailWatched)); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.watched) != tailWatched {
		t.Errorf("%d are watched", len(f.watched))
	}
}

func TestAnInterruptedTailIsNoError(t *testing.T) {
	s := newStandIn(t, map[string]any{"GET /v1/events": operator.Events{}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := &follower{client: operator.Dial(s.socket), out: &bytes.Buffer{}}
	if err := f.follow(ctx, 10); err != nil {
		t.Error(err)
	}
}

func TestMoment(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-02-28T12:00:00+01:00": time.Date(2026, 2, 28, 11, 0, 0, 0, time.UTC),
		"90m":                       noon.Add(-90 * time.Minute),
		"7d":                        noon.AddDate(0, 0, -7),
		"2026-02-28":                time.Date(2026, 2, 28, 0, 0, 0, 0, noon.Location()),
	} {
		if got, err := moment(text, noon); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "-1h", "-7d", "7", "2026-02-30", "99999999999d"} {
		if got, err := moment(text, noon); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"plain, Grüße, 日本 \\n":     "plain, Grüße, 日本 \\n",
		"a\x1b[31mb\u009bc\x7f":    `a\u001b[31mb\u009bc\u007f`,
		"line\nbreak\ttab\r":       `line\u000abreak\u0009tab\u000d`,
		"\u202eturned\u2066\u200b": `\u202eturned\u2066\u200b`,
		"\U000e0041tag":            `\udb40\udc41tag`,
		"no\xffutf-8 \ufffd":       `no\ufffdutf-8 \ufffd`,
	} {
		if got := clean(text, ""); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := clean("kept\nline\x1b", "\n"); got != "kept\nline\\u001b" {
		t.Errorf("with line breaks kept: %q", got)
	}
}
