package daemon_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

// maxDocument is the largest event that is read, by default.
const maxDocument = 1 << 20

const (
	bomb = `<?xml version="1.0"?><!DOCTYPE event [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">` +
		`<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><event><type>&d;</type></event>`
	external = `<?xml version="1.0"?><!DOCTYPE event [<!ENTITY x SYSTEM "file:///etc/passwd">]><event><type>&x;</type></event>`
)

// zipped makes a small answer of a large document.
func zipped(t *testing.T, document string) page {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(document)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return page{body: out.String(), header: map[string]string{"Content-Encoding": "gzip"}}
}

// TestBadDocument has the marketplace answer a fetch, for good, with what is no
// event.
func TestBadDocument(t *testing.T) {
	r := startRig(t, rigConfig)
	told := func(code, message string) answer {
		return answer{http.StatusOK, `{"success":false,"errorCode":"` + code + `","message":"` + message + `"}`}
	}
	unreadable := told("INVALID_RESPONSE", "The event could not be read.")
	foreign := told("UNKNOWN_ERROR", "The event does not belong to the marketplace that sent it.")
	missing := told("NOT_FOUND", "The event was not found at the marketplace.")
	failed := told("UNKNOWN_ERROR", "The request could not be completed. Please contact the vendor's support.")
	deep := func(open, close string, levels int) string {
		return strings.Repeat(open, levels) + strings.Repeat(close, levels)
	}
	inPayload := func(value string) string {
		return strings.Replace(r.market.order(""), `"payload":{`, `"payload":{"a":`+value+`,`, 1)
	}
	xml := func(inner string) string {
		return `<event><type>SUBSCRIPTION_ORDER</type><payload>` + inner + `</payload></event>`
	}

	var cases []badCase
	for _, c := range []struct {
		name string
		page page
		want answer
		why  string
	}{
		{"unreadable JSON", page{body: `{"type":"SUBSCRIPTION_ORDER",`}, unreadable, "reading JSON"},
		{"JSON with something behind it", page{body: r.market.order("") + "{}"}, unreadable, "something follows the document"},
		{"unreadable XML", page{body: `<event><type>SUBSCRIPTION_ORDER</event>`}, unreadable, "reading XML"},
		{"XML that ends too early", page{body: `<event><type>SUBSCRIPTION_ORDER</type>`}, unreadable, "reading XML"},
		{"neither", page{body: `SUBSCRIPTION_ORDER`}, unreadable, "neither JSON nor XML"},
		{"nothing", page{}, unreadable, "the document is empty"},
		{"an error page", page{body: `<!DOCTYPE html><html><body>Maintenance</body></html>`}, unreadable, "a document type is not allowed"},
		{"no type", page{body: `{"payload":{}}`}, unreadable, "the event has no type"},
		{"payload that is a list", page{body: `{"type":"SUBSCRIPTION_ORDER","payload":[1]}`}, unreadable, "payload is not an object"},
		{"1 MiB and a byte", page{body: r.market.sized(maxDocument + 1)}, unreadable, "larger than max_event_size"},
		{"8 MiB, zipped small", zipped(t, r.market.sized(8<<20)), unreadable, "larger than max_event_size"},
		{"XML bomb", page{body: bomb}, unreadable, "a document type is not allowed"},
		{"external entity", page{body: external}, unreadable, "a document type is not allowed"},
		{"entity that nobody declared", page{body: xml(`<a>&lol;</a>`)}, unreadable, "reading XML"},
		{"JSON nested 100 deep", page{body: inPayload(deep(`[`, `]`, 100))}, unreadable, "nested deeper than 64 levels"},
		{"JSON nested 90,000 deep", page{body: inPayload(deep(`[`, `]`, 90_000))}, unreadable, "reading JSON"},
		{"JSON nested 400,000 deep", page{body: inPayload(deep(`[`, `]`, 400_000))}, unreadable, "more than 100000 values"},
		{"XML nested 100 deep", page{body: xml(deep(`<a>`, `</a>`, 100))}, unreadable, "nested deeper than 64 levels"},
		{"XML nested 40,000 deep", page{body: xml(deep(`<a>`, `</a>`, 40_000))}, unreadable, "nested deeper than 64 levels"},
		{"XML nested 100,000 deep", page{body: xml(deep(`<a>`, `</a>`, 100_000))}, unreadable, "more than 100000 values"},
		{"event of another marketplace", page{body: strings.Replace(r.market.order(""), r.market.URL, "https://other.example", 1)}, foreign, "names the marketplace"},
		{"event of no marketplace", page{body: `{"type":"SUBSCRIPTION_ORDER","payload":{}}`}, foreign, "names the marketplace"},
		{"404", page{status: http.StatusNotFound}, missing, "answered 404"},
		{"410", page{status: http.StatusGone}, failed, "answered 410"},
		{"400", page{status: http.StatusBadRequest, body: "no\x1b[31m"}, told("UNKNOWN_ERROR", "The marketplace did not hand out the event."), `answered 400 Bad Request: "no\x1b[31m"`},
	} {
		token := "bad-" + strings.ReplaceAll(strings.ReplaceAll(c.name, " ", "-"), ",", "")
		r.market.has(token, c.page)
		cases = append(cases, badCase{
			name: c.name, want: c.want, fetches: 1,
			send: func(t *testing.T, r *rig) answer { return r.send(t, r.notice(t, "/appdirect", token)) },
			log:  entry{"warn", "the event can't be had", map[string]string{"address": r.market.address(token), "error": c.why}},
		})
	}
	r.run(t, cases)
}

// TestLargestDocument is the other side of the limit.
func TestLargestDocument(t *testing.T) {
	r := startRig(t, rigConfig)
	r.market.has("order-large", page{body: r.market.sized(maxDocument)})
	before := r.tally(t)
	got := r.send(t, r.notice(t, "/appdirect", "order-large"))
	if diff := cmp.Diff(answer{http.StatusOK, `{"success":true,"accountIdentifier":"account-1"}`}, got); diff != "" {
		t.Errorf("the caller is told otherwise (-want +got):\n%s", diff)
	}
	r.expectSince(t, before, tally{Events: 1, Runs: 1, Fetches: 1})
}

// waiting is the answer of a notice that is kept, its event not known yet.
var waiting = answer{http.StatusAccepted, `{"success":true,"message":"The request was accepted and is being processed."}`}

// TestFetchThatFailsForNow has the marketplace fail once. The caller is told to
// wait, the notice is in the journal by then, and once the marketplace is well
// the event runs once, and its result is posted.
func TestFetchThatFailsForNow(t *testing.T) {
	r := startRig(t, rigConfig)
	var strayed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer elsewhere.Close()

	for _, c := range []struct {
		name string
		path string
		page page
		why  string
		// alarm is the failure event that tells operators of it, or "".
		alarm string
	}{
		{"401", "/appdirect", page{status: http.StatusUnauthorized}, "answered 401", router.TypeFetchUnauthorized},
		{"403", "/appdirect", page{status: http.StatusForbidden}, "answered 403", router.TypeFetchUnauthorized},
		{"429", "/appdirect", page{status: http.StatusTooManyRequests}, "answered 429", ""},
		{"500", "/appdirect", page{status: http.StatusInternalServerError}, "answered 500", ""},
		{"redirect to another host", "/appdirect", page{status: http.StatusFound, header: map[string]string{"Location": elsewhere.URL + eventsPath + "x"}}, "answered 302", ""},
		{"connection that breaks", "/appdirect", page{broken: true}, "unexpected EOF", ""},
		{"no answer in time", "/hasty", page{silent: true}, "deadline exceeded", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, gate := "later-"+strings.ReplaceAll(c.name, " ", "-"), make(chan struct{})
			r.market.has(token, c.page, page{body: r.market.order(""), gate: gate})
			before, mark := r.tally(t), r.log.mark()

			if diff := cmp.Diff(waiting, r.send(t, r.notice(t, c.path, token))); diff != "" {
				t.Errorf("the caller is told otherwise (-want +got):\n%s", diff)
			}
			rec := r.event(t, token)
			if rec.State.Phase != router.Noticed || r.receiver.count() != before.Runs {
				t.Errorf("the caller was told to wait, and the journal has %+v; %d runs", rec.State, r.receiver.count()-before.Runs)
			}
			if again := r.send(t, r.notice(t, c.path, token)); again != waiting {
				t.Errorf("a repeat meanwhile is told %+v", again)
			}

			close(gate)
			if got, want := r.market.result(t, token), `{"success":true,"accountIdentifier":"account-1"}`; got != want {
				t.Errorf("the result is %s, not %s", got, want)
			}
			story := r.story(t, token)
			if s := story.State; s.Phase != router.Settled || s.Verdict.Kind != router.Success || s.Callback.Status != router.CallbackConfirmed {
				t.Errorf("the event ends as %+v", s)
			}
			r.expectSince(t, before, tally{Events: 1 + len(story.Caused), Runs: 1, Fetches: 2})
			r.expectAlarm(t, story, c.alarm)
			if a := story.Attempts; len(a) != 4 || a[0].Delivery != router.FetchAttempt || !strings.Contains(a[0].Message, c.why) || a[1].Outcome != router.Succeeded {
				t.Errorf("the journal has the attempts %+v; wanted a fetch that failed with %q, one that did not, a delivery and a callback", a, c.why)
			}
			r.log.expect(t, mark, 1, entry{"info", "accepted", map[string]string{"phase": string(router.Noticed), "event": story.Event.ID}})
			r.log.expect(t, mark, 1, entry{"warn", "fetch", map[string]string{"detail": c.why, "event": story.Event.ID}})
		})
	}
	if n := strayed.Load(); n > 0 {
		t.Errorf("a redirect was followed %d times", n)
	}
}

// expectAlarm wants the one failure event that an event has caused, or none.
func (r *rig) expectAlarm(t *testing.T, story *router.Story, alarm string) {
	t.Helper()
	var got, want []string
	for _, id := range story.Caused {
		caused, err := r.Story(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, caused.Event.Type)
	}
	if alarm != "" {
		want = []string{alarm}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the failure events (-want +got):\n%s", diff)
	}
}

// TestFetchThatFailsForNowAndThenForGood has an answer owed, since the caller
// was told to wait, and nothing to run.
func TestFetchThatFailsForNowAndThenForGood(t *testing.T) {
	r := startRig(t, rigConfig)
	for _, c := range []struct {
		name   string
		page   page
		phase  router.Phase
		result string
		alarm  string
	}{
		{"404", page{status: http.StatusNotFound}, router.Settled,
			`{"success":false,"errorCode":"NOT_FOUND","message":"The event was not found at the marketplace."}`, router.TypeFetchFailed},
		{"an unreadable document", page{body: "{"}, router.Settled,
			`{"success":false,"errorCode":"INVALID_RESPONSE","message":"The event could not be read."}`, router.TypeFetchFailed},
		{"410", page{status: http.StatusGone}, router.Elsewhere, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			token := "never-" + strings.ReplaceAll(c.name, " ", "-")
			gate := make(chan struct{})
			c.page.gate = gate
			r.market.has(token, page{status: http.StatusServiceUnavailable}, c.page)
			before, mark := r.tally(t), r.log.mark()
			if diff := cmp.Diff(waiting, r.send(t, r.notice(t, "/appdirect", token))); diff != "" {
				t.Errorf("the caller is told otherwise (-want +got):\n%s", diff)
			}
			close(gate)
			if c.result != "" {
				if got := r.market.result(t, token); got != c.result {
					t.Errorf("the result is %s, not %s", got, c.result)
				}
			}
			story := r.story(t, token)
			if story.State.Phase != c.phase {
				t.Errorf("the event ends as %+v, not %s", story.State, c.phase)
			}
			r.expectAlarm(t, story, c.alarm)
			r.expectSince(t, before, tally{Events: 1 + len(story.Caused), Fetches: 2})
			r.log.expect(t, mark, 1, entry{"warn", "fetch", map[string]string{"detail": "answered 503", "event": story.Event.ID}})
		})
	}
}
