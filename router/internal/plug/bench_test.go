package plug

import (
	"encoding/json"
	"testing"

	"github.com/signalbox/signalbox/router"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// BenchmarkOutcome turns a plugin's answer into an outcome: it holds the output
// against the action's schema.
func BenchmarkOutcome(b *testing.B) {
	text, texts := json.RawMessage(`"string"`), json.RawMessage(`["map","string"]`)
	of, err := newOutputShape(router.Schema{Attrs: []router.Attr{
		{Name: "customer_id", Type: text, Required: true}, {Name: "subscription_id", Type: text},
		{Name: "balance", Type: json.RawMessage(`"number"`)}, {Name: "metadata", Type: texts},
	}})
	if err != nil {
		b.Fatal(err)
	}
	a := answer{sent: true, response: &pluginv1.HandleResponse{Outcome: &pluginv1.HandleResponse_Succeeded{
		Succeeded: &pluginv1.Succeeded{Output: []byte(
			`{"customer_id":"cus_QbR81hz","subscription_id":"sub_1PkT2e","balance":-1250,"metadata":{"order":"0198","account":"81"}}`,
		)},
	}}}
	b.ReportAllocs()
	for b.Loop() {
		if o := a.outcome(of, veil{}); o.Kind != router.Succeeded {
			b.Fatal(o.Detail)
		}
	}
}
