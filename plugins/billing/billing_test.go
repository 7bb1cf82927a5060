package billing_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/plugins/billing"
	"github.com/signalbox/signalbox/sdk"
	"github.com/signalbox/signalbox/sdk/sdktest"
)

func TestMain(m *testing.M) { sdktest.Main(m, billing.New()) }

const (
	liveKey = "sk_live_0123456789"
	testKey = "sk_test_0123456789"
	key     = "event-1/order/customer:0"
)

func config(f *fakeStripe) map[string]any {
	return map[string]any{
		"secret_key": liveKey, "base_url": f.URL, "collection_method": "send_invoice", "days_until_due": 30,
		"prices": map[string]string{"PRO": "price_pro"},
	}
}

func start(t *testing.T) (*fakeStripe, *sdktest.Client) {
	f := newStripe(t)
	return f, sdktest.Start(t, billing.New(), config(f))
}

func order(price string) map[string]any {
	return map[string]any{"email": "ada@example.com", "name": "Example Ltd", "price": price, "quantity": 5,
		"metadata": map[string]string{"marketplace": "acme"}}
}

func succeeded(t *testing.T, o sdktest.Outcome) map[string]any {
	t.Helper()
	if o.Kind != sdktest.Succeeded {
		t.Fatalf("got %s, want a success", o)
	}
	var out map[string]any
	if err := o.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestASubscriptionsLife(t *testing.T) {
	f, c := start(t)
	got := succeeded(t, c.Handle("create_subscription", order("PRO"), sdktest.Key(key)))
	want := map[string]any{"customer_id": "cus_1", "subscription_id": "sub_1", "status": "active"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("create (-want +got):\n%s", diff)
	}
	s := f.subscriptions[0]
	wantMeta := map[string]string{"marketplace": "acme", "signalbox_delivery": "event-1/order/customer", "signalbox_event": "test-event"}
	if diff := cmp.Diff(wantMeta, s["metadata"]); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if s["price"] != "price_pro" || s["quantity"] != "5" {
		t.Errorf("subscribed to %v × %v", s["quantity"], s["price"])
	}
	if form := s["form"].(string); !strings.Contains(form, "collection_method=send_invoice") || !strings.Contains(form, "days_until_due=30") {
		t.Errorf("collected by %s", form)
	}

	got = succeeded(t, c.Handle("change_subscription", map[string]any{"customer_id": "cus_1", "price": "price_max", "quantity": 0}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
	if s["price"] != "price_max" || s["quantity"] != "0" {
		t.Errorf("changed to %v × %v", s["quantity"], s["price"])
	}

	for _, cancelled := range []float64{1, 0} { // the second time it is cancelled already
		got = succeeded(t, c.Handle("cancel_subscription", map[string]any{"customer_id": "cus_1"}))
		want := map[string]any{"customer_id": "cus_1", "cancelled": cancelled, "status": "canceled"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("cancel (-want +got):\n%s", diff)
		}
	}
	if s["status"] != "canceled" {
		t.Errorf("the subscription is %v", s["status"])
	}
}

func TestInputs(t *testing.T) {
	_, c := start(t)
	customer := succeeded(t, c.Handle("create_subscription", order("PRO")))["customer_id"]
	tests := map[string]struct {
		action string
		input  map[string]any
		code   string
	}{
		"no e-mail":                 {"create_subscription", map[string]any{"email": "", "price": "PRO"}, "invalid_input"},
		"half a unit":               {"create_subscription", map[string]any{"email": "a@example.com", "price": "PRO", "quantity": 0.5}, "invalid_input"},
		"an unknown price":          {"create_subscription", map[string]any{"email": "a@example.com", "price": "MAX"}, "not_found"},
		"change of nobody's":        {"change_subscription", map[string]any{"customer_id": ""}, "invalid_input"},
		"change of an unknown":      {"change_subscription", map[string]any{"customer_id": "cus_9"}, "not_found"},
		"change of another's":       {"change_subscription", map[string]any{"customer_id": customer, "subscription_id": "sub_9"}, "not_found"},
		"cancel of nobody's: guard": {"cancel_subscription", map[string]any{"customer_id": ""}, "invalid_input"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if o := c.Handle(test.action, test.input); o.Kind != sdktest.Rejected || o.Code != test.code || o.Public == "" {
				t.Errorf("got %s, want a rejection %s with a public message", o, test.code)
			}
		})
	}
}

func TestWhichSubscription(t *testing.T) {
	f, c := start(t)
	succeeded(t, c.Handle("create_subscription", order("PRO")))
	f.mu.Lock()
	second := map[string]any{}
	for k, v := range f.subscriptions[0] {
		second[k] = v
	}
	second["id"] = "sub_2"
	f.subscriptions = append(f.subscriptions, second)
	f.mu.Unlock()

	if o := c.Handle("change_subscription", map[string]any{"customer_id": "cus_1", "quantity": 7}); o.Code != "ambiguous" {
		t.Errorf("one of two: got %s", o)
	}
	got := succeeded(t, c.Handle("change_subscription", map[string]any{"customer_id": "cus_1", "subscription_id": "sub_2", "quantity": 7}))
	if got["subscription_id"] != "sub_2" || second["quantity"] != "7" {
		t.Errorf("got %v, quantity %v", got, second["quantity"])
	}
	got = succeeded(t, c.Handle("cancel_subscription", map[string]any{"customer_id": "cus_1", "subscription_id": "sub_2"}))
	if got["cancelled"] != 1.0 || f.subscriptions[0]["status"] != "active" {
		t.Errorf("got %v, the other is %v", got, f.subscriptions[0]["status"])
	}
}

func TestDevelopmentEventsBillNobody(t *testing.T) {
	event := sdktest.Event(sdk.Event{ID: "event-1", Flag: "DEVELOPMENT"})
	t.Run("without a test key", func(t *testing.T) {
		f, c := start(t)
		got := succeeded(t, c.Handle("create_subscription", order("PRO"), event))
		want := map[string]any{"customer_id": "dev_event-1", "subscription_id": "dev_event-1", "status": "not_billed"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, action := range []string{"change_subscription", "cancel_subscription"} {
			if got := succeeded(t, c.Handle(action, map[string]any{"customer_id": "dev_event-1"}, event)); got["status"] != "not_billed" {
				t.Errorf("%s: got %v", action, got)
			}
		}
		if len(f.calls) > 0 {
			t.Errorf("Stripe was called: %v", f.calls)
		}
	})
	t.Run("with a test key", func(t *testing.T) {
		f := newStripe(t)
		conf := config(f)
		conf["test_secret_key"] = testKey
		c := sdktest.Start(t, billing.New(), conf)
		succeeded(t, c.Handle("create_subscription", order("PRO"), event))
		for i, token := range f.tokens {
			if token != testKey {
				t.Errorf("%s was called with the live key", f.calls[i])
			}
		}
		if err := c.Check(); err != nil {
			t.Error(err)
		}
		sdktest.AssertLeaksNoSecret(t, c)
	})
}

func TestCheck(t *testing.T) {
	f := newStripe(t)
	if err := sdktest.Start(t, billing.New(), config(f)).Check(); err != nil {
		t.Error(err)
	}
	conf := config(f)
	conf["secret_key"] = "sk_live_revoked"
	c := sdktest.Start(t, billing.New(), conf)
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "refuses the key") {
		t.Errorf("a refused key: %v", err)
	}
	sdktest.AssertLeaksNoSecret(t, c)
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		config map[string]any
		path   string // of the one complaint; "" for none
	}{
		"good":                   {map[string]any{"secret_key": liveKey, "test_secret_key": testKey, "base_url": "https://api.stripe.com"}, ""},
		"restricted key":         {map[string]any{"secret_key": "rk_live_1"}, ""},
		"not known yet":          {map[string]any{}, ""},
		"publishable key":        {map[string]any{"secret_key": "pk_live_1"}, "secret_key"},
		"live key for tests":     {map[string]any{"test_secret_key": liveKey}, "test_secret_key"},
		"address without scheme": {map[string]any{"base_url": "api.stripe.com"}, "base_url"},
		"unknown collection":     {map[string]any{"collection_method": "by_hand"}, "collection_method"},
	}
	_, c := start(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got string
			for _, d := range c.Validate(test.config) {
				got += strings.Join(d.Path, ".")
			}
			if got != test.path {
				t.Errorf("complains about %q, want %q", got, test.path)
			}
		})
	}
	sdktest.AssertLeaksNoSecret(t, c, "pk_live_1")
}

func TestConform(t *testing.T) {
	sdktest.Conform(t, sdktest.Subject{
		Plugin: billing.New(), Config: config(newStripe(t)),
		Samples: []sdktest.Sample{
			{Action: "create_subscription", Input: order("PRO")},
			{Action: "cancel_subscription", Input: map[string]any{"customer_id": "cus_9"}},
			{Action: "change_subscription", Input: map[string]any{"customer_id": "cus_9"}},
		},
	})
}
