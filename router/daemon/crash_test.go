package daemon_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/journal/journaltest"
	"github.com/signalbox/signalbox/router/internal/simulate"
	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
)

// TestCrashAtEachFlush kills the daemon at a flush, at another one each time,
// while callers call, and starts it again. Whoever was told anything but "not
// now" has one event, and it ends as its caller was told; each of its deliveries
// took effect, under one key.
func TestCrashAtEachFlush(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil && os.Getenv("CI") == "" {
		t.Skip("without strace nothing dies at a flush: ", err)
	}
	for cut := range journaltest.Cuts(t) {
		t.Run(strconv.Itoa(cut), func(t *testing.T) {
			t.Parallel()
			c := newCrash(t, cut)
			died := c.firstLife(t, flush(cut))
			c.call(died)
			<-died.Done()
			c.rig.restart(t)
			c.callers.Wait() // those who were told "later", too
			c.callAgain(t)
			c.expectFinished(t)
			c.rig.stop()
			expectSound(t, filepath.Join(c.rig.dir, "state", "journal.db"))
			t.Logf("at flush %d, %d marketplaces and %d stores had called", flush(cut), len(c.orders), len(c.store))
			if t.Failed() {
				t.Logf("the first life said:\n%s", c.log.String())
			}
		})
	}
}

// flush says at which flush of a thread the daemon dies: every fifth time at one
// of those that make the journal, else while callers call.
func flush(cut int) int {
	const making, working = 15, 40
	if cut%5 == 0 {
		return 1 + cut/5%making
	}
	return 1 + making + cut*7%working
}

// callAgain has those marketplaces call again that were told nothing, or "not
// now": they get the one answer then.
func (c *crash) callAgain(t *testing.T) {
	t.Helper()
	for i, x := range c.orders {
		if x.err == nil && !notNow(x.Result) {
			continue
		}
		if x.Status == http.StatusAccepted {
			t.Errorf("event %s was answered 202, and no result came: %v", x.Event.Token, x.err)
			continue
		}
		again, err := c.market.Send(t.Context(), c.rig.public+"/appdirect", x.Event)
		refused := x.err == nil // "not now" is a result: it used up the event
		if err != nil || !refused && notNow(again.Result) {
			t.Errorf("event %s, whose caller was told nothing (%v), is answered %+v, %v", x.Event.Token, x.err, again.Result, err)
			continue
		}
		c.orders[i] = told{Exchange: again, refused: refused}
	}
}

// notNow: the event was not taken in, which the caller can tell by nothing but
// the words.
func notNow(r *simulate.Result) bool {
	return !r.Success && strings.Contains(r.Message, "busy at the moment")
}

// expectFinished waits until nothing is left to do, and compares the journal
// with what was told and what was done.
func (c *crash) expectFinished(t *testing.T) {
	t.Helper()
	c.rig.eventually(t, func() error {
		left, err := c.rig.Events(t.Context(), router.Query{Unfinished: true, Bare: true})
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d events are unfinished; one is %+v", len(left), left[0])
		}
		return err
	})
	tokens, guids := map[string][]router.Record{}, map[string][]router.Record{}
	runs := map[string]bool{}
	for _, rec := range c.rig.events(t) {
		switch rec.Event.Source {
		case "appdirect.market":
			tokens[rec.Event.Notice.Token] = append(tokens[rec.Event.Notice.Token], rec)
		case "subscriptionbridge.store":
			var payload struct{ GUID string }
			if err := json.Unmarshal(rec.Event.Payload, &payload); err != nil {
				t.Fatal(err)
			}
			guids[payload.GUID] = append(guids[payload.GUID], rec)
		}
		for _, d := range rec.State.Deliveries {
			if d.Status == router.DoneSucceeded {
				runs[rec.Event.ID+"/"+d.Name] = true
			}
		}
	}
	for _, x := range c.orders {
		if x.Result == nil {
			continue // it has been complained of
		}
		if x.refused && !x.Result.Success {
			expectNothingRun(t, x.Event.Token, tokens[x.Event.Token])
			continue
		}
		expectOne(t, "the event "+x.Event.Token, x.Result.Success, x.Result.AccountIdentifier, tokens[x.Event.Token])
	}
	for _, x := range c.store {
		if x.Status == subscriptionbridge.StatusError {
			t.Errorf("%s was answered %s", x.GUID, x.Body)
			continue
		}
		expectOne(t, x.GUID, true, "", guids[x.GUID])
	}
	for token, records := range tokens {
		if n := len(slices.DeleteFunc(slices.Clone(records), abandoned)); n > 1 {
			t.Errorf("the event %s is there %d times", token, n)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(runs)), c.effects.deliveries(t)); diff != "" {
		t.Errorf("the deliveries that succeeded, and those that took effect (-journal +effects):\n%s", diff)
	}
}

func abandoned(r router.Record) bool { return r.State.Phase == router.Abandoned }

// expectNothingRun wants what landed behind the back of a refused caller to be
// abandoned.
func expectNothingRun(t *testing.T, token string, records []router.Record) {
	t.Helper()
	for _, r := range records {
		if !abandoned(r) {
			t.Errorf("the event %s was refused as \"not now\", and is %s", token, r.State.Phase)
		}
	}
}

// expectOne wants one settled event, with the content that was told.
func expectOne(t *testing.T, what string, success bool, account string, records []router.Record) {
	t.Helper()
	if len(records) != 1 || records[0].State.Phase != router.Settled {
		t.Errorf("%s was answered, and the journal has %+v", what, records)
		return
	}
	v := records[0].State.Verdict
	var reply struct{ AccountIdentifier string }
	if len(v.Reply) > 0 {
		if err := json.Unmarshal(v.Reply, &reply); err != nil {
			t.Fatal(err)
		}
	}
	if (v.Kind == router.Success) != success || reply.AccountIdentifier != account {
		t.Errorf("%s was told success %v, account %q; its verdict is %+v with %s", what, success, account, v, v.Reply)
	}
	for _, d := range records[0].State.Deliveries {
		if d.Status != router.DoneSucceeded {
			t.Errorf("%s is settled, and its delivery %s is %s", what, d.Name, d.Status)
		}
	}
}
