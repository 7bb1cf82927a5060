package config

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
)

// Addresses without TLS: they are good on one machine, and elsewhere a warning,
// since what proves a caller or carries a customer can be read on the way.

// warnInClear warns where one of the addresses is http, and not this machine's.
func (r *reader) warnInClear(name string, rng hcl.Range, addresses ...string) {
	for _, address := range addresses {
		if inClear(address) {
			r.add(warningAt(rng, "An address without TLS",
				"%s has %s: what goes over http can be read and changed on the way. Write https://…; http is for addresses of this machine, as 127.0.0.1 and localhost.", quote(name), quote(address)))
			return
		}
	}
}

func inClear(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	ip, err := netip.ParseAddr(host)
	return host != "localhost" && !strings.HasSuffix(host, ".localhost") && (err != nil || !ip.IsLoopback())
}

// warnSettingsInClear looks at those of a source's settings that are texts, or
// lists of texts, and no secrets.
func (r *reader) warnSettingsInClear(schema router.Schema, settings router.Secret, block *hcl.Block) {
	var values map[string]json.RawMessage
	if json.Unmarshal(settings.Reveal(), &values) != nil {
		return // it has an error of its own
	}
	for _, attr := range schema.Attrs {
		if attr.Sensitive {
			continue
		}
		var one string
		var several []string
		if json.Unmarshal(values[attr.Name], &one) == nil {
			several = []string{one}
		} else if json.Unmarshal(values[attr.Name], &several) != nil {
			continue
		}
		r.warnInClear(attr.Name, locate(block.Body, []string{attr.Name}), several...)
	}
}
