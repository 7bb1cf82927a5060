package appdirect

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/routertest"
)

// TestReceiveTokens has the notifications that name an event by its token.
func TestReceiveTokens(t *testing.T) {
	const other = "https://b.example"
	full := url.QueryEscape(testAddress)
	base := map[string]any{"token_base": testMarketplace}
	for _, tt := range []struct {
		name  string
		more  map[string]any
		query string
		key   string
		// address is what the notice names, "" for a refusal.
		address, code, why string
	}{
		{name: "token alone", more: base, query: "token=" + testToken, address: testAddress},
		{name: "token alone, twice", more: base, query: "token=" + testToken + "&token=" + testToken, address: testAddress},
		{name: "token of another name", more: map[string]any{"token_base": testMarketplace, "token_parameters": []string{"t"}}, query: "t=" + testToken + "&token=x", address: testAddress},
		{name: "token with space around it", more: base, query: "token=+" + testToken + "%0A", address: testAddress},
		{name: "token at an alias", more: map[string]any{"token_base": testAlias, "aliases": map[string]string{testAlias: testMarketplace}}, query: "token=" + testToken, address: testAlias + "/api/integration/v1/events/" + testToken},
		{name: "full address as the token", query: "token=" + full, address: testAddress},
		{name: "address and token", query: "url=" + full + "&token=" + testToken, address: testAddress},
		{name: "token before its address", query: "token=" + testToken + "&url=" + full, address: testAddress},
		{name: "both are the address", query: "url=" + full + "&token=" + full, address: testAddress},
		{name: "address of the old form", query: "token=" + testToken + "&url=" + url.QueryEscape(testMarketplace+"/rest/api/events/"+testToken), address: testMarketplace + "/rest/api/events/" + testToken},
		{name: "no token beside the address", query: "url=" + full + "&token=", address: testAddress},
		{name: "a parameter of the vendor's own", more: map[string]any{"token_parameters": []string{}}, query: "url=" + full + "&token=sesame", address: testAddress},
		{name: "a name in both lists", more: map[string]any{"event_parameters": []string{"token"}}, query: "token=" + full, address: testAddress},
		{name: "the published key", more: map[string]any{"allow_dummy": true, "token_base": testMarketplace}, query: "token=dummyOrder", key: dummyKey, address: dummyBase + "/api/integration/v1/events/dummyOrder"},

		{name: "nowhere to ask", query: "token=" + testToken, code: codeConfigurationError, why: "token_base"},
		{name: "no tokens taken", more: map[string]any{"token_base": testMarketplace, "token_parameters": []string{}}, query: "token=" + testToken, code: codeConfigurationError, why: "token_parameters"},
		{name: "another event's token", query: "url=" + full + "&token=dummyOrder", code: codeUnknownError, why: "two events"},
		{name: "another event's token, first", query: "token=dummyOrder&url=" + full, code: codeUnknownError, why: "two events"},
		{name: "two tokens", more: base, query: "token=a&token=b", code: codeUnknownError, why: "two events"},
		{name: "two addresses", more: map[string]any{"marketplaces": []string{testMarketplace, other}}, query: "url=" + full + "&eventUrl=" + url.QueryEscape(other+"/api/integration/v1/events/"+testToken), code: codeUnknownError, why: "two events"},
		{name: "another marketplace's address as the token", more: map[string]any{"marketplaces": []string{testMarketplace, other}}, query: "url=" + full + "&token=" + url.QueryEscape(other+"/api/integration/v1/events/"+testToken), code: codeUnknownError, why: "two events"},
		{name: "a stranger's address as the token", more: base, query: "token=" + url.QueryEscape(other+"/api/integration/v1/events/"+testToken), code: codeUnknownError, why: "not one of the configured marketplaces"},
		{name: "a stranger's address second", query: "url=" + full + "&eventUrl=" + url.QueryEscape(other+"/api/integration/v1/events/"+testToken), code: codeUnknownError, why: "not one of the configured marketplaces"},
		{name: "a path", more: base, query: "token=..%2Fusers%2F7", code: codeUnknownError, why: "can't be that of an event"},
		{name: "a path to an event", more: base, query: "token=x%2Fapi%2Fevents%2F7", code: codeUnknownError, why: "can't be that of an event"},
		{name: "a query", more: base, query: "token=a%3Fb", code: codeUnknownError, why: "can't be that of an event"},
		{name: "an encoded slash", more: base, query: "token=a%252Fb", code: codeUnknownError, why: "can't be that of an event"},
		{name: "dots", more: base, query: "token=..", code: codeUnknownError, why: "can't be that of an event"},
		{name: "a host", more: base, query: "token=%40evil.example", code: codeUnknownError, why: "can't be that of an event"},
		{name: "longer than all", more: base, query: "token=" + strings.Repeat("x", maxToken+1), code: codeUnknownError, why: "can't be that of an event"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := newSource(t, tt.more)
			sign := signer(testKey, testSecret)
			if tt.key != "" {
				sign = signer(tt.key, dummySecret)
			}
			n, resp, err := s.Receive(notify(t, sign, "/appdirect/acme", tt.query), nil)
			if tt.address != "" {
				if err != nil || resp != nil || n.Address != tt.address {
					t.Fatalf("Receive = %+v, %+v, %v; want %s", n, resp, err, tt.address)
				}
				return
			}
			var refused *AddressError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.why) {
				t.Fatalf("Receive = %+v, %v; want an *AddressError with %q", n, err, tt.why)
			}
			checkResult(t, resp, http.StatusOK, tt.code)
		})
	}
}

// FuzzParameters proves of any two values that a notification which is taken names
// one event, at the marketplace, and that what is fetched is that event's
// address.
func FuzzParameters(f *testing.F) {
	s, _ := newSource(f, map[string]any{"token_base": testMarketplace, "aliases": map[string]string{testAlias: testMarketplace}})
	for _, v := range [][2]string{
		{testAddress, testToken}, {"", testToken}, {testAddress, ""}, {"", testAddress}, {testAlias + currentPath + "7", "7"},
		{"", "../7"}, {"", "x/api/events/7"}, {"", "a?b"}, {"", "a#b"}, {"", "%2e%2e"}, {"", "@evil.example/"}, {"", "7.."}, {"", ".."}, {dummyBase + currentPath + "7", "7"},
	} {
		f.Add(v[0], v[1])
	}
	f.Fuzz(func(t *testing.T, address, token string) {
		query := url.Values{"url": {address}, "token": {token}}.Encode()
		var at eventAddress
		var err error
		routertest.Bounded(t, func() { at, err = s.findAddress(query, testKey) })
		if err != nil {
			return
		}
		if at.base != testMarketplace && at.base != dummyBase || !isToken(at.token) {
			t.Fatalf("%q and %q are %+v", address, token, at)
		}
		if u := at.url; u.User != nil || u.Fragment != "" || baseOf(u) != at.served || !strings.HasSuffix(u.EscapedPath(), "/events/"+at.token) || path.Clean(u.EscapedPath()) != u.EscapedPath() {
			t.Fatalf("%q and %q are fetched at %s", address, token, at.url)
		}
		again, err := s.parseAddress(at.url.String())
		if err != nil || !again.is(at) {
			t.Fatalf("%s is %+v when it is fetched: %v", at.url, again, err)
		}
		if bare := strings.TrimSpace(token); bare != "" && !strings.Contains(bare, "://") && bare != at.token {
			t.Fatalf("%q and %q are %+v", address, token, at)
		}
	})
}

// TestFetchTellsOfAddOns: routes see which events are of add-ons, whichever
// form they came in.
func TestFetchTellsOfAddOns(t *testing.T) {
	event := func(eventType, account string) string {
		return `{"type":"` + eventType + `","marketplace":{"baseUrl":"` + testMarketplace + `"},"payload":{"account":` + account + `}}`
	}
	for _, tt := range []struct {
		name, body string
		want       bool
	}{
		{"order", event("SUBSCRIPTION_ORDER", `null`), false},
		{"order of an add-on", event("SUBSCRIPTION_ORDER", `{"accountIdentifier":null,"status":"INITIALIZED","parentAccountIdentifier":"p"}`), true},
		{"change of an add-on", event("SUBSCRIPTION_CHANGE", `{"accountIdentifier":"a","parentAccountIdentifier":"p"}`), true},
		{"cancel", event("SUBSCRIPTION_CANCEL", `{"accountIdentifier":"a","parentAccountIdentifier":null}`), false},
		{"cancel of an add-on", event("SUBSCRIPTION_CANCEL", `{"accountIdentifier":"a","parentAccountIdentifier":"p"}`), true},
		{"no parent", event("SUBSCRIPTION_CANCEL", `{"accountIdentifier":"a","parentAccountIdentifier":" "}`), false},
		{"older generation", event("ADDON_BIND", `{"accountIdentifier":"a"}`), true},
		{"unknown type", event("WORMHOLE_ADDON_OPENED", `{"accountIdentifier":"a"}`), false},
		{"XML", `<event><type>SUBSCRIPTION_CANCEL</type><marketplace><baseurl>` + testMarketplace + `</baseurl></marketplace>` +
			`<payload><account><parentaccountidentifier>p</parentaccountidentifier></account></payload></event>`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := newSource(t, nil)
			s.client.Transport = served(tt.body)
			e, err := s.Fetch(t.Context(), router.Notice{Address: testAddress, Credential: testKey})
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]string{true: `{"addon":true}`, false: `{"addon":false}`}[tt.want]; string(e.Extra) != want {
				t.Errorf("extra = %s, want %s", e.Extra, want)
			}
		})
	}
}
