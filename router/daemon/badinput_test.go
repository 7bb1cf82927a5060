package daemon_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

// badCase is something that nobody should send: what the caller is told, what
// the log says, and that nothing has come of it.
type badCase struct {
	name string
	send func(t *testing.T, r *rig) answer
	want answer
	log  entry
	// fetches counts the looks that the daemon took at the marketplace.
	fetches int
}

// run makes the cases one after the other, and then shows that the daemon
// still serves, and that the rig would have seen it run something.
func (r *rig) run(t *testing.T, cases []badCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before, mark := r.tally(t), r.log.mark()
			if diff := cmp.Diff(c.want, c.send(t, r)); diff != "" {
				t.Errorf("the caller is told otherwise (-want +got):\n%s", diff)
			}
			r.log.expect(t, mark, 1, c.log)
			r.expectSince(t, before, tally{Fetches: c.fetches})
		})
	}
	r.serves(t, "order-after-all")
}

// refusedBy is the one log line of a refused request.
func refusedBy(source, why string) entry {
	return entry{"warn", "refused", map[string]string{"source": source, "error": why}}
}

func TestBadNotification(t *testing.T) {
	r := startRig(t, rigConfig)
	const token = "order-never-fetched"
	r.market.has(token, page{body: r.market.order("")})

	unauthorized := answer{http.StatusUnauthorized,
		`{"success":false,"errorCode":"UNAUTHORIZED","message":"The notification's credentials were not accepted."}`}
	unreadable := answer{http.StatusOK,
		`{"success":false,"errorCode":"UNKNOWN_ERROR","message":"The notification does not name an event that this service may read."}`}
	// signed is a notification of the honest event, signed wrongly.
	signed := func(key, secret string, clock time.Duration) func(*testing.T, *rig) answer {
		return func(t *testing.T, r *rig) answer {
			sign := signer()
			sign.Key, sign.Secret = key, router.NewSecret([]byte(secret))
			sign.Now = func() time.Time { return time.Now().Add(clock) }
			return r.send(t, r.notify(t, "/appdirect", r.market.address(token), sign))
		}
	}
	// named is a notification, signed well, of an event at this address.
	named := func(address string) func(*testing.T, *rig) answer {
		return func(t *testing.T, r *rig) answer { return r.send(t, r.notify(t, "/appdirect", address, signer())) }
	}
	// changed is an honest notification with something done to it.
	changed := func(change func(*http.Request)) func(*testing.T, *rig) answer {
		return func(t *testing.T, r *rig) answer {
			req := r.notice(t, "/appdirect", token)
			change(req)
			return r.send(t, req)
		}
	}
	host := strings.TrimPrefix(r.market.URL, "http://")
	refused := func(why string) entry { return refusedBy("appdirect.market", why) }

	r.run(t, []badCase{
		{name: "wrong signature", send: signed(consumerKey, "not-the-secret", 0), want: unauthorized, log: refused("mismatch")},
		{name: "unknown consumer", send: signed("somebody-else", consumerSecret, 0), want: unauthorized, log: refused("unknown consumer")},
		{name: "stale timestamp", send: signed(consumerKey, consumerSecret, -6*time.Minute), want: unauthorized, log: refused("stale")},
		{name: "timestamp of the future", send: signed(consumerKey, consumerSecret, 6*time.Minute), want: unauthorized, log: refused("stale")},
		{name: "no signature", send: changed(func(req *http.Request) { req.Header.Del("Authorization") }), want: unauthorized, log: refused("missing")},
		{name: "garbled signature", send: changed(func(req *http.Request) { req.Header.Set("Authorization", `OAuth oauth_nonce="`) }), want: unauthorized, log: refused("malformed")},
		{name: "signature of another event", send: changed(func(req *http.Request) { req.URL.RawQuery += "x" }), want: unauthorized, log: refused("mismatch")},
		{name: "parameter that was not signed", send: changed(func(req *http.Request) { req.URL.RawQuery += "&admin=1" }), want: unauthorized, log: refused("mismatch")},

		{name: "foreign host", send: named("http://evil.example" + eventsPath + token), want: unreadable, log: refused("not one of the configured marketplaces")},
		{name: "host that begins like the marketplace's", send: named(r.market.URL + ".evil.example" + eventsPath + token), want: unreadable, log: refused("it can't be parsed")},
		{name: "another port", send: named("http://127.0.0.1:1" + eventsPath + token), want: unreadable, log: refused("not one of the configured marketplaces")},
		{name: "another path", send: named(r.market.URL + "/api/account/v1/users/1"), want: unreadable, log: refused("the path is not that of an event")},
		{name: "path that climbs", send: named(r.market.URL + eventsPath + "../../account"), want: unreadable, log: refused("the path is not that of an event")},
		{name: "credentials in the address", send: named("http://user:hunter2@" + host + eventsPath + token), want: unreadable, log: refused("it holds credentials")},
		{name: "marketplace as the credentials", send: named(r.market.URL + "@evil.example" + eventsPath + token), want: unreadable, log: refused("reading the event address")},
		{name: "https in place of http", send: named("https://" + host + eventsPath + token), want: unreadable, log: refused("not one of the configured marketplaces")},
		{name: "scheme file", send: named("file:///etc/passwd"), want: unreadable, log: refused("not an absolute http or https address")},
		{name: "scheme ftp", send: named("ftp://" + host + eventsPath + token), want: unreadable, log: refused("not an absolute http or https address")},
		{name: "scheme gopher", send: named("gopher://" + host + eventsPath + token), want: unreadable, log: refused("not an absolute http or https address")},
		{name: "no scheme", send: named(host + eventsPath + token), want: unreadable, log: refused("reading the event address")},
		{name: "no address", send: named(""), log: refused("reading the event address: no parameter of event_parameters or token_parameters holds it"), want: answer{http.StatusOK,
			`{"success":false,"errorCode":"CONFIGURATION_ERROR","message":"The notification does not name an event that this service may read."}`}},

		{name: "POST", send: changed(func(req *http.Request) { req.Method = http.MethodPost }), want: answer{Status: http.StatusMethodNotAllowed}, log: refused("must be a GET")},
		{name: "path that no source serves", log: entry{"warn", "no source is served at this path", map[string]string{"path": "/appdirectory"}},
			send: func(t *testing.T, r *rig) answer { return r.send(t, r.notice(t, "/appdirectory", token)) },
			want: answer{http.StatusNotFound, "404 page not found\n"}},
	})
	if strings.Contains(r.log.text(), "hunter2") {
		t.Error("the log holds the password of an event address")
	}
}

// TestRepeatedNotification sends one request to the byte again and again.
func TestRepeatedNotification(t *testing.T) {
	r := startRig(t, rigConfig)
	want := answer{http.StatusOK, `{"success":true,"accountIdentifier":"account-1"}`}

	r.market.has("order-again", page{body: r.market.order("")})
	repeated := r.notice(t, "/appdirect", "order-again")

	t.Run("after the answer", func(t *testing.T) {
		before := r.tally(t)
		first := r.send(t, repeated)
		mark := r.log.mark()
		second := r.send(t, repeated.Clone(t.Context()))
		if diff := cmp.Diff([]answer{want, want}, []answer{first, second}); diff != "" {
			t.Errorf("the callers are told otherwise (-want +got):\n%s", diff)
		}
		r.expectSince(t, before, tally{Events: 1, Runs: 1, Fetches: 1})
		r.log.expect(t, mark, 1, entry{"info", "a repeat", nil})
	})

	t.Run("after a restart", func(t *testing.T) {
		r.restart(t)
		before, mark := r.tally(t), r.log.mark()
		if diff := cmp.Diff(want, r.send(t, repeated.Clone(t.Context()))); diff != "" {
			t.Errorf("the caller is told otherwise (-want +got):\n%s", diff)
		}
		r.expectSince(t, before, tally{})
		r.log.expect(t, mark, 1, entry{"info", "a repeat: answered from the journal", map[string]string{"event": r.event(t, "order-again").Event.ID}})
	})

	t.Run("meanwhile", func(t *testing.T) {
		gate, begun := make(chan struct{}), make(chan struct{})
		r.market.has("order-at-once", page{body: r.market.order(""), gate: gate, begun: begun}, page{status: http.StatusGone})
		before, mark := r.tally(t), r.log.mark()
		notice := r.notice(t, "/appdirect", "order-at-once")
		const callers = 8
		answers := make([]answer, callers)
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() { answers[i] = r.send(t, notice.Clone(t.Context())) })
		}
		<-begun
		close(gate)
		all.Wait()
		for i, got := range answers {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("caller %d is told otherwise (-want +got):\n%s", i, diff)
			}
		}
		r.log.expect(t, mark, callers-1, entry{"info", "a repeat", nil})
		r.expectSince(t, before, tally{Events: 1, Runs: 1, Fetches: 1})
	})

	t.Run("of a wrong signature", func(t *testing.T) {
		before := r.tally(t)
		notice := r.notice(t, "/appdirect", "order-again")
		notice.Header.Set("Authorization", strings.Replace(notice.Header.Get("Authorization"), `oauth_signature="`, `oauth_signature="x`, 1))
		if got := r.send(t, notice); got.Status != http.StatusUnauthorized {
			t.Errorf("who can't sign is told %+v, of an event that is answered", got)
		}
		r.expectSince(t, before, tally{})
	})
}
