package billing_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/sdk/sdktest"
)

// Whatever goes wrong in between, and under whichever key the repeat runs, a
// delivery makes one customer and one subscription.
func TestARepeatMakesNothingTwice(t *testing.T) {
	boom := stripeError(500, "api_error", "", "Something went wrong.")
	afterwards := boom
	afterwards.carriedOut = true
	tests := map[string]struct {
		call string
		fail answer
		key  string // of the repeat
	}{
		"nothing goes wrong":                          {key: key},
		"nothing goes wrong, new key":                 {key: "event-1/order/customer:1"},
		"the customer's answer is lost":               {call: "POST /v1/customers", fail: answer{lost: true, carriedOut: true}, key: key},
		"the subscription's answer is lost":           {call: "POST /v1/subscriptions", fail: answer{lost: true, carriedOut: true}, key: key},
		"the subscription's answer is lost, new key":  {call: "POST /v1/subscriptions", fail: answer{lost: true, carriedOut: true}, key: "event-1/order/customer:1"},
		"a 500 for the customer, fresh key":           {call: "POST /v1/customers", fail: boom, key: "event-1/order/customer:1"},
		"a 500 for the subscription, fresh key":       {call: "POST /v1/subscriptions", fail: boom, key: "event-1/order/customer:1"},
		"a 500 after the subscription was made":       {call: "POST /v1/subscriptions", fail: afterwards, key: "event-1/order/customer:1"},
		"the connection is lost before it is done":    {call: "POST /v1/subscriptions", fail: answer{lost: true}, key: key},
		"the look for the customer fails, same key":   {call: "GET /v1/customers", fail: boom, key: key},
		"the subscription is rate limited, same key":  {call: "POST /v1/subscriptions", fail: stripeError(429, "invalid_request_error", "rate_limit", "Slow down."), key: key},
		"the customer's card is declined, then a new": {call: "POST /v1/subscriptions", fail: stripeError(402, "card_error", "card_declined", "Declined."), key: "event-1/order/customer:1"},
	}
	f, c := start(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f.empty()
			if test.call != "" {
				f.next(test.call, test.fail)
			}
			first := c.Handle("create_subscription", order("PRO"), sdktest.Key(key))
			if failed := test.call != ""; failed == (first.Kind == sdktest.Succeeded) {
				t.Fatalf("the first attempt: %s", first)
			}
			got := succeeded(t, c.Handle("create_subscription", order("PRO"), sdktest.Key(test.key), sdktest.Attempt(2)))
			want := map[string]any{"customer_id": "cus_1", "subscription_id": "sub_1", "status": "active"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the repeat (-want +got):\n%s", diff)
			}
			if len(f.customers) != 1 || len(f.subscriptions) != 1 {
				t.Errorf("there are %d customers and %d subscriptions", len(f.customers), len(f.subscriptions))
			}
		})
	}
}

// Stripe answers a key that failed with 500 by the same 500 for ever.
func TestAKeyThatFailedStaysFailed(t *testing.T) {
	f, c := start(t)
	f.next("POST /v1/customers", stripeError(500, "api_error", "", "Something went wrong."))
	for attempt := range 2 {
		o := c.Handle("create_subscription", order("PRO"), sdktest.Key(key), sdktest.Attempt(attempt+1))
		if o.Kind != sdktest.Retry || !o.FreshKey {
			t.Errorf("attempt %d: got %s, want a retry with a fresh key", attempt+1, o)
		}
	}
}

func TestOutcomes(t *testing.T) {
	wait := stripeError(429, "invalid_request_error", "rate_limit", "Too many requests.")
	wait.header = http.Header{"Retry-After": {"7"}}
	tests := map[string]struct {
		fail answer
		want sdktest.Outcome // but for the detail
	}{
		"rate limited":        {wait, sdktest.Outcome{Kind: sdktest.Retry, After: 7 * time.Second}},
		"lock timeout":        {stripeError(429, "invalid_request_error", "lock_timeout", "Locked."), sdktest.Outcome{Kind: sdktest.Retry}},
		"key in use":          {stripeError(409, "idempotency_error", "idempotency_key_in_use", "In use."), sdktest.Outcome{Kind: sdktest.Retry}},
		"key of another body": {stripeError(400, "idempotency_error", "", "Other parameters."), sdktest.Outcome{Kind: sdktest.Retry, FreshKey: true}},
		"server error":        {stripeError(503, "api_error", "", "Down."), sdktest.Outcome{Kind: sdktest.Retry, FreshKey: true}},
		"a proxy's error":     {answer{status: 502, body: "<html>bad gateway</html>"}, sdktest.Outcome{Kind: sdktest.Unknown}},
		"connection lost":     {answer{lost: true}, sdktest.Outcome{Kind: sdktest.Unknown}},
		"garbage":             {answer{status: 200, body: "{"}, sdktest.Outcome{Kind: sdktest.Unknown}},
		"key refused":         {stripeError(401, "invalid_request_error", "", "Invalid API Key provided: "+liveKey), sdktest.Outcome{Kind: sdktest.Retry, NeedsOperator: true}},
		"permission refused":  {stripeError(403, "invalid_request_error", "", "Not allowed."), sdktest.Outcome{Kind: sdktest.Retry, NeedsOperator: true}},
		"card declined":       {stripeError(402, "card_error", "card_declined", "Your card was declined."), sdktest.Outcome{Kind: sdktest.Rejected, Code: "card_declined", Public: "Your card was declined."}},
		"no such price":       {stripeError(400, "invalid_request_error", "resource_missing", "No such price."), sdktest.Outcome{Kind: sdktest.Rejected, Code: "not_found", Public: "The subscription is not known to the billing system."}},
		"invalid":             {stripeError(400, "invalid_request_error", "parameter_invalid_integer", "Bad quantity."), sdktest.Outcome{Kind: sdktest.Rejected, Code: "invalid_request", Public: "The billing system refused the request."}},
	}
	f, c := start(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f.next("POST /v1/subscriptions", test.fail)
			got := c.Handle("create_subscription", order("PRO"))
			if got.Detail == "" || strings.Contains(got.Detail, "ada@example.com") {
				t.Errorf("the operator is told %q", got.Detail)
			}
			got.Detail = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	sdktest.AssertLeaksNoSecret(t, c)
}
