package bench

import (
	"context"
	"encoding/json"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/sdk"
)

// PluginName is what `signalbox plugin-serve` is asked for to be the plugin of
// the measurements. It is not among the bundled ones: no configuration but
// ours has a use for it.
const PluginName = "bench"

// ServePlugin is the plugin's process: its one action does nothing, at once.
func ServePlugin() {
	sdk.Serve(&sdk.Plugin{
		Name: PluginName, Doc: "Does nothing, for measurements.",
		Actions: []sdk.Action{{
			Name: action().Action, Doc: "Pretend to make a customer.",
			Input:  sdk.Schema{Attrs: []sdk.Attr{{Name: "email", Type: sdk.String, Required: true}, {Name: "name", Type: sdk.String}}},
			Output: sdk.Schema{Attrs: []sdk.Attr{{Name: "customer_id", Type: sdk.String, Required: true}}},
			Handle: func(_ context.Context, d *sdk.Delivery) sdk.Outcome {
				return sdk.Succeeded(map[string]string{"customer_id": "cus_" + d.Event.ID})
			},
		}},
	})
}

// action is the one that the plugin has.
func action() router.ActionRef {
	return router.ActionRef{Plugin: PluginName, Action: "create_customer"}
}

// input is one that the configuration's route could make.
func input() json.RawMessage {
	return json.RawMessage(`{"email":"ada@copper-kettle-bakery.example","name":"Copper Kettle Bakery"}`)
}
