package appdirect

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

func TestIsPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "100.63.255.255": true, "100.128.0.1": true, "172.15.0.1": true, "172.32.0.1": true, "223.255.255.255": true,
		"2606:4700::1111": true, "2001:4860:4860::8888": true, "64:ff9b::8.8.8.8": true, "::ffff:8.8.8.8": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "127.0.0.1": false, "127.8.9.10": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "192.0.0.170": false, "192.0.2.1": false,
		"192.88.99.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,

		"::": false, "::1": false, "::127.0.0.1": false, "::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false,
		"64:ff9b::127.0.0.1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::8.8.8.8": false, "100::1": false,
		"fc00::1": false, "fd12:3456::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false,
		"2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "3fff::1": false, "5f00::1": false,
	} {
		if got := isPublic(netip.MustParseAddr(addr)); got != want {
			t.Errorf("isPublic(%s) = %t", addr, got)
		}
	}
	if isPublic(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// TestFetchGoesToPublicAddressesOnly: the marketplace's name is a good one, and
// leads to loopback all the same.
func TestFetchGoesToPublicAddressesOnly(t *testing.T) {
	called := 0
	var base string
	loopback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called++
		serve(200, "", eventOf(base, "null"))(w, r)
	}))
	defer loopback.Close()
	base = strings.Replace(loopback.URL, "127.0.0.1", "localhost", 1)
	for _, tt := range []struct {
		name   string
		listed bool
	}{
		{"not listed", false},
		{"listed as private", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			called = 0
			s, n := at(t, base, nil)
			s.marketplaces.private[base] = tt.listed
			e, err := s.Fetch(t.Context(), n)
			outcome := s.Callback(t.Context(), &e, router.Verdict{Kind: router.Success})
			if tt.listed {
				if err != nil || called != 2 || outcome.Kind != router.Succeeded {
					t.Errorf("called %d times: %v, %+v", called, err, outcome)
				}
				return
			}
			checkFetchError(t, e, err, router.FetchPassing, true, "")
			outcome = s.Callback(t.Context(), &router.Event{Notice: n}, router.Verdict{Kind: router.Success})
			if outcome.Kind != router.Retry || !outcome.NeedsOperator {
				t.Errorf("callback: %+v", outcome)
			}
			for _, text := range []string{err.Error(), outcome.Detail} {
				if !strings.Contains(text, "private_marketplaces") || !strings.Contains(text, "is not a public address") {
					t.Errorf("%q does not say what to do", text)
				}
			}
			if called != 0 {
				t.Error("the address was connected to")
			}
		})
	}
}

// TestGuardLeavesNamesToTheProxy: what a proxy resolves can't be checked here,
// and a proxy may itself lie in a private network.
func TestGuardLeavesNamesToTheProxy(t *testing.T) {
	asked := ""
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		io.WriteString(w, "by the proxy")
	}))
	defer proxy.Close()
	var through *url.URL
	var failure error
	g := newGuard(nil)
	g.proxy = func(*http.Request) (*url.URL, error) { return through, failure }
	client := http.Client{Transport: g}
	defer client.CloseIdleConnections()

	through = parseURL(t, proxy.URL)
	resp, err := client.Get("http://marketplace.invalid/x")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "by the proxy" || asked != "http://marketplace.invalid/x" {
		t.Errorf("asked for %q, got %q", asked, body)
	}

	through = nil
	var private *PrivateAddressError
	if _, err := client.Get(proxy.URL); !errors.As(err, &private) || !private.Addr.IsLoopback() {
		t.Errorf("without a proxy: %v", err)
	}
	failure = errors.New("no such proxy")
	if _, err := client.Get(proxy.URL); !errors.Is(err, failure) {
		t.Errorf("with a proxy that can't be read: %v", err)
	}
}
