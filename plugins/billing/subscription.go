package billing

import (
	"context"
	"maps"
	"strconv"

	"github.com/stripe/stripe-go/v85"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

// What is made carries these, so that a repeat finds it and a person reading
// Stripe's dashboard finds its event.
const (
	metaDelivery = "signalbox_delivery"
	metaEvent    = "signalbox_event"
)

// notBilled is the status of what a DEVELOPMENT event made nowhere, and
// devPrefix begins its made-up ids.
const (
	notBilled = "not_billed"
	devPrefix = "dev_"
)

type result struct {
	CustomerID     string `json:"customer_id"`
	SubscriptionID string `json:"subscription_id"`
	Status         string `json:"status"`
}

func resultOf(customer string, s *stripe.Subscription) sdk.Outcome {
	return sdk.Succeeded(result{CustomerID: customer, SubscriptionID: s.ID, Status: string(s.Status)})
}

// price resolves the operator's own name for a price.
func (b *billing) price(name string) string {
	if id, ok := b.Prices[name]; ok {
		return id
	}
	return name
}

func unreadable(err error) sdk.Outcome {
	return sdk.Rejected("invalid_input", "The request could not be read.", outbound.Reason("reading the input: %v", err))
}

func (b *billing) create(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in struct {
		Email     string            `json:"email"`
		Name      string            `json:"name"`
		Price     string            `json:"price"`
		Quantity  *int64            `json:"quantity"`
		TrialDays *int64            `json:"trial_days"`
		Metadata  map[string]string `json:"metadata"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return unreadable(err)
	}
	if in.Email == "" || in.Price == "" {
		return sdk.Rejected("invalid_input", "An e-mail address and an edition are needed.", "email or price is empty")
	}
	c := b.client(d.Event)
	if c == nil {
		id := devPrefix + d.Event.ID
		return sdk.Succeeded(result{CustomerID: id, SubscriptionID: id, Status: notBilled})
	}
	meta := map[string]string{}
	maps.Copy(meta, in.Metadata)
	meta[metaDelivery], meta[metaEvent] = d.ID, d.Event.ID

	customer, err := madeCustomer(ctx, c, in.Email, d.ID)
	if err != nil {
		return outcome("looking for the customer", err)
	}
	if customer != "" {
		live, err := liveSubscriptions(ctx, c, customer, "")
		if err != nil {
			return outcome("looking for the subscription", err)
		}
		for _, s := range live {
			if s.Metadata[metaDelivery] == d.ID {
				return resultOf(customer, s)
			}
		}
	} else {
		made, err := c.V1Customers.Create(ctx, &stripe.CustomerCreateParams{
			Params:   stripe.Params{IdempotencyKey: stepKey(d, "customer")},
			Email:    stripe.String(in.Email),
			Name:     optional(in.Name),
			Metadata: meta,
		})
		if err != nil {
			return outcome("creating the customer", err)
		}
		customer = made.ID
	}
	p := &stripe.SubscriptionCreateParams{
		Params:           stripe.Params{IdempotencyKey: stepKey(d, "subscription")},
		Customer:         stripe.String(customer),
		CollectionMethod: optional(b.CollectionMethod),
		TrialPeriodDays:  in.TrialDays,
		Metadata:         meta,
		Items: []*stripe.SubscriptionCreateItemParams{{
			Price: stripe.String(b.price(in.Price)), Quantity: in.Quantity,
		}},
	}
	if b.CollectionMethod == sendInvoice {
		p.DaysUntilDue = stripe.Int64(b.DaysUntilDue)
	}
	s, err := c.V1Subscriptions.Create(ctx, p)
	if err != nil {
		return outcome("creating the subscription", err)
	}
	return resultOf(customer, s)
}

func (b *billing) change(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in struct {
		CustomerID     string            `json:"customer_id"`
		SubscriptionID string            `json:"subscription_id"`
		Price          string            `json:"price"`
		Quantity       *int64            `json:"quantity"`
		Metadata       map[string]string `json:"metadata"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return unreadable(err)
	}
	if in.CustomerID == "" {
		return noCustomer()
	}
	c := b.client(d.Event)
	if c == nil {
		return sdk.Succeeded(result{CustomerID: in.CustomerID, SubscriptionID: in.CustomerID, Status: notBilled})
	}
	live, err := liveSubscriptions(ctx, c, in.CustomerID, in.SubscriptionID)
	if err != nil {
		return outcome("looking for the subscription", err)
	}
	if len(live) == 0 {
		return sdk.Rejected("not_found", "There is no subscription to change.",
			"customer "+in.CustomerID+" has no live subscription of that id")
	}
	if len(live) > 1 || live[0].Items == nil || len(live[0].Items.Data) != 1 {
		return sdk.Rejected("ambiguous", "The subscription to change is not clear.",
			"customer "+in.CustomerID+" has "+strconv.Itoa(len(live))+" live subscriptions, or one with several prices: give subscription_id, or change it in Stripe")
	}
	item := &stripe.SubscriptionUpdateItemParams{ID: stripe.String(live[0].Items.Data[0].ID), Quantity: in.Quantity}
	if in.Price != "" {
		item.Price = stripe.String(b.price(in.Price))
	}
	s, err := c.V1Subscriptions.Update(ctx, live[0].ID, &stripe.SubscriptionUpdateParams{
		Params:   stripe.Params{IdempotencyKey: stepKey(d, "subscription")},
		Items:    []*stripe.SubscriptionUpdateItemParams{item},
		Metadata: in.Metadata,
	})
	if err != nil {
		return outcome("changing the subscription", err)
	}
	return resultOf(in.CustomerID, s)
}

func (b *billing) cancel(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in struct {
		CustomerID     string `json:"customer_id"`
		SubscriptionID string `json:"subscription_id"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return unreadable(err)
	}
	if in.CustomerID == "" {
		return noCustomer()
	}
	type cancellation struct {
		CustomerID string `json:"customer_id"`
		Cancelled  int    `json:"cancelled"`
		Status     string `json:"status"`
	}
	c := b.client(d.Event)
	if c == nil {
		return sdk.Succeeded(cancellation{CustomerID: in.CustomerID, Status: notBilled})
	}
	live, err := liveSubscriptions(ctx, c, in.CustomerID, in.SubscriptionID)
	if err != nil {
		return outcome("looking for the subscription", err)
	}
	for _, s := range live {
		_, err := c.V1Subscriptions.Cancel(ctx, s.ID, &stripe.SubscriptionCancelParams{
			Params: stripe.Params{IdempotencyKey: stepKey(d, "cancel "+s.ID)},
		})
		if err != nil && !missing(err) { // somebody else was quicker
			return outcome("cancelling the subscription", err)
		}
	}
	return sdk.Succeeded(cancellation{CustomerID: in.CustomerID, Cancelled: len(live), Status: string(stripe.SubscriptionStatusCanceled)})
}

// noCustomer guards the lists: without a customer they would be everybody's.
func noCustomer() sdk.Outcome {
	return sdk.Rejected("invalid_input", "The account is not known to the billing system.", "customer_id is empty")
}

// madeCustomer returns the id of the customer that an earlier attempt of this
// delivery has made, or "".
func madeCustomer(ctx context.Context, c *stripe.Client, email, delivery string) (string, error) {
	list := c.V1Customers.List(ctx, &stripe.CustomerListParams{
		ListParams: stripe.ListParams{Limit: stripe.Int64(pageSize), Single: true},
		Email:      stripe.String(email),
	})
	if err := list.Err(); err != nil {
		return "", err
	}
	for _, cu := range list.Data() {
		if cu.Metadata[metaDelivery] == delivery {
			return cu.ID, nil
		}
	}
	return "", nil
}

// liveSubscriptions returns a customer's subscriptions that have not ended:
// all, or the one of that id.
func liveSubscriptions(ctx context.Context, c *stripe.Client, customer, id string) ([]*stripe.Subscription, error) {
	list := c.V1Subscriptions.List(ctx, &stripe.SubscriptionListParams{
		ListParams: stripe.ListParams{Limit: stripe.Int64(pageSize), Single: true},
		Customer:   stripe.String(customer),
	})
	if err := list.Err(); err != nil {
		return nil, err
	}
	var live []*stripe.Subscription
	for _, s := range list.Data() {
		ended := s.Status == stripe.SubscriptionStatusCanceled || s.Status == stripe.SubscriptionStatusIncompleteExpired
		if !ended && (id == "" || s.ID == id) {
			live = append(live, s)
		}
	}
	return live, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
