package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

func TestEventsDiscard(t *testing.T) {
	s := newStandIn(t, map[string]any{"POST /v1/events/e/discard": operator.Discarded{
		Deliveries: []string{"order/company", "order/welcome"}, Warnings: []string{"its caller is never told what became of the event"},
	}})
	const warning = "Warning: its caller is never told what became of the event\n"
	stdout, stderr, code := s.run("events", "discard", "e")
	if code != exitOK || stderr != warning || stdout != "It would end: order/company, order/welcome.\nNothing was done: add --yes to do it.\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	stdout, stderr, code = s.run("events", "discard", "e", "--yes", "--reason", "a test")
	if code != exitOK || stderr != warning || stdout != "Discarded; ended: order/company, order/welcome. See it: signalbox events show e\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	want := []string{`POST /v1/events/e/discard {"preview":true}`, `POST /v1/events/e/discard {"reason":"a test"}`}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Error(diff)
	}
	s.answers["POST /v1/events/e/discard"] = operator.Refusal{Error: "the event is finished"}
	if stdout, stderr, code = s.run("events", "discard", "e", "--yes"); code != exitNo || stdout != "" || stderr != "signalbox: the event is finished\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// three are the events that match, newest first; the daemon's answers for them.
func three() map[string]any {
	settled := "the event is settled: its effects may change, but the marketplace can't be told anew"
	event := func(id, phase string) operator.Event {
		return operator.Event{ID: id, Type: "T", Received: noon, Phase: phase, Told: "later"}
	}
	return map[string]any{
		"GET /v1/events":            operator.Events{Events: []operator.Event{event("d", "open"), event("c", "held"), event("b", "settled"), event("a", "settled")}},
		"POST /v1/events/a/replay":  operator.Replayed{Deliveries: []string{"order/x", "order/y"}, Warnings: []string{settled}},
		"POST /v1/events/b/replay":  operator.Refusal{Error: "nothing of it would run again"},
		"POST /v1/events/c/replay":  operator.Replayed{Deliveries: []string{}, Warnings: []string{}},
		"POST /v1/events/d/replay":  operator.Refusal{Error: "only held and settled events can be replayed"},
		"POST /v1/events/a/discard": operator.Refusal{Error: "the event is finished"},
		"POST /v1/events/b/discard": operator.Discarded{Deliveries: []string{"order/x"}},
		"POST /v1/events/c/discard": operator.Discarded{},
		"POST /v1/events/d/discard": operator.Discarded{},
	}
}

func TestBulk(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		code   int
		stdout string
		stderr string
		did    []string // what was asked, the previews aside
	}{
		"a preview": {
			args: []string{"replay", "--since", "2026-03-01T00:00:00Z", "--fresh-key"},
			stdout: `ID  RECEIVED              TYPE  PHASE    DELIVERIES
a   2026-03-01T12:00:00Z  T     settled  order/x, order/y
c   2026-03-01T12:00:00Z  T     held     -
Left out: 1 event: nothing of it would run again
Left out: 1 event: only held and settled events can be replayed
2 events would be replayed, with 2 deliveries. Nothing was done: add --yes to do it.
`,
			stderr: "Warning: 1 event: the event is settled: its effects may change, but the marketplace can't be told anew\n",
		},
		"done": {
			args: []string{"replay", "--type", "T", "--yes", "--delivery", "order/x"},
			stdout: `Left out: 1 event: nothing of it would run again
Left out: 1 event: only held and settled events can be replayed
1/2  a  T  replayed  order/x, order/y
2/2  c  T  replayed  -
2 of 2 events replayed, 0 failed.
`,
			stderr: "Warning: 1 event: the event is settled: its effects may change, but the marketplace can't be told anew\n",
			did:    []string{`POST /v1/events/a/replay {"deliveries":["order/x"]}`, `POST /v1/events/c/replay {"deliveries":["order/x"]}`},
		},
		"discarded": {
			args: []string{"discard", "--phase", "held", "--yes"},
			stdout: `Left out: 1 event: the event is finished
1/3  b  T  discarded  order/x
2/3  c  T  discarded  -
3/3  d  T  discarded  -
3 of 3 events discarded, 0 failed.
`,
			did: []string{"POST /v1/events/b/discard {}", "POST /v1/events/c/discard {}", "POST /v1/events/d/discard {}"},
		},
		"an ID and a filter": {args: []string{"replay", "e", "--phase", "held"}, code: exitUsage, stderr: "signalbox: give an event's ID, or filters, not both\n"},
		"neither":            {args: []string{"discard", "--yes"}, code: exitUsage, stderr: "signalbox: give the ID of the event to discard, or say which events are meant: --phase held --since 2h\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStandIn(t, three())
			stdout, stderr, code := s.run(append([]string{"events"}, test.args...)...)
			if diff := cmp.Diff(test.stdout, stdout); diff != "" || code != test.code {
				t.Errorf("exit %d, stdout (-want +got):\n%s", code, diff)
			}
			if diff := cmp.Diff(test.stderr, stderr); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
			var did []string
			for _, asked := range s.asked {
				if strings.HasPrefix(asked, "POST") && !strings.Contains(asked, `"preview":true`) {
					did = append(did, asked)
				}
			}
			if diff := cmp.Diff(test.did, did); diff != "" {
				t.Errorf("done (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBulkAsJSON(t *testing.T) {
	s := newStandIn(t, three())
	stdout, stderr, code := s.run("events", "replay", "--phase", "held", "-o", "json")
	var report bulkReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != exitOK || stderr != "" {
		t.Fatalf("exit %d, %v, %s%s", code, err, stdout, stderr)
	}
	if report.Done || report.LeftOut != 2 || len(report.Events) != 4 || report.Events[0].ID != "a" || len(report.Events[0].Deliveries) != 2 || report.Events[3].LeftOut == "" {
		t.Errorf("%s", stdout)
	}
}

// What fails for one event stops no other, and shows in the exit code.
func TestBulkGoesOnAfterAFailure(t *testing.T) {
	s := newStandIn(t, three())
	s.refuseOnce = "POST /v1/events/a/replay {}"
	stdout, stderr, code := s.run("events", "replay", "--phase", "held", "--yes")
	if code != exitNo || !strings.Contains(stdout, "1/2  a  T  failed: not now\n2/2  c  T  replayed  -\n1 of 2 events replayed, 1 failed.\n") ||
		!strings.HasSuffix(stderr, "signalbox: 1 event could not be replayed\n") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestBulkHasACap(t *testing.T) {
	s := newStandIn(t, map[string]any{"GET /v1/events": operator.Events{Events: []operator.Event{{ID: "a", Received: time.Now()}}, Next: "a"}})
	_, stderr, code := s.run("events", "replay", "--phase", "held", "--yes")
	if code != exitUsage || !strings.Contains(stderr, "more than 1000 events match") || len(s.asked) != 1 {
		t.Errorf("exit %d, stderr %q, asked %q", code, stderr, s.asked)
	}
	if want := fmt.Sprintf("GET /v1/events?limit=%d&phase=held", bulkAtMost); s.asked[0] != want {
		t.Errorf("asked %s, want %s", s.asked[0], want)
	}
}

func TestBulkWithNone(t *testing.T) {
	s := newStandIn(t, map[string]any{"GET /v1/events": operator.Events{}})
	if stdout, stderr, code := s.run("events", "discard", "--lane", "l"); stdout != "No events to discard.\n" || stderr != "" || code != exitOK {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}
