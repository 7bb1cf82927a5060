package daemon_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
)

// soakSample is one look at the daemon.
type soakSample struct {
	at         time.Time
	life       int
	overdue    time.Duration
	goroutines int
	footprint  footprint
	err        error // where it could not be looked at
}

// watch looks at the daemon ten times a second.
func (s *soak) watch(done <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		sample := soakSample{at: time.Now(), life: s.lives}
		s.mu.Unlock()
		metrics, err := scrape(s.socket())
		if err == nil {
			var seconds float64
			seconds, err = strconv.ParseFloat(metrics["signalbox_oldest_overdue_seconds"], 64)
			sample.overdue = time.Duration(seconds * float64(time.Second))
			sample.goroutines, _ = strconv.Atoi(metrics["go_goroutines"])
		}
		if err == nil {
			sample.footprint, err = s.footprint()
		}
		sample.err = err
		s.mu.Lock()
		s.samples = append(s.samples, sample)
		s.mu.Unlock()
	}
}

// expectOnTime wants nothing to have been overdue at any sample, but for those
// right after a kill.
func (s *soak) expectOnTime(t *testing.T) {
	t.Helper()
	caughtUp, begun, worst := 0, s.samples[0].at, time.Duration(0)
	for i, sample := range s.samples {
		if i > 0 && sample.life != s.samples[i-1].life {
			begun = sample.at
		}
		switch {
		case sample.life > caughtUp || sample.err != nil: // the life before was killed
			if sample.err == nil && sample.overdue < onTime {
				caughtUp = sample.life
			} else if late := sample.at.Sub(begun); late > catchUp {
				t.Errorf("%s after a start, work is late by %s, %v", late, sample.overdue, sample.err)
			}
		default:
			worst = max(worst, sample.overdue)
		}
	}
	if worst >= onTime {
		t.Errorf("work was overdue by %s", worst)
	}
	t.Logf("%d looks at %d lives: work was never late by more than %s", len(s.samples), s.lives+1, worst)
}

// expectNoGrowth compares the last third of the last life with its first.
func (s *soak) expectNoGrowth(t *testing.T) {
	t.Helper()
	last := slices.DeleteFunc(slices.Clone(s.samples), func(x soakSample) bool { return x.life < s.lives || x.err != nil })
	third := len(last) / 3
	if third == 0 {
		t.Fatalf("%d looks at the last life", len(last))
	}
	for what, of := range map[string]func(soakSample) int{
		"goroutines": func(x soakSample) int { return x.goroutines },
		"open files": func(x soakSample) int { return x.footprint.files },
	} {
		middle := func(samples []soakSample) int {
			var values []int
			for _, x := range samples {
				values = append(values, of(x))
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		// What is under way at one moment varies by some events.
		const swing = 40
		from, to := middle(last[:third]), middle(last[len(last)-third:])
		if to > from+from/4+swing {
			t.Errorf("%s grew from %d to %d", what, from, to)
		}
		t.Logf("%s: %d in the first third, %d in the last", what, from, to)
	}
	peak := slices.MaxFunc(s.samples, func(a, b soakSample) int { return int(a.footprint.peak - b.footprint.peak) }).footprint.peak
	t.Logf("at most %d MB resident", peak/1e6)
}

// expectAllEnded compares what callers were told with the journal, and that with
// what took effect.
func (s *soak) expectAllEnded(t *testing.T) {
	t.Helper()
	byName, effects := map[string][]router.Record{}, s.sink.deliveries()
	var succeeded []string
	for _, r := range s.records(t) {
		name := r.Event.Notice.Token
		if strings.HasPrefix(r.Event.Source, "subscriptionbridge") {
			var payload struct{ GUID string }
			if err := json.Unmarshal(r.Event.Payload, &payload); err != nil {
				t.Fatal(err)
			}
			name = payload.GUID
		}
		if !r.State.Finished() {
			t.Errorf("%s is %s: %+v", name, r.State.Phase, r.State)
		}
		if abandoned(r) {
			continue
		}
		byName[name] = append(byName[name], r)
		for _, d := range r.State.Deliveries {
			id := r.Event.ID + "/" + d.Name
			if d.Status == router.DoneSucceeded {
				succeeded = append(succeeded, id)
			} else if d.MayHaveRun { // and the journal says so
				effects = slices.DeleteFunc(effects, func(e string) bool { return e == id })
			}
		}
	}
	for name, told := range s.tellings {
		if told == subscriptionbridge.StatusError && len(byName[name]) == 0 {
			continue // it was not taken in
		}
		if len(byName[name]) != 1 {
			t.Errorf("%s was told %s, and the journal has %d such events", name, told, len(byName[name]))
			continue
		}
		if told == "later" {
			told = s.bazaar.result(name)
		}
		_, callsBack := s.bazaar.results[name]
		success := byName[name][0].State.Verdict != nil && byName[name][0].State.Verdict.Kind != router.Error
		switch kind, _, _ := strings.Cut(name, "."); {
		case strings.HasPrefix(name, "GUID"):
			if told != subscriptionbridge.StatusWarning && (told == subscriptionbridge.StatusSuccess) != success { // a warning may be "accepted"
				t.Errorf("%s was told %s; its verdict is %+v", name, told, byName[name][0].State.Verdict)
			}
		case kind == "notice": // "accepted", which is a success, may be all that it is told
		case told == "":
			t.Errorf("%s was told to wait, and nothing more: %+v", name, byName[name][0].State)
		default:
			if !strings.HasPrefix(told, fmt.Sprintf(`{"success":%t`, success)) {
				t.Errorf("%s was told %s (called back: %t); its verdict is %+v", name, told, callsBack, byName[name][0].State.Verdict)
			}
		}
	}
	slices.Sort(succeeded)
	if diff := cmp.Diff(succeeded, effects); diff != "" {
		t.Errorf("the deliveries that succeeded, and those that took effect (-journal +sink):\n%s", diff)
	}
	s.sink.expectInOrder(t, s.records(t))
	t.Logf("%d callers told, %d repeats, %d deliveries succeeded in %d calls", len(s.tellings), s.repeats, len(succeeded), s.sink.calls.Load())
}
