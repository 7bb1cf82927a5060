package appdirect

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// marketplaces are the addresses that events come from, and what each is.
type marketplaces struct {
	// names leads from each base address, aliases included, to the one that
	// its marketplace is known by here.
	names map[string]string
	// private are the base addresses that may lie in a private network.
	private map[string]bool
}

// known gives the one name of the marketplace that a base address stands for.
func (m *marketplaces) known(base string) (name string, ok bool) {
	name, ok = m.names[base]
	return name, ok
}

// readMarketplaces reads marketplaces, aliases and private_marketplaces.
func readMarketplaces(b *block) (*marketplaces, error) {
	if len(b.Marketplaces) == 0 {
		return nil, router.Setting("marketplaces", "at least one is needed")
	}
	m := &marketplaces{names: map[string]string{}, private: map[string]bool{}}
	for _, raw := range b.Marketplaces {
		base, err := m.read(raw)
		if err != nil {
			return nil, router.Setting("marketplaces", "%w", err)
		}
		m.names[base] = base
	}
	aliases := map[string]string{}
	for _, raw := range slices.Sorted(maps.Keys(b.Aliases)) {
		alias, err := m.read(raw)
		if err != nil {
			return nil, router.Setting("aliases", "%w", err)
		}
		stands, err := m.read(b.Aliases[raw])
		if err != nil {
			return nil, router.Setting("aliases", "%w", err)
		}
		switch {
		case m.names[stands] == "":
			return nil, router.Setting("aliases", "%q stands for %q, which is not one of marketplaces", raw, b.Aliases[raw])
		case m.names[alias] != "":
			return nil, router.Setting("aliases", "%q is one of marketplaces itself: its events would be another's", raw)
		case aliases[alias] != "" && aliases[alias] != stands:
			return nil, router.Setting("aliases", "%q is given twice, for two marketplaces", raw)
		}
		aliases[alias] = stands
	}
	maps.Copy(m.names, aliases)
	for _, raw := range b.PrivateMarketplaces {
		base, err := m.read(raw)
		if err != nil {
			return nil, router.Setting("private_marketplaces", "%w", err)
		}
		if m.names[base] == "" {
			return nil, router.Setting("private_marketplaces", "%q is not one of marketplaces or aliases", raw)
		}
		m.private[base] = true
	}
	return m, nil
}

// read reads a base address. One that is itself an address, or localhost, says
// where its marketplace lies: that it may be a private one needs no more words.
func (m *marketplaces) read(raw string) (base string, err error) {
	u, err := parseBase(raw)
	if err != nil {
		return "", err
	}
	if u.Path != "" {
		return "", fmt.Errorf("%q has a path; a base address ends with the host", raw)
	}
	base = baseOf(u)
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		m.private[base] = true
	}
	return base, nil
}

// readTokenBase reads where events are whose notifications name only a token;
// "" where the configuration does not say.
func (m *marketplaces) readTokenBase(raw string) (base string, err error) {
	if raw == "" {
		return "", nil
	}
	if base, err = m.read(raw); err != nil {
		return "", router.Setting("token_base", "%w", err)
	}
	if m.names[base] == "" {
		return "", router.Setting("token_base", "%q is not one of marketplaces or aliases", raw)
	}
	return base, nil
}
