package simulate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
)

// sourceBehind is the real source as a vendor of the marketplace, without a
// router between: every event is a success, at once or by callback.
func sourceBehind(t *testing.T, m *Marketplace, late bool, seen *router.Event) string {
	t.Helper()
	var source router.Source
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		notice, refusal, err := source.Receive(r, nil)
		if err != nil || refusal != nil {
			t.Errorf("the notification was refused with %+v: %v", refusal, err)
			return
		}
		event, err := source.Fetch(t.Context(), notice)
		if err != nil {
			t.Error(err)
			return
		}
		event.Notice, *seen = notice, event
		verdict := router.Verdict{Kind: router.Success, Reply: json.RawMessage(
			`{"accountIdentifier":"cus_1","id":"made_1","metadata":{"token":"hidden"}}`)}
		told := verdict
		if late {
			told = router.Verdict{Kind: router.Accepted}
		}
		response := source.Reply(&event, told)
		if response.Status != 0 {
			w.WriteHeader(response.Status)
		}
		_, _ = w.Write(response.Body)
		if late && response.Status == http.StatusAccepted {
			if outcome := source.Callback(t.Context(), &event, verdict); outcome.Kind != router.Succeeded {
				t.Errorf("the callback came to %+v", outcome)
			}
			if outcome := source.Callback(t.Context(), &event, verdict); outcome.Code != router.CallbackGone {
				t.Errorf("the callback again came to %+v", outcome)
			}
		}
	}))
	t.Cleanup(vendor.Close)
	config, err := json.Marshal(object{
		"marketplaces": []string{m.URL()},
		"oauth1":       []object{{"consumer_key": testKey, "consumer_secret": string(testSecret().Reveal())}},
	})
	if err != nil {
		t.Fatal(err)
	}
	source, err = appdirect.Kind().New("appdirect.acme", router.NewSecret(config), router.SourceDeps{
		PublicURL: vendor.URL, Path: "/appdirect/acme", Now: testNow,
	})
	if err != nil {
		t.Fatal(err)
	}
	return vendor.URL + "/appdirect/acme"
}

func TestLifeIsUnderstoodByTheSource(t *testing.T) {
	for _, late := range []bool{false, true} {
		for _, form := range []string{FormJSON, FormXML} {
			t.Run(fmt.Sprintf("%s, late %t", form, late), func(t *testing.T) {
				m := startMarketplace(t, func(o *Options) { o.NewToken, o.Nonce = nil, nil })
				var seen router.Event
				endpoint := sourceBehind(t, m, late, &seen)
				c := NewCustomer(1)
				for _, step := range append(Life(), UnpaidLife()...) {
					e := c.Event(step)
					e.Form = form
					x, err := m.Send(t.Context(), endpoint, e)
					if err != nil {
						t.Fatal(err)
					}
					if x.Result == nil || !x.Result.Success || x.ByCallback != (late && e.Type != "SUBSCRIPTION_NOTICE") {
						t.Errorf("%s came to %+v", step, x)
					}
					var payload any
					if err := json.Unmarshal(seen.Payload, &payload); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(plain(t, e.Payload), payload); diff != "" || seen.Type != e.Type {
						t.Errorf("%s was read as %s (-sent +read):\n%s", step, seen.Type, diff)
					}
					c.Learn(e, *x.Result)
				}
				if c.Account != "cus_1" || c.Instance != "made_1" || c.Binding != "made_1" {
					t.Errorf("the customer learnt %q, %q, %q", c.Account, c.Instance, c.Binding)
				}
			})
		}
	}
}

// plain is v as JSON has it.
func plain(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var p any
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	return p
}
