package simulate

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
)

// The real source and the marketplace know each other by separate credentials,
// and the source gets itself another token when the marketplace has lost the one
// that it gave out.
func TestSeparateCredentialsAreUnderstoodByTheSource(t *testing.T) {
	const hidden, path = "local-only-secret", "/appdirect/acme"
	for name, kind := range map[string]object{
		"basic":  {"basic": object{"username": "market", "password": hidden}},
		"bearer": {"issued": object{"client_id": "market", "client_secret": hidden, "scope": notificationScope, "lifetime": "1h"}},
	} {
		t.Run(name, func(t *testing.T) {
			var source router.Source
			vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				notice, response, err := source.Receive(r, body)
				if err == nil && response == nil {
					event, err := source.Fetch(t.Context(), notice)
					if err != nil {
						t.Error(err)
					}
					event.Notice = notice
					told := source.Reply(&event, router.Verdict{Kind: router.Success, Reply: json.RawMessage(`{"accountIdentifier":"cus_1"}`)})
					response = &told
				}
				if response == nil {
					t.Errorf("refused without an answer: %v", err)
					return
				}
				if response.Status != 0 {
					w.WriteHeader(response.Status)
				}
				_, _ = w.Write(response.Body)
			}))
			t.Cleanup(vendor.Close)
			s := &Separate{
				ClientID: testClient, ClientSecret: router.NewSecret([]byte(hidden)),
				Username: "market", Password: router.NewSecret([]byte(hidden)),
			}
			if name == "bearer" {
				s.TokenURL, s.TokenID, s.TokenSecret = vendor.URL+path+tokenPath, "market", router.NewSecret([]byte(hidden))
			}
			m := startMarketplace(t, func(o *Options) { o.NewToken, o.Separate = nil, s })
			block := object{"client_id": testClient, "client_secret": hidden, "scope": vendorScope}
			for kindName, inner := range kind {
				block[kindName] = inner
			}
			config, err := json.Marshal(object{"marketplaces": []string{m.URL()}, "oauth2": []object{block}})
			if err != nil {
				t.Fatal(err)
			}
			if source, err = appdirect.Kind().New("appdirect.acme", router.NewSecret(config), router.SourceDeps{
				PublicURL: vendor.URL, Path: path, Now: testNow,
			}); err != nil {
				t.Fatal(err)
			}
			send := func() {
				t.Helper()
				if x, err := m.Send(t.Context(), vendor.URL+path, NewCustomer(1).Event("SUBSCRIPTION_ORDER")); err != nil || !x.Result.Success {
					t.Errorf("%+v, %v", x.Result, err)
				}
			}
			send()
			if m.refused != 0 {
				t.Errorf("%d requests were refused", m.refused)
			}
			send()
			m.RevokeTokens()
			send()
			if m.refused != 1 {
				t.Errorf("%d requests were refused, want the one with the token that was lost", m.refused)
			}
		})
	}
}
