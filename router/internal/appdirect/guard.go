package appdirect

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
)

// PrivateAddressError: a marketplace's name led to an address that is not one
// of the public Internet. Whoever could choose the name, or what it resolves
// to, would read from the operator's own network with it.
type PrivateAddressError struct{ Addr netip.Addr }

func (e *PrivateAddressError) Error() string {
	return fmt.Sprintf("the marketplace's name leads to %s, which is not a public address; if that is where it is, list it in private_marketplaces", e.Addr)
}

// guard sends requests to public addresses only, but for marketplaces that may
// lie elsewhere. What is checked is the address that a connection is made to,
// so that it does not matter what the name resolves to at another time.
//
// Where the environment names a proxy for a marketplace, the proxy resolves the
// name and the address can't be seen here: keeping the proxy from private
// addresses is left to those who run it.
type guard struct {
	private map[string]bool // by base address
	proxy   func(*http.Request) (*url.URL, error)
	// public refuses private addresses and uses no proxy; open does neither.
	public, open http.RoundTripper
}

func newGuard(private map[string]bool) *guard {
	g := &guard{private: private, proxy: http.ProxyFromEnvironment}
	g.public = newTransport(&net.Dialer{Timeout: dialLimit, ControlContext: onlyPublic}, nil)
	g.open = newTransport(&net.Dialer{Timeout: dialLimit}, g.proxyOf)
	return g
}

func newTransport(dialer *net.Dialer, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    dialLimit,
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        idleLimit,
		MaxIdleConnsPerHost:    idleConns,
		MaxResponseHeaderBytes: maxResponseHeader,
	}
}

func (g *guard) proxyOf(r *http.Request) (*url.URL, error) { return g.proxy(r) }

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.private[baseOf(r.URL)] {
		return g.open.RoundTrip(r)
	}
	proxy, err := g.proxy(r)
	if err != nil {
		return nil, fmt.Errorf("reading the proxy's address: %w", err)
	}
	if proxy != nil {
		return g.open.RoundTrip(r)
	}
	return g.public.RoundTrip(r)
}

// CloseIdleConnections closes those of both; http.Client looks for it.
func (g *guard) CloseIdleConnections() {
	for _, t := range []http.RoundTripper{g.public, g.open} {
		if c, ok := t.(interface{ CloseIdleConnections() }); ok {
			c.CloseIdleConnections()
		}
	}
}

// onlyPublic is asked before each connection, once its address is known.
func onlyPublic(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("reading the address to connect to: %w", err)
	}
	if !isPublic(to.Addr()) {
		return &PrivateAddressError{Addr: to.Addr()}
	}
	return nil
}

// The blocks of the public Internet that are set aside for something else
// (IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 6890). Of IPv6
// only 2000::/3 is public at all (RFC 4291, section 2.4).
var (
	specialV4 = prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	)
	publicV6  = netip.MustParsePrefix("2000::/3")
	specialV6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
	// nat64 carries an IPv4 address in its last four bytes (RFC 6052): hosts
	// that only have IPv6 reach all of IPv4 through it.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// isPublic reports whether an address is one that anybody on the Internet would
// reach the same host by.
func isPublic(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	special := specialV4
	if a.Is6() {
		if !publicV6.Contains(a) {
			return false
		}
		special = specialV6
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}
