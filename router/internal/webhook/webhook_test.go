package webhook

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

const anybody = `{"unauthenticated": true}`

func TestWebhookBecomesAnEvent(t *testing.T) {
	expressions := names()
	expressions[attrLane] = func(req router.Request) (string, error) { return req.Query.Get("tenant"), nil }
	s := open(t, Kind(), everyProof, expressions)
	raw := " {\"id\": \"evt_1\",\n \"type\":\"invoice.paid\", \"total\": 12345678901234567890, \"note\": \"<b>\", \"x\": null}\n"
	r := post(raw, "Authorization", "Bearer "+token, "X-Trace", "t1", "X-Api-Key", "k", "Cookie", "c=1", "X-Other-Token", "o")
	r.URL.RawQuery = "tenant=t1&access_token=hush&broken=%zz"
	e := take(t, s, r, raw)
	want := router.Event{
		Source: "test.source", Type: "invoice.paid", Lane: "test.source|t1", Payload: []byte(raw), Raw: []byte(raw),
		Attributes: []byte(`{"headers":{"content-type":"application/json","x-trace":"t1"},"query":{"tenant":"t1"}}`),
		Received:   now,
	}
	if e.Notice.Key != "evt_1" || e.Notice.Token != "evt_1" || e.Notice.Credential != "bearer" {
		t.Errorf("the notice is %+v", e.Notice)
	}
	e.Notice = router.Notice{}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("the event (-want +got):\n%s", diff)
	}
}

func TestLanes(t *testing.T) {
	long := strings.Repeat("x", maxName+1)
	for name, tc := range map[string]struct {
		lane router.RequestText
		want string
	}{
		"none":  {nil, ""},
		"empty": {func(router.Request) (string, error) { return "", nil }, ""},
		"given": {inBody("id"), "test.source|evt_1"},
		"long":  {func(router.Request) (string, error) { return long, nil }, "test.source|" + shortLane(long)},
	} {
		t.Run(name, func(t *testing.T) {
			expressions := names()
			if tc.lane != nil {
				expressions[attrLane] = tc.lane
			}
			if e := take(t, open(t, Kind(), anybody, expressions), post(body), body); e.Lane != tc.want || len(e.Lane) > maxName {
				t.Errorf("the lane is %q", e.Lane)
			}
		})
	}
}

func TestBodiesAndContentTypes(t *testing.T) {
	for name, tc := range map[string]struct {
		contentType, body string
		status            int // 0: taken
	}{
		"json":              {"application/json", body, 0},
		"json with charset": {`Application/JSON; charset="UTF-8"`, body, 0},
		"json of a kind":    {"application/vnd.api+json", body, 0},
		"no content type":   {"", body, 0},
		"an array":          {"application/json", `[{"id":"evt_1"}]`, http.StatusBadRequest}, // it has no id at its top
		"latin 1":           {"application/json; charset=iso-8859-1", body, http.StatusUnsupportedMediaType},
		"a form":            {"application/x-www-form-urlencoded", "payload=%7B%7D", http.StatusUnsupportedMediaType},
		"text":              {"text/plain", body, http.StatusUnsupportedMediaType},
		"not a type":        {";;", body, http.StatusUnsupportedMediaType},
		"empty":             {"application/json", "", http.StatusBadRequest},
		"blank":             {"application/json", " \n", http.StatusBadRequest},
		"a number":          {"application/json", "1", http.StatusBadRequest},
		"two values":        {"application/json", body + body, http.StatusBadRequest},
		"cut off":           {"application/json", body[:20], http.StatusBadRequest},
		"not UTF-8":         {"application/json", "{\"id\":\"\xff\"}", http.StatusBadRequest},
		"a mark in front":   {"application/json", "\ufeff" + body, http.StatusBadRequest},
		"deep":              {"application/json", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := open(t, Kind(), anybody, names()), post(tc.body)
			r.Header.Set("Content-Type", tc.contentType)
			if tc.contentType == "" {
				r.Header.Del("Content-Type")
			}
			if tc.status == 0 {
				take(t, s, r, tc.body)
			} else if status, _, why := refused(t, s, r, tc.body); status != tc.status {
				t.Errorf("status %d, because %s", status, why)
			}
		})
	}
}

func TestNamesThatCannotBe(t *testing.T) {
	gives := func(v string, err error) router.RequestText {
		return func(router.Request) (string, error) { return v, err }
	}
	for name, tc := range map[string]struct {
		attr        string
		read        router.RequestText
		public, why string
	}{
		"no id":        {attrID, gives("", nil), "does not say the event's id", "id: the request has none"},
		"no type":      {attrType, gives("", nil), "does not say the event's type", "type: the request has none"},
		"a long id":    {attrID, gives(strings.Repeat("x", maxName+1), nil), "longer than 512 bytes", "longer than 512 bytes"},
		"an odd id":    {attrID, gives("\xff", nil), "id is not in UTF-8", "id is not in UTF-8"},
		"a bad id":     {attrID, gives("", errors.New("config.hcl:3: no")), "id can't be read", "id: config.hcl:3: no"},
		"a bad lane":   {attrLane, gives("", errors.New("config.hcl:4: no")), "lane can't be read", "lane: config.hcl:4: no"},
		"a long type":  {attrType, gives(strings.Repeat("x", maxName+1), nil), "longer than 512 bytes", "longer than 512 bytes"},
		"a type right": {attrType, gives("", errors.New("config.hcl:5: no")), "type can't be read", "type: config.hcl:5: no"},
	} {
		t.Run(name, func(t *testing.T) {
			expressions := names()
			expressions[tc.attr] = tc.read
			status, public, why := refused(t, open(t, Kind(), anybody, expressions), post(body), body)
			if status != http.StatusBadRequest || !strings.Contains(public, tc.public) || !strings.Contains(why, tc.why) {
				t.Errorf("status %d, %q, because %q", status, public, why)
			}
			if strings.Contains(public, "config.hcl") {
				t.Errorf("the sender is told of the configuration: %q", public)
			}
		})
	}
}

// TestExpressionsSeeNoSecret: what an expression gives is written down.
func TestExpressionsSeeNoSecret(t *testing.T) {
	expressions := names()
	expressions[attrLane] = func(req router.Request) (string, error) {
		var all []string
		for _, values := range req.Headers {
			all = append(all, values...)
		}
		assertNoSecret(t, strings.Join(all, " "))
		return "", nil
	}
	s := open(t, Kind(), `{"bearer":[{"token":"`+token+`","header":"X-Shop"}],"basic":[{"username":"u","password":"`+password+`"}]}`, expressions)
	take(t, s, post(body, "X-Shop", token, "Authorization", "Basic "+password, "X-Gitlab-Token", token, "X-API-Key", token), body)
}

func TestOtherMethods(t *testing.T) {
	for _, kind := range []router.SourceKind{Kind(), CloudEvents()} {
		s := open(t, kind, anybody, names())
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodOptions} {
			r := post("")
			r.Method = method
			if status, _, _ := refused(t, s, r, ""); status != http.StatusMethodNotAllowed {
				t.Errorf("%s: status %d", method, status)
			}
		}
		// Without a body that can be read the router answers 413.
		if _, resp, err := s.Receive(post(""), nil); resp != nil || err == nil {
			t.Errorf("without a body: %+v, %v", resp, err)
		}
	}
}

func TestFetchOfANoticeOfNoKind(t *testing.T) {
	s := open(t, Kind(), anybody, names())
	for _, text := range []string{"", "{", "[]\n{}", "\n{}", `{"payload":3}` + "\n{}", `{"payload":-1}` + "\n{}"} {
		_, err := s.Fetch(t.Context(), router.Notice{Body: []byte(text)})
		var failure *router.FetchError
		if !errors.As(err, &failure) || failure.Kind != router.FetchRefused {
			t.Errorf("fetching %q: %v", text, err)
		}
	}
}
