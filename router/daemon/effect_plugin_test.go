package daemon_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/signalbox/signalbox/sdk"
)

// forgottenAfter is the lifetime of the keys of create_forgotten: shorter than
// its time-out, so that what is unknown by a time-out is too old already.
const forgottenAfter = 50 * time.Millisecond

// serveCharges is what this test's binary does as the plugin charges.
func serveCharges(stripe string) { sdk.Serve(charges(stripe)) }

// charges is a plugin that trusts in the idempotency key alone: it never looks
// for what an earlier attempt has done. What is done twice is seen.
func charges(stripe string) *sdk.Plugin {
	create := sdk.Action{
		Name: "create", KeyLifetime: 23 * time.Hour,
		Handle: func(ctx context.Context, d *sdk.Delivery) sdk.Outcome { return charge(ctx, stripe, d) },
		Input: sdk.Schema{Attrs: []sdk.Attr{
			{Name: "email", Type: sdk.String, Required: true}, {Name: "name", Type: sdk.String}, {Name: "price", Type: sdk.String},
		}},
		Output: sdk.Schema{Attrs: []sdk.Attr{{Name: "customer_id", Type: sdk.String, Required: true}}},
	}
	forgotten := create
	forgotten.Name, forgotten.KeyLifetime = "create_forgotten", forgottenAfter
	return &sdk.Plugin{
		Name: "charges", Version: "1.0.0", Actions: []sdk.Action{create, forgotten},
		Config: sdk.Schema{Attrs: []sdk.Attr{{Name: "revision", Type: sdk.String}}},
	}
}

// charge makes one call under the delivery's key.
func charge(ctx context.Context, stripe string, d *sdk.Delivery) sdk.Outcome {
	var in struct{ Email, Name, Price string }
	if err := d.Input.Decode(&in); err != nil {
		return sdk.Rejected("invalid_input", "", err.Error())
	}
	form := url.Values{"email": {in.Email}, "name": {in.Name}, "metadata[price]": {in.Price}, "metadata[signalbox_delivery]": {d.ID}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, stripe+postCustomer, strings.NewReader(form.Encode()))
	if err != nil {
		return sdk.Rejected("invalid_input", "", err.Error())
	}
	req.Header.Set("Authorization", "Bearer sk_test_4eC39HqLyjWDarjtT1zdp7dc")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Idempotency-Key", d.Key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return sdk.Retry("no answer: " + err.Error())
	}
	defer resp.Body.Close()
	var said struct{ ID string }
	err = json.NewDecoder(resp.Body).Decode(&said)
	switch {
	case err != nil:
		return sdk.Retry("no answer: " + err.Error())
	case resp.StatusCode == http.StatusOK:
		return sdk.Succeeded(map[string]string{"customer_id": said.ID})
	case resp.StatusCode == http.StatusTooManyRequests:
		return sdk.Retry("rate limited")
	case resp.StatusCode >= http.StatusInternalServerError:
		return sdk.Retry(resp.Status).FreshKey()
	}
	return sdk.Rejected("refused", "", resp.Status)
}
