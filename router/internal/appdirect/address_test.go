package appdirect

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	s, _ := newSource(t, map[string]any{"marketplaces": []string{testMarketplace, "http://127.0.0.1:8080", "https://[::1]"}})
	for _, tt := range []struct{ name, raw, base, token, result string }{
		{"present form", testMarketplace + "/api/integration/v1/events/t-1", testMarketplace, "t-1", testMarketplace + "/api/integration/v1/events/t-1/result"},
		{"case and default port", "HTTPS://WWW.Acme-Marketplace.com:443/api/integration/v1/events/t-1", testMarketplace, "t-1", "https://WWW.Acme-Marketplace.com:443/api/integration/v1/events/t-1/result"},
		{"query", testMarketplace + "/api/integration/v1/events/t-1?a=b", testMarketplace, "t-1", testMarketplace + "/api/integration/v1/events/t-1/result"},
		{"old form", testMarketplace + "/rest/api/events/dummyOrder", testMarketplace, "dummyOrder", testMarketplace + "/api/integration/v1/events/dummyOrder/result"},
		{"older form", testMarketplace + "/AppDirect/rest/api/events/7", testMarketplace, "7", testMarketplace + "/api/integration/v1/events/7/result"},
		{"oldest form", testMarketplace + "/api/events/7", testMarketplace, "7", testMarketplace + "/api/integration/v1/events/7/result"},
		{"other port", "http://127.0.0.1:8080/api/events/7", "http://127.0.0.1:8080", "7", "http://127.0.0.1:8080/api/integration/v1/events/7/result"},
		{"IPv6", "https://[::1]/api/events/7", "https://[::1]", "7", "https://[::1]/api/integration/v1/events/7/result"},
		{"host of ping tests", "https://www.appdirect.com/api/events/dummyOrder", dummyBase, "dummyOrder", dummyBase + "/api/integration/v1/events/dummyOrder/result"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at, err := s.parseAddress(tt.raw)
			if err != nil {
				t.Fatal(err)
			}
			if at.base != tt.base || at.token != tt.token || !strings.EqualFold(at.url.String(), tt.raw) || !strings.EqualFold(at.result().String(), tt.result) {
				t.Errorf("got %s, %s, %s, result %s", at.base, at.token, at.url, at.result())
			}
		})
	}
}

func TestParseAddressRefuses(t *testing.T) {
	s, _ := newSource(t, nil)
	const path = "/api/integration/v1/events/t-1"
	for _, tt := range []struct{ name, raw, want string }{
		{"empty", "", "not an absolute"},
		{"no scheme", "www.acme-marketplace.com" + path, "not an absolute"},
		{"relative to the scheme", "//www.acme-marketplace.com" + path, "not an absolute"},
		{"file", "file://www.acme-marketplace.com" + path, "not an absolute"},
		{"opaque", "https:www.acme-marketplace.com", "not an absolute"},
		{"control character", testMarketplace + path + "\n", "can't be parsed"},
		{"longer than all", testMarketplace + path + strings.Repeat("x", maxAddress), "longer than"},
		{"credentials", "https://u:hunter2@www.acme-marketplace.com" + path, "credentials"},
		{"the marketplace as user", "https://www.acme-marketplace.com@evil.example" + path, "credentials"},
		{"fragment", testMarketplace + path + "#a", "fragment"},
		{"empty fragment", testMarketplace + path + "#", "fragment"},
		{"other scheme than listed", "http://www.acme-marketplace.com" + path, "not one of"},
		{"other port", testMarketplace + ":8443" + path, "not one of"},
		{"other host", "https://evil.example" + path, "not one of"},
		{"listed host as a prefix", testMarketplace + ".evil.example" + path, "not one of"},
		{"listed host as a suffix", "https://evilwww.acme-marketplace.com" + path, "not one of"},
		{"trailing dot", testMarketplace + "." + path, "not one of"},
		{"metadata service", "http://169.254.169.254" + path, "not one of"},
		{"host of ping tests without TLS", "http://www.appdirect.com" + path, "not one of"},
		{"no path", testMarketplace, "path"},
		{"no token", testMarketplace + "/api/integration/v1/events/", "path"},
		{"other path", testMarketplace + "/api/account/v1/users/7", "path"},
		{"path goes on", testMarketplace + path + "/result", "path"},
		{"path goes back", testMarketplace + "/api/integration/v1/events/..", "path"},
		{"path goes back in front", testMarketplace + "/a/../api/integration/v1/events/7", "path"},
		{"encoded slash", testMarketplace + "/api/integration/v1/events/a%2Fb", "path"},
		{"encoded letter", testMarketplace + "/api/integration/v1/events/%61", "path"},
		{"doubled slash", testMarketplace + "//api/integration/v1/events/a", "path"},
		{"long token", testMarketplace + "/api/events/" + strings.Repeat("x", 300), "path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at, err := s.parseAddress(tt.raw)
			var refused *AddressError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %+v, %v; want an *AddressError with %q", at, err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("credentials show in %v", err)
			}
		})
	}
}

// FuzzEventPath holds the paths that are taken against the expression that
// describes them.
func FuzzEventPath(f *testing.F) {
	for _, path := range []string{
		"/api/integration/v1/events/t-1", "/rest/api/events/7", "/api/events/7", "/a/integration/v2/api/integration/v12/events/a~b",
		"", "/", "t", "/events/t", "/api/events/", "/api/events/.t", "/api/events/-", "/api/integration/v/events/t", "/integration/v1/events/t",
		"/api/integration/v1/api/events/t", "//api/events/t", "/a//api/events/t", "a/api/events/t", "/a.b/api/events/t", "/xapi/events/t",
		"/api/xevents/t", "/api/events/events/t", "/api/api/events/t", "/api/events/t%41", "/api/events/\u00e9", "/api/events/" + strings.Repeat("x", maxToken+1),
		"/api/integration/v1/integration/v2/events/t", "/api/events/" + strings.Repeat("x", maxToken),
	} {
		f.Add(path)
	}
	want := regexp.MustCompile(`^(?:/[A-Za-z0-9_-]+)*/api(/integration/v[0-9]+)?/events/([A-Za-z0-9][A-Za-z0-9._~-]{0,199})$`)
	f.Fuzz(func(t *testing.T, path string) {
		token, current, ok := cutEventPath(path)
		m := want.FindStringSubmatch(path)
		if ok != (m != nil) || ok && (token != m[2] || current != (m[1] != "")) {
			t.Errorf("cutEventPath(%q) = %q, %v, %v, want %q", path, token, current, ok, m)
		}
	})
}
