package webhook

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// FuzzProofs: no header makes a verifier panic, and none but the secret's owner
// is let in.
func FuzzProofs(f *testing.F) {
	for _, headers := range [][]string{
		standard(f, "webhook", standardSecret, "msg_1", now, "{}"), stripe(stripeSecret, time.Now(), "{}"), gitHub(hmacSecret, "{}"),
		basic("shop", password), {"Authorization", "Bearer " + token},
	} {
		f.Add(headers[0], headers[1], headers[len(headers)-1])
	}
	const unsigned = `{"id":"fuzzed","type":"t"}`
	s := open(f, Kind(), everyProof, names())
	f.Fuzz(func(t *testing.T, name, value, other string) {
		r := post(unsigned)
		r.Header[http.CanonicalHeaderKey(name)] = []string{value}
		for _, header := range []string{"Webhook-Id", "Webhook-Timestamp"} {
			r.Header[header] = []string{other}
		}
		var n router.Notice
		var resp *router.Response
		var err error
		routertest.Bounded(t, func() { n, resp, err = s.Receive(r, []byte(unsigned)) })
		if (err == nil) != (resp == nil) {
			t.Fatalf("%v, %+v", err, resp)
		}
		if err == nil && n.Credential != "basic" && n.Credential != "bearer" {
			t.Fatalf("%q: %q was let in by %s", name, value, n.Credential)
		}
	})
}

// FuzzWebhook: no body makes a source panic, and what is taken is JSON.
func FuzzWebhook(f *testing.F) {
	s := open(f, Kind(), anybody, names())
	f.Fuzz(func(t *testing.T, contentType, query string, text []byte) {
		r := post("", "Content-Type", contentType)
		r.URL.RawQuery = query
		taken(t, s, r, text)
	})
}

// FuzzCloudEvent is the same in both modes.
func FuzzCloudEvent(f *testing.F) {
	r, structured := sent(f, modes()["structured"], order())
	f.Add(r.Header.Get("Content-Type"), "1.0", "id", "%E2%82%AC", []byte(structured))
	s := open(f, CloudEvents(), anybody, nil)
	f.Fuzz(func(t *testing.T, contentType, version, id, subject string, text []byte) {
		r := binary("Ce-Specversion", version, "Ce-Id", id, "Ce-Subject", subject, "Content-Type", contentType)
		taken(t, s, r, text)
	})
}

// taken fails the test if a source takes what it can't have read.
func taken(t *testing.T, s *Source, r *http.Request, text []byte) {
	t.Helper()
	var n router.Notice
	var resp *router.Response
	var err error
	routertest.Bounded(t, func() { n, resp, err = s.Receive(r, append([]byte{}, text...)) })
	if err != nil {
		if resp == nil {
			t.Fatalf("refused without an answer: %v", err)
		}
		return
	}
	e, err := s.Fetch(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(e.Payload) || !json.Valid(e.Attributes) || string(e.Raw) != string(text) || e.Type == "" || n.Key == "" || len(e.Lane) > 2*maxName {
		t.Fatalf("the event is %+v", e)
	}
	for _, kind := range []router.VerdictKind{router.Success, router.Warning, router.Error, router.Accepted, router.NotNow} {
		if reply := s.Reply(&e, router.Verdict{Kind: kind}); !json.Valid(reply.Body) {
			t.Fatalf("the answer is %s", reply.Body)
		}
	}
}
