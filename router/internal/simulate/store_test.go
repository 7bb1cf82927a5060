package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/subscriptionbridge"
)

func testStore(url string, style Style) Store {
	return Store{
		URL: url, Username: "shop-api", Password: router.NewSecret([]byte("XVWWVPRGab")),
		APIKey: router.NewSecret([]byte("0123456789ABCDEF0123456789ABCDEF")), Style: style, Now: testNow,
	}
}

func TestStoreWritesHouseStyles(t *testing.T) {
	token := subscriptionbridge.Token([]byte("XVWWVPRGab"), []byte("0123456789ABCDEF0123456789ABCDEF"), testNow())
	for _, test := range []struct {
		name  string
		style Style
		want  string
	}{
		{"PHP", StylePHP, `<?xml version="1.0" encoding="utf-8"?><EventRequest><Username>shop-api</Username><Token>` + token +
			`</Token><GUID>TDUTUT2920126648</GUID><Action>Balance_Due</Action></EventRequest>`},
		{".NET", StyleDotNet, strings.Join([]string{
			`<?xml version="1.0" encoding="utf-8"?>`, `<EventRequest>`, `<Username>shop-api</Username>`,
			`<Token>` + strings.ToUpper(token) + `</Token>`, `<GUID>TDUTUT2920126648</GUID>`,
			`<Action>Balance_Due</Action>`, `</EventRequest>`, ``,
		}, "\r\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sent, contentType string
			vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				sent, contentType = string(body), r.Header.Get("Content-Type")
				fmt.Fprint(w, `<?xml version="1.0"?><EventResponse><Status>Success</Status><Timestamp>2026-05-04T10:20:31</Timestamp></EventResponse>`)
			}))
			t.Cleanup(vendor.Close)
			x, err := testStore(vendor.URL+"/EventRequest", test.style).Send(t.Context(), "TDUTUT2920126648", "Balance_Due")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, sent); diff != "" || contentType != "text/xml" {
				t.Errorf("sent as %s (-want +got):\n%s", contentType, diff)
			}
			if x.Status != "Success" || x.Timestamp != "2026-05-04T10:20:31" || x.HTTPStatus != http.StatusOK {
				t.Errorf("the exchange is %+v", x)
			}
			if shown := string(x.Document); strings.Contains(strings.ToLower(shown), token) ||
				strings.Replace(test.want, tokenIn(test.want), shownToken, 1) != shown {
				t.Errorf("shown as %s", shown)
			}
		})
	}
}

func tokenIn(document string) string {
	_, rest, _ := strings.Cut(document, "<Token>")
	token, _, _ := strings.Cut(rest, "</Token>")
	return token
}

// The source itself takes what the store sends: both sides of the protocol.
func TestStoreIsUnderstoodByTheSource(t *testing.T) {
	for _, style := range []Style{"", StylePHP, StyleDotNet} {
		for _, action := range Actions() {
			t.Run(string(style)+" "+action, func(t *testing.T) {
				config, err := json.Marshal(object{
					"username": "shop-api", "password": "XVWWVPRGab", "api_key": "0123456789ABCDEF0123456789ABCDEF",
				})
				if err != nil {
					t.Fatal(err)
				}
				source, err := subscriptionbridge.Kind().New("subscriptionbridge.shop", router.NewSecret(config),
					router.SourceDeps{Path: "/subscriptionbridge", Now: testNow})
				if err != nil {
					t.Fatal(err)
				}
				var got router.Notice
				vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						t.Error(err)
					}
					var refusal *router.Response
					if got, refusal, err = source.Receive(r, body); err != nil || refusal != nil {
						t.Errorf("refused with %+v: %v", refusal, err)
						return
					}
					response := source.Reply(&router.Event{Notice: got}, router.Verdict{Kind: router.Success})
					_, _ = w.Write(response.Body)
				}))
				t.Cleanup(vendor.Close)
				store := testStore(vendor.URL+"/subscriptionbridge/EventRequest", style)
				x, err := store.Send(t.Context(), "TDUTUT2920126648", action)
				if err != nil {
					t.Fatal(err)
				}
				if x.Status != "Success" || got.Token != "TDUTUT2920126648" {
					t.Errorf("status %s, notice %+v", x.Status, got)
				}
			})
		}
	}
}

func TestStoreTellsWhatItWasTold(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   StoreExchange
		fails  bool
	}{
		{"refused", 200, `<EventResponse><Status>Error</Status><Timestamp>2026-05-04T10:20:31</Timestamp><Error><ErrorCode>10002</ErrorCode><ErrorDetail>The token is not valid.</ErrorDetail></Error></EventResponse>`,
			StoreExchange{Status: "Error", Timestamp: "2026-05-04T10:20:31", ErrorCode: "10002", ErrorDetail: "The token is not valid."}, false},
		{"failed", 500, `<ErrorResponse><ErrorCode>1</ErrorCode><Timestamp>2026-05-04T10:20:31</Timestamp></ErrorResponse>`,
			StoreExchange{Status: "Error", Timestamp: "2026-05-04T10:20:31", ErrorCode: "1"}, false},
		{"no answer", 502, `<html></html>`, StoreExchange{}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}))
			t.Cleanup(vendor.Close)
			x, err := testStore(vendor.URL, "").Send(t.Context(), "G", "Balance_Due")
			if (err != nil) != test.fails {
				t.Errorf("error %v", err)
			}
			test.want.GUID, test.want.Action, test.want.Document = "G", "Balance_Due", x.Document
			test.want.HTTPStatus, test.want.Body = test.status, []byte(test.body)
			if diff := cmp.Diff(test.want, x); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		_, err := testStore(gone.URL, "").Send(t.Context(), "G", "Balance_Due")
		var network interface{ Timeout() bool }
		if !errors.As(err, &network) {
			t.Errorf("error %v, want one of the network", err)
		}
	})
}
