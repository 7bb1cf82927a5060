package simulate

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v85"
)

// Stripe's own client creates, changes, lists and cancels.
func TestStripeServesItsOwnClient(t *testing.T) {
	s := startStripe(t, testNow)
	quiet := &stripe.LeveledLogger{Level: stripe.LevelNull}
	client := stripe.NewClient("sk_test_1", stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: stripe.String(s.URL()), MaxNetworkRetries: stripe.Int64(0), LeveledLogger: quiet,
		EnableTelemetry: stripe.Bool(false),
	})))
	ctx := t.Context()
	customer, err := client.V1Customers.Create(ctx, &stripe.CustomerCreateParams{
		Email: stripe.String("ada@acme.example"), Name: stripe.String("Acme"),
		Metadata: map[string]string{"signalbox_event": "e1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := client.V1Subscriptions.Create(ctx, &stripe.SubscriptionCreateParams{
		Customer: stripe.String(customer.ID),
		Items: []*stripe.SubscriptionCreateItemParams{
			{Price: stripe.String("price_basic"), Quantity: stripe.Int64(10)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if sub.Status != stripe.SubscriptionStatusActive || sub.Items.Data[0].Price.ID != "price_basic" {
		t.Errorf("created %s with %s", sub.Status, sub.Items.Data[0].Price.ID)
	}
	if _, err := client.V1Subscriptions.Update(ctx, sub.ID, &stripe.SubscriptionUpdateParams{
		Items: []*stripe.SubscriptionUpdateItemParams{
			{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String("price_pro"), Quantity: stripe.Int64(20)},
		},
		Metadata: map[string]string{"signalbox_event": "e2"},
	}); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for found, err := range client.V1Subscriptions.List(ctx, &stripe.SubscriptionListParams{Customer: &customer.ID}).All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, found.ID)
	}
	if diff := cmp.Diff([]string{sub.ID}, listed); diff != "" {
		t.Errorf("the list (-want +got):\n%s", diff)
	}
	ended, err := client.V1Subscriptions.Cancel(ctx, sub.ID, nil)
	if err != nil || ended.Status != stripe.SubscriptionStatusCanceled {
		t.Errorf("cancelled: %+v, %v", ended, err)
	}
	var refusal *stripe.Error
	if _, err := client.V1Subscriptions.Cancel(ctx, sub.ID, nil); !errors.As(err, &refusal) ||
		refusal.HTTPStatusCode != http.StatusNotFound || refusal.Code != stripe.ErrorCodeResourceMissing {
		t.Errorf("cancelled again: %v", err)
	}

	want := []StripeSubscription{{
		ID: sub.ID, Customer: customer.ID, Status: "canceled", Created: testNow(),
		Items:    []StripeItem{{ID: sub.Items.Data[0].ID, Price: "price_pro", Quantity: 20}},
		Metadata: map[string]string{"signalbox_event": "e2"},
	}}
	if diff := cmp.Diff(want, s.Subscriptions()); diff != "" {
		t.Errorf("subscriptions (-want +got):\n%s", diff)
	}
	wantCustomers := []StripeCustomer{{
		ID: customer.ID, Email: "ada@acme.example", Name: "Acme", Created: testNow(),
		Metadata: map[string]string{"signalbox_event": "e1"},
	}}
	if diff := cmp.Diff(wantCustomers, s.Customers()); diff != "" {
		t.Errorf("customers (-want +got):\n%s", diff)
	}
	if got, want := s.Summary(), "Stripe: 1 customer, 1 subscription (1 cancelled), 6 calls"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}
