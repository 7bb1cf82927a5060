package daemon_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
)

// moment is what differs from answer to answer.
var moment = regexp.MustCompile(`<Timestamp>[0-9T:-]+</Timestamp>`)

// post has somebody call the store's endpoint; the answer's time is struck out.
func (r *rig) post(t *testing.T, method, path, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.public+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/xml")
	got := r.send(t, req)
	got.Body = moment.ReplaceAllString(got.Body, "<Timestamp/>")
	return got
}

// token is the store's own for a moment some time from now.
func token(after time.Duration) string {
	return subscriptionbridge.Token([]byte(storePassword), []byte(storeAPIKey), time.Now().Add(after))
}

// request is an EventRequest, whatever it holds.
func request(username, token, guid, action string) string {
	return string(subscriptionbridge.EventRequest{Username: username, Token: token, GUID: guid, Action: action}.Encode())
}

func TestBadEventRequest(t *testing.T) {
	r := startRig(t, rigConfig)
	const path, guid, action = "/subscriptionbridge/EventRequest", "GUID0001", "Balance_Due"
	const prolog = `<?xml version="1.0" encoding="utf-8"?>`

	told := func(code, short, detail string) answer {
		return answer{http.StatusOK, prolog + `<EventResponse><Status>Error</Status><Timestamp/><Error><ErrorCode>` + code + `</ErrorCode><ErrorShort>` +
			short + `</ErrorShort><ErrorDetail>` + detail + `</ErrorDetail><SeverityLevel>ERROR</SeverityLevel></Error></EventResponse>`}
	}
	failure := prolog + `<ErrorResponse><ErrorCode>10004</ErrorCode><Timestamp/></ErrorResponse>`
	unreadable := answer{http.StatusInternalServerError, failure}
	unknown := told("10002", "Authentication/Authorization Failed", "Username or Token is wrong, or the Token is too old.")
	posted := func(path string, body func() string) func(*testing.T, *rig) answer {
		return func(t *testing.T, r *rig) answer { return r.post(t, http.MethodPost, path, body()) }
	}
	sent := func(body string) func(*testing.T, *rig) answer {
		return posted(path, func() string { return body })
	}
	honest := func() string { return request(storeUsername, token(0), guid, action) }
	refused := func(why string) entry { return refusedBy("subscriptionbridge.store", why) }

	r.run(t, []badCase{
		{name: "wrong token", send: sent(request(storeUsername, strings.Repeat("0", 40), guid, action)), want: unknown, log: refused("the Token fits no minute")},
		{name: "token that is no hex", send: sent(request(storeUsername, storePassword, guid, action)), want: unknown, log: refused("the Token fits no minute")},
		{name: "token of 4 minutes ago", send: posted(path, func() string { return request(storeUsername, token(-4*time.Minute), guid, action) }), want: unknown, log: refused("the Token fits no minute")},
		{name: "token of 3 minutes ahead", send: posted(path, func() string { return request(storeUsername, token(3*time.Minute), guid, action) }), want: unknown, log: refused("the Token fits no minute")},
		{name: "no token", send: sent(request(storeUsername, "", guid, action)), want: unknown, log: refused("the Token is missing")},
		{name: "wrong username", send: posted(path, func() string { return request("store-2", token(0), guid, action) }), want: unknown, log: refused("the Username is none that is configured")},
		{name: "no GUID", send: posted(path, func() string { return request(storeUsername, token(0), "", action) }),
			want: told("10003", "Missing Argument", "GUID is missing."), log: refused("the GUID is missing")},
		{name: "unknown Action", send: posted(path, func() string { return request(storeUsername, token(0), guid, "Drop_Table") }),
			want: told("10004", "Invalid Argument", "Action is unknown. It is one of: Trial_Ending_Reminder, Trial_Ending_Reminder_Final, Balance_Due, Balance_Due_Final, Subscription_Canceled."),
			log:  refused(`the Action "Drop_Table" is unknown`)},
		{name: "unknown Action, and a wrong token", send: sent(request(storeUsername, strings.Repeat("0", 40), guid, "Drop_Table")), want: unknown, log: refused("the Token fits no minute")},

		{name: "GET", send: func(t *testing.T, r *rig) answer { return r.post(t, http.MethodGet, path, "") },
			want: answer{http.StatusMethodNotAllowed, failure}, log: refused("the request is no POST")},
		{name: "another last segment", send: posted("/subscriptionbridge/EventRequests", honest), want: unreadable, log: refused("the path ends in none")},
		{name: "path that no source serves", send: posted("/EventRequest", honest), want: answer{http.StatusNotFound, "404 page not found\n"},
			log: entry{"warn", "no source is served at this path", map[string]string{"path": "/EventRequest"}}},
		{name: "nothing", send: sent(""), want: unreadable, log: refused("ends too early")},
		{name: "JSON", send: sent(`{"Action":"Balance_Due"}`), want: unreadable, log: refused("text outside the root element")},
		{name: "unreadable XML", send: sent(`<EventRequest><Username>store-1</EventRequest>`), want: unreadable, log: refused("an end tag has no start tag")},
		{name: "bare ampersand", send: sent("<EventRequest>\n<GUID>a & b</GUID></EventRequest>"),
			want: told("10004", "Invalid Argument", "The element GUID (line 2) holds an ampersand that is not escaped; it must be written &amp;amp;."),
			log:  refused("the element GUID (line 2) holds an ampersand")},
		{name: "another root", send: sent(`<Request/>`), want: unreadable, log: refused("the root element is none")},
		{name: "not UTF-8", send: sent("<EventRequest>\xff</EventRequest>"), want: unreadable, log: refused("not in UTF-8")},
		{name: "XML bomb", send: sent(strings.ReplaceAll(bomb, "event>", "EventRequest>")), want: unreadable, log: refused("a document type is not read")},
		{name: "external entity", send: sent(strings.ReplaceAll(external, "event>", "EventRequest>")), want: unreadable, log: refused("a document type is not read")},
		{name: "nested deep", send: sent("<EventRequest>" + strings.Repeat("<a>", 9000) + strings.Repeat("</a>", 9000) + "</EventRequest>"), want: unreadable, log: refused("deep")},
		{name: "64 KiB and a byte", send: posted(path, func() string { return pad(honest(), 64<<10+1) }), want: unreadable, log: refused("longer than 65536 bytes")},
		{name: "1 MiB", send: posted(path, func() string { return pad(honest(), router.MaxBody) }), want: unreadable, log: refused("longer than 65536 bytes")},
		{name: "1 MiB and a byte", send: posted(path, func() string { return pad(honest(), router.MaxBody+1) }),
			want: unreadable, log: refused("request body too large")},
	})
	if strings.Contains(r.log.text(), token(0)) {
		t.Error("the log holds a token")
	}
	before := r.tally(t)
	if x := r.eventRequest(t, guid); x.Status != subscriptionbridge.StatusSuccess {
		t.Errorf("an honest EventRequest is answered %+v", x)
	}
	r.expectSince(t, before, tally{Events: 1, Runs: 1})
}

// pad makes a document longer by spaces behind its end, which are allowed.
func pad(document string, bytes int) string {
	return document + strings.Repeat(" ", bytes-len(document))
}

func TestRepeatedEventRequest(t *testing.T) {
	r := startRig(t, rigConfig)
	body := request(storeUsername, token(0), "GUID0002", "Balance_Due")
	before := r.tally(t)
	post := func() answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.public+"/subscriptionbridge/EventRequest", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		return r.send(t, req)
	}
	first := post()
	if !strings.Contains(first.Body, "<Status>Success</Status>") {
		t.Errorf("an honest EventRequest is answered %+v", first)
	}
	mark := r.log.mark()
	if diff := cmp.Diff(first, post()); diff != "" {
		t.Errorf("a repeat is told otherwise, be it only the time (-first +repeat):\n%s", diff)
	}
	r.expectSince(t, before, tally{Events: 1, Runs: 1})
	r.log.expect(t, mark, 1, entry{"info", "a repeat", nil})
}
