package plugins

import (
	"runtime/debug"

	"github.com/signalbox/signalbox/plugins/billing"
	"github.com/signalbox/signalbox/plugins/crm"
	"github.com/signalbox/signalbox/plugins/email"
	"github.com/signalbox/signalbox/plugins/subscriptionbridge"
	"github.com/signalbox/signalbox/plugins/webhook"
	"github.com/signalbox/signalbox/sdk"
)

// Names are the bundled plugins, in alphabetical order: what a plugin block's
// use attribute may say.
func Names() []string { return []string{"billing", "crm", "email", "subscriptionbridge", "webhook"} }

// New makes the bundled plugin of that name, its version being this binary's;
// false if there is none.
func New(name string) (*sdk.Plugin, bool) {
	var p *sdk.Plugin
	switch name {
	case "billing":
		p = billing.New()
	case "crm":
		p = crm.New()
	case "email":
		p = email.New()
	case "subscriptionbridge":
		p = subscriptionbridge.New()
	case "webhook":
		p = webhook.New()
	default:
		return nil, false
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		p.Version = info.Main.Version
	}
	return p, true
}
