package appdirect

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// patience is for how long a test waits for what must come.
const patience = 20 * time.Second

// journey is a router with a source of this package, a plugin made of a
// function, and a journal in memory.
type journey struct {
	t        *testing.T
	router   *router.Router
	endpoint *router.Endpoint
	journal  *routertest.Journal
}

func newJourney(t *testing.T, s *Source, reply string, call func(context.Context, router.Call) router.Outcome) *journey {
	route := &router.Route{
		Name: "all", From: []string{s.name}, Deliver: []router.Spec{routertest.Deliver("do", "vendor", "do")},
		Reply: func(router.Scope) (json.RawMessage, error) { return json.RawMessage(reply), nil },
	}
	j := &journey{t: t, journal: routertest.NewJournal(), endpoint: &router.Endpoint{Name: s.name, Source: s}}
	j.router = router.New(router.Options{
		Journal: j.journal, Log: zerolog.Nop(),
		Caller: &routertest.Caller{Actions: map[string]func(context.Context, router.Call) router.Outcome{"vendor.do": call}},
	})
	j.router.Swap(&router.Table{
		Plan: routertest.NewPlan("plan", route), Sources: map[string]*router.Endpoint{s.name: j.endpoint}, Rules: router.DefaultRules(),
	})
	if err := j.router.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		j.router.Stop(ctx)
	})
	return j
}

func (j *journey) ask(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	j.router.Handle(w, r, j.router.Table(), j.endpoint.Name)
	return w
}

// shop is a marketplace with one event, which tells what is called back.
func shop(t *testing.T, event func(base string) string) (base string, callbacks chan string) {
	t.Helper()
	callbacks = make(chan string, 8)
	base = marketplace(t, testSecret, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			callbacks <- string(body)
			return
		}
		serve(200, "application/json", event("http://"+r.Host))(w, r)
	})
	return base, callbacks
}

func orderAt(returnURL string) func(base string) string {
	return func(base string) string {
		return fmt.Sprintf(`{"type":"SUBSCRIPTION_ORDER","marketplace":{"partner":"ACME","baseUrl":"%s"},"returnUrl":"%s","payload":{"company":{"uuid":"c"}}}`,
			base, strings.ReplaceAll(returnURL, "{base}", base))
	}
}

// A browser that is fast enough is sent straight back; that is the answer.
func TestBrowserIsSentBack(t *testing.T) {
	base, callbacks := shop(t, orderAt("{base}/finish?token=7"))
	s, _ := at(t, base, map[string]any{"interactive": true})
	j := newJourney(t, s, `{"accountIdentifier":"acct-1"}`, func(context.Context, router.Call) router.Outcome {
		return router.Outcome{Kind: router.Succeeded, Output: []byte(`{}`)}
	})
	query := "url=" + url.QueryEscape(base+"/api/integration/v1/events/"+testToken)
	w := j.ask(visit(t, query))
	if w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), base+"/finish?token=7&success=true&accountIdentifier=acct-1&oauth_consumer_key=") {
		t.Fatalf("%d %v\n%s", w.Code, w.Header(), w.Body)
	}
	// A reload by the customer leads to the same place.
	if again := j.ask(visit(t, query)); again.Code != 303 {
		t.Errorf("%d %s", again.Code, again.Body)
	}
	if s := j.finished(); s.Told != router.ToldReplied {
		t.Errorf("told %q", s.Told)
	}
	if len(callbacks) > 0 {
		t.Errorf("called back too: %s", <-callbacks)
	}
}

// A browser that was told to wait finds the result where it asks again; the
// marketplace is called back whatever the browser does.
func TestBrowserWaits(t *testing.T) {
	base, callbacks := shop(t, orderAt("{base}/finish"))
	s, _ := at(t, base, map[string]any{"interactive": true, "reply_within": "200ms"})
	now := testNow
	s.now = func() time.Time { return now }
	s.verifier.Now = s.now
	done := make(chan struct{})
	j := newJourney(t, s, `{"accountIdentifier":"acct-1"}`, func(context.Context, router.Call) router.Outcome {
		<-done
		return router.Outcome{Kind: router.Rejected, Code: "FORBIDDEN", Public: "Not in your country."}
	})
	w := j.ask(visit(t, "url="+url.QueryEscape(base+"/api/integration/v1/events/"+testToken)))
	_, link, found := strings.Cut(w.Body.String(), `<a href="`)
	link, _, _ = strings.Cut(link, `"`)
	again := strings.ReplaceAll(link, "&amp;", "&")
	if w.Code != 202 || !found || !strings.Contains(w.Body.String(), `content="5;url=`+link+`"`) {
		t.Fatalf("%d\n%s", w.Code, w.Body)
	}
	now = testNow.Add(time.Hour)
	if w := j.ask(follow(again)); w.Code != 202 {
		t.Errorf("while it runs: %d %s", w.Code, w.Body)
	}
	now = testNow // which the marketplace's clock keeps to
	close(done)
	select {
	case got := <-callbacks:
		if got != `{"success":false,"errorCode":"FORBIDDEN","message":"Not in your country."}` {
			t.Errorf("called back with %s", got)
		}
	case <-time.After(patience):
		t.Fatal("no callback")
	}
	now = testNow.Add(2 * time.Hour)
	w = j.ask(follow(again))
	if w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), base+"/finish?success=false&errorCode=FORBIDDEN&message=Not%20in%20your%20country.&oauth_") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// Without a way back the customer reads the result, and the marketplace is
// called back with it.
func TestBrowserWithoutAWayBack(t *testing.T) {
	for _, returnURL := range []string{"", "https://evil.example/finish"} {
		t.Run(returnURL, func(t *testing.T) {
			base, callbacks := shop(t, orderAt(returnURL))
			s, _ := at(t, base, map[string]any{"interactive": true})
			j := newJourney(t, s, `{"accountIdentifier":"acct-1"}`, func(context.Context, router.Call) router.Outcome {
				return router.Outcome{Kind: router.Succeeded, Output: []byte(`{}`)}
			})
			w := j.ask(visit(t, "url="+url.QueryEscape(base+"/api/integration/v1/events/"+testToken)))
			if w.Code != 200 || !strings.Contains(w.Body.String(), "<h1>Your request is complete</h1>") {
				t.Errorf("%d\n%s", w.Code, w.Body)
			}
			select {
			case got := <-callbacks:
				if got != `{"success":true,"accountIdentifier":"acct-1"}` {
					t.Errorf("called back with %s", got)
				}
			case <-time.After(patience):
				t.Fatal("no callback")
			}
		})
	}
}

// finished waits until the one event is, and that it was told is recorded.
func (j *journey) finished() router.State {
	j.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		records, err := j.journal.Find(j.t.Context(), router.Query{})
		if err != nil {
			j.t.Fatal(err)
		}
		if len(records) == 1 && records[0].State.Finished() && records[0].State.Told != router.ToldNothing {
			return records[0].State
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			j.t.Fatalf("the journal has %+v", records)
		}
	}
}

// postForm is what a marketplace posts during a checkout.
func postForm(body string) *http.Request {
	r := httptest.NewRequest("POST", "/appdirect/acme/validate", strings.NewReader(body))
	r.Header.Set("Content-Type", formType)
	return r
}

func TestFormIsValidated(t *testing.T) {
	taken := router.Outcome{Kind: router.Rejected, Code: "domain", Public: "It is taken."}
	slow := func(ctx context.Context, _ router.Call) router.Outcome {
		<-ctx.Done()
		return router.Outcome{Kind: router.Unknown, Lost: true}
	}
	for _, tt := range []struct {
		name string
		call func(context.Context, router.Call) router.Outcome
		want string
	}{
		{"fine", func(_ context.Context, c router.Call) router.Outcome {
			var e struct{ Payload formPayload }
			if err := json.Unmarshal(c.Event, &e); err != nil || e.Payload.Fields["domain"] != "example.com" {
				t.Errorf("the plugin sees %s", c.Event)
			}
			return router.Outcome{Kind: router.Succeeded, Output: []byte(`{}`)}
		}, `{"result":[{"title":"Note","description":"It may take a day.","level":"INFO"}]}`},
		{"taken", func(context.Context, router.Call) router.Outcome { return taken },
			`{"result":[{"field":"domain","description":"It is taken.","level":"ERROR"}]}`},
		{"too slow", slow,
			`{"result":[{"title":"Not checked","description":"Your settings could not be checked at the moment. You can go on; they are checked again with your order.","level":"WARN"}]}`},
	} {
		for _, kept := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, kept %t", tt.name, kept), func(t *testing.T) {
				block, form := map[string]any{"timeout": "300ms"}, postForm("domain=example.com")
				if kept {
					block["secret"], block["journal_values"] = formKey, true
					form.URL.RawQuery = "key=" + formKey
				}
				s := newValidating(t, block)
				j := newJourney(t, s, `{"result":[{"level":"INFO","title":"Note","description":"It may take a day."}]}`, tt.call)
				if w := j.ask(form); w.Code != 200 || w.Body.String() != tt.want {
					t.Errorf("%d %s\nwant %s", w.Code, w.Body, tt.want)
				}
				if kept {
					j.finished()
				} else if records, _ := j.journal.Find(t.Context(), router.Query{}); len(records) != 0 || j.journal.Flushes() != 0 {
					t.Errorf("journaled: %+v", records)
				}
			})
		}
	}
}
