package appdirect

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/signalbox/signalbox/router"
)

func TestCallbackPostsTheResult(t *testing.T) {
	type request struct{ Method, URI, ContentType, Body string }
	var got request
	base := marketplace(t, testSecret, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = request{r.Method, r.RequestURI, r.Header.Get("Content-Type"), string(body)}
	})
	s, n := at(t, base, nil)
	n.Format = "xml"
	out := s.Callback(t.Context(), &router.Event{Type: "SUBSCRIPTION_ORDER", Notice: n}, router.Verdict{
		Kind: router.Success, Reply: []byte(`{"accountIdentifier":"acct-1"}`),
	})
	if diff := cmp.Diff(router.Outcome{Kind: router.Succeeded}, out); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	want := request{"POST", "/api/integration/v1/events/" + testToken + "/result", "application/json", `{"success":true,"accountIdentifier":"acct-1"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestCallbackOutcomes(t *testing.T) {
	retryAfter := func(value string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(503)
		}
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   router.Outcome
	}{
		{"200", serve(200, "", ""), router.Outcome{Kind: router.Succeeded}},
		{"204", serve(204, "", ""), router.Outcome{Kind: router.Succeeded}},
		{"redirect", serve(302, "", ""), router.Outcome{Kind: router.Retry}},
		{"400", serve(400, "", ""), router.Outcome{Kind: router.Rejected, Code: codeCallbackRefused}},
		{"401", serve(401, "", ""), router.Outcome{Kind: router.Retry, NeedsOperator: true}},
		{"403", serve(403, "", ""), router.Outcome{Kind: router.Retry, NeedsOperator: true}},
		{"404", serve(404, "", ""), router.Outcome{Kind: router.Rejected, Code: router.CallbackGone}},
		{"408", serve(408, "", ""), router.Outcome{Kind: router.Retry}},
		{"409", serve(409, "", ""), router.Outcome{Kind: router.Rejected, Code: router.CallbackGone}},
		{"410", serve(410, "", ""), router.Outcome{Kind: router.Rejected, Code: router.CallbackGone}},
		{"422", serve(422, "", ""), router.Outcome{Kind: router.Rejected, Code: codeCallbackRefused}},
		{"425", serve(425, "", ""), router.Outcome{Kind: router.Retry}},
		{"429", serve(429, "", ""), router.Outcome{Kind: router.Retry}},
		{"500", serve(500, "", ""), router.Outcome{Kind: router.Retry}},
		{"503 for some seconds", retryAfter("30"), router.Outcome{Kind: router.Retry, After: 30 * time.Second}},
		{"503 until a date", retryAfter(testNow.Add(time.Minute).Format(http.TimeFormat)), router.Outcome{Kind: router.Retry, After: time.Minute}},
		{"503 until yesterday", retryAfter(testNow.Add(-time.Hour).Format(http.TimeFormat)), router.Outcome{Kind: router.Retry}},
		{"503 for very long", retryAfter("999999"), router.Outcome{Kind: router.Retry, After: maxRetryAfter}},
		{"503 for nonsense", retryAfter("soon"), router.Outcome{Kind: router.Retry}},
		{"connection lost", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, router.Outcome{Kind: router.Unknown}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, n := at(t, marketplace(t, testSecret, tt.answer), nil)
			got := s.Callback(t.Context(), &router.Event{Notice: n}, router.Verdict{Kind: router.Error, Code: "x"})
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(router.Outcome{}, "Detail")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if (got.Detail == "") != (got.Kind == router.Succeeded) {
				t.Errorf("detail = %q", got.Detail)
			}
		})
	}
}

func TestCallbackThatTimesOutMayHaveArrived(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	base := marketplace(t, testSecret, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	s, n := at(t, base, nil)
	if got := s.Callback(ctx, &router.Event{Notice: n}, router.Verdict{Kind: router.Success}); got.Kind != router.Unknown {
		t.Errorf("outcome = %+v", got)
	}
}

func TestCallbackThatNeverLeft(t *testing.T) {
	s, n := at(t, "http://127.0.0.1:1", nil)
	if got := s.Callback(t.Context(), &router.Event{Notice: n}, router.Verdict{Kind: router.Success}); got.Kind != router.Retry || got.NeedsOperator {
		t.Errorf("outcome = %+v", got)
	}
	n.Credential = "gone"
	if got := s.Callback(t.Context(), &router.Event{Notice: n}, router.Verdict{Kind: router.Success}); got.Kind != router.Retry || !got.NeedsOperator {
		t.Errorf("without a credential: %+v", got)
	}
	// A reload may have taken the marketplace away, and another may bring it back.
	n.Address = "https://evil.example/api/events/7"
	if got := s.Callback(t.Context(), &router.Event{Notice: n}, router.Verdict{Kind: router.Success}); got.Kind != router.Retry || !got.NeedsOperator {
		t.Errorf("to a foreign address: %+v", got)
	}
}
