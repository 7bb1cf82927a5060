package appdirect

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

const testAlias = "https://acme.appdirect.com"

func TestMarketplacesRefuse(t *testing.T) {
	for _, tt := range []struct {
		name string
		more map[string]any
		attr string
		want string
	}{
		{"alias of none", map[string]any{"aliases": map[string]string{testAlias: "https://other.example"}}, "aliases", "not one of marketplaces"},
		{"alias of an alias", map[string]any{"aliases": map[string]string{testAlias: testMarketplace, "https://b.example": testAlias}}, "aliases", "not one of marketplaces"},
		{"a marketplace as an alias", map[string]any{"marketplaces": []string{testMarketplace, testAlias}, "aliases": map[string]string{testAlias: testMarketplace}}, "aliases", "is one of marketplaces itself"},
		{"an alias of two", map[string]any{
			"marketplaces": []string{testMarketplace, "https://b.example"},
			"aliases":      map[string]string{testAlias: testMarketplace, testAlias + ":443": "https://b.example"},
		}, "aliases", "given twice"},
		{"alias with a path", map[string]any{"aliases": map[string]string{testAlias + "/api": testMarketplace}}, "aliases", "has a path"},
		{"alias that stands for no address", map[string]any{"aliases": map[string]string{testAlias: "acme"}}, "aliases", "not a base address"},
		{"private but not listed", map[string]any{"private_marketplaces": []string{testAlias}}, "private_marketplaces", "not one of marketplaces or aliases"},
		{"private that is no address", map[string]any{"private_marketplaces": []string{""}}, "private_marketplaces", "not a base address"},
		{"token base that is not listed", map[string]any{"token_base": testAlias}, "token_base", "not one of marketplaces or aliases"},
		{"token base with a path", map[string]any{"token_base": testMarketplace + "/api/integration/v1/events"}, "token_base", "has a path"},
		{"empty token parameter", map[string]any{"token_parameters": []string{""}}, "token_parameters", "may be empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New("appdirect.acme", config(t, tt.more), router.SourceDeps{PublicURL: testPublic})
			var setting *router.SettingError
			if !errors.As(err, &setting) || setting.Attr != tt.attr || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New: %v; want an error of %s with %q", err, tt.attr, tt.want)
			}
		})
	}
}

func TestMarketplacesMayBePrivate(t *testing.T) {
	s, _ := newSource(t, map[string]any{
		"marketplaces": []string{
			testMarketplace, "http://localhost:8080", "https://Shop.LOCALHOST", "http://10.1.2.3", "http://[::1]:8480",
			"https://market.corp.example", "https://localhost.example", "http://2130706433",
		},
		"aliases":              map[string]string{"https://192.168.0.7": testMarketplace, "https://inner.example": testMarketplace},
		"private_marketplaces": []string{"https://MARKET.corp.example:443", "https://inner.example"},
	})
	want := []string{
		"http://10.1.2.3", "http://[::1]:8480", "http://localhost:8080", "https://192.168.0.7", "https://inner.example",
		"https://market.corp.example", "https://shop.localhost",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(s.marketplaces.private))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestAliases: whichever name an event comes under, it is one event of one
// marketplace.
func TestAliases(t *testing.T) {
	const event = "/api/integration/v1/events/" + testToken
	s, _ := newSource(t, map[string]any{"aliases": map[string]string{testAlias: testMarketplace}})
	for name, tt := range map[string]struct {
		address, named string
		refused        bool
	}{
		"the name and its own":     {testMarketplace, testMarketplace, false},
		"the name and the alias":   {testMarketplace, testAlias, false},
		"the alias and its own":    {testAlias, testAlias, false},
		"the alias and the name":   {testAlias, testMarketplace + "/", false},
		"the alias, spelt apart":   {"HTTPS://Acme.AppDirect.com:443", strings.ToUpper(testAlias), false},
		"the alias and a stranger": {testAlias, "https://www.appdirect.com", true},
		"the alias and none":       {testAlias, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			n, resp, err := s.Receive(notify(t, signer(testKey, testSecret), "/appdirect/acme", "url="+url.QueryEscape(tt.address+event)), nil)
			if err != nil || resp != nil {
				t.Fatalf("Receive: %+v, %v", resp, err)
			}
			if n.Key != testMarketplace+"|"+testToken || n.Base != testMarketplace || !strings.EqualFold(n.Address, tt.address+event) {
				t.Errorf("notice %+v", n)
			}
			s.client.Transport = served(eventOf(tt.named, `{"accountIdentifier":"a"}`))
			e, err := s.Fetch(t.Context(), n)
			if tt.refused {
				checkFetchError(t, e, err, router.FetchRefused, false, codeUnknownError)
				return
			}
			if err != nil || e.Lane != "appdirect.acme|"+testMarketplace+"|a" {
				t.Errorf("lane %q, %v", e.Lane, err)
			}
		})
	}
}

// TestAliasOfThePingTestsHost: that host serves live events once it is named as
// an alias, as it does when it is listed.
func TestAliasOfThePingTestsHost(t *testing.T) {
	s, _ := newSource(t, map[string]any{"aliases": map[string]string{dummyBase: testMarketplace}, "allow_dummy": true})
	s.client.Transport = served(eventOf(testMarketplace, "null"))
	n := router.Notice{Address: dummyBase + "/api/integration/v1/events/7", Credential: testKey}
	if _, err := s.Fetch(t.Context(), n); err != nil {
		t.Error(err)
	}
	query := "url=" + url.QueryEscape(dummyBase+"/api/events/dummyOrder")
	if n, _, err := s.Receive(notify(t, signer(dummyKey, dummySecret), "/appdirect/acme", query), nil); err != nil || n.Base != testMarketplace {
		t.Errorf("the published key at its host: %+v, %v", n, err)
	}
	query = "url=" + url.QueryEscape(testAddress)
	if n, _, err := s.Receive(notify(t, signer(dummyKey, dummySecret), "/appdirect/acme", query), nil); err == nil {
		t.Errorf("the published key at the marketplace: %+v", n)
	}
}
