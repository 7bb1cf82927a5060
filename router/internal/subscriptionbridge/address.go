package subscriptionbridge

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// forwardedFor is the header to which each proxy appends the address that the
// request reached it from.
const forwardedFor = "X-Forwarded-For"

// networks is a set of addresses.
type networks []netip.Prefix

func (n networks) contain(a netip.Addr) bool {
	for _, p := range n {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// readNetworks reads networks such as 203.0.113.0/24, and single addresses.
func readNetworks(texts []string) (networks, error) {
	var out networks
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, addrErr := netip.ParseAddr(text)
			if addrErr != nil || a.Zone() != "" {
				return nil, fmt.Errorf(`%q is neither a network such as "203.0.113.0/24" nor an address`, text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q is an IPv4 address in an IPv6 one: write it as IPv4", text)
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("%q is no network: did you mean %q?", text, p.Masked())
		}
		out = append(out, p)
	}
	return out, nil
}

// client returns the address that a request comes from: the connection's, or,
// where that is one of the proxies, the right-most in X-Forwarded-For that is
// not. What stands left of it was written by somebody unknown and may be a lie.
func (proxies networks) client(r *http.Request) (netip.Addr, error) {
	a, err := readAddress(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, errors.New("the connection has no address")
	}
	lines := r.Header.Values(forwardedFor)
	for i := len(lines) - 1; i >= 0; i-- {
		line, more := lines[i], true
		for more && proxies.contain(a) {
			var hop string
			if cut := strings.LastIndexByte(line, ','); cut >= 0 {
				hop, line = line[cut+1:], line[:cut]
			} else {
				hop, more = line, false
			}
			if a, err = readAddress(strings.TrimSpace(hop)); err != nil {
				return netip.Addr{}, fmt.Errorf("%s holds %.64q, which is no address", forwardedFor, hop)
			}
		}
	}
	return a, nil
}

// readAddress reads an address with or without a port, an IPv6 one with or
// without brackets. IPv4 in IPv6 is IPv4, and a zone, which only the host that
// has it understands, is left out: a network can't name one.
func readAddress(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		var ap netip.AddrPort
		ap, err = netip.ParseAddrPort(text)
		a = ap.Addr()
	}
	return a.Unmap().WithZone(""), err
}
