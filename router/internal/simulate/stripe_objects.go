package simulate

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	statusActive   = "active"
	statusTrialing = "trialing"
	statusCanceled = "canceled"

	// maxItems is the number of items that Stripe allows a subscription.
	maxItems = 20
	// defaultPage and maxPage are Stripe's page sizes.
	defaultPage = 10
	maxPage     = 100
)

// nextID numbers an object: cus_000001.
func (s *Stripe) nextID(prefix string) string {
	s.made++
	return fmt.Sprintf("%s_%06d", prefix, s.made)
}

func (s *Stripe) createCustomer(form url.Values, at time.Time) answer {
	c := StripeCustomer{
		ID: s.nextID("cus"), Email: form.Get("email"), Name: form.Get("name"), Metadata: metadataOf(form), Created: at,
	}
	s.customers = keepLatest(s.customers, maxKept, c)
	return jsonAnswer(http.StatusOK, c.wire())
}

func (s *Stripe) customer(id string) *StripeCustomer {
	i := slices.IndexFunc(s.customers, func(c StripeCustomer) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &s.customers[i]
}

func (s *Stripe) getCustomer(id string) answer {
	c := s.customer(id)
	if c == nil {
		return stripeMissing(http.StatusNotFound, "customer", id)
	}
	return jsonAnswer(http.StatusOK, c.wire())
}

func (s *Stripe) listCustomers(form url.Values) answer {
	var found []object
	for _, c := range slices.Backward(s.customers) {
		if !form.Has("email") || form.Get("email") == c.Email {
			found = append(found, c.wire())
		}
	}
	return stripeList("/v1/customers", found, form)
}

func (s *Stripe) createSubscription(form url.Values, at time.Time) answer {
	customer := form.Get("customer")
	if s.customer(customer) == nil {
		return stripeMissing(http.StatusBadRequest, "customer", customer)
	}
	sub := StripeSubscription{Customer: customer, Status: statusActive, Metadata: metadataOf(form), Created: at}
	if days, _ := strconv.Atoi(form.Get("trial_period_days")); days > 0 {
		sub.Status = statusTrialing
	}
	if refusal := s.setItems(&sub, form); refusal != nil {
		return *refusal
	}
	if len(sub.Items) == 0 {
		return stripeError(http.StatusBadRequest, "invalid_request_error", "parameter_missing",
			"Missing required param: items.")
	}
	sub.ID = s.nextID("sub")
	s.subscriptions = keepLatest(s.subscriptions, maxKept, sub)
	return jsonAnswer(http.StatusOK, sub.wire())
}

func (s *Stripe) changeSubscription(id string, form url.Values) answer {
	sub := s.subscription(id)
	if sub == nil {
		return stripeMissing(http.StatusNotFound, "subscription", id)
	}
	changed := *sub
	changed.Items = slices.Clone(sub.Items)
	changed.Metadata = maps.Clone(sub.Metadata)
	maps.Copy(changed.Metadata, metadataOf(form))
	if refusal := s.setItems(&changed, form); refusal != nil {
		return *refusal
	}
	*sub = changed
	return jsonAnswer(http.StatusOK, sub.wire())
}

// setItems carries out items[0][id], items[0][price], items[0][quantity], …: an
// id names an item to change, no id adds one.
func (s *Stripe) setItems(sub *StripeSubscription, form url.Values) *answer {
	for n := range maxItems {
		field := func(name string) string { return form.Get(fmt.Sprintf("items[%d][%s]", n, name)) }
		id, price, quantity := field("id"), field("price"), field("quantity")
		if id == "" && price == "" {
			return nil
		}
		i := slices.IndexFunc(sub.Items, func(item StripeItem) bool { return item.ID == id })
		switch {
		case id == "":
			sub.Items = append(sub.Items, StripeItem{ID: s.nextID("si"), Quantity: 1})
			i = len(sub.Items) - 1
		case i < 0:
			refusal := stripeMissing(http.StatusBadRequest, "subscription_item", id)
			return &refusal
		}
		if price != "" {
			sub.Items[i].Price = price
		}
		if quantity == "" {
			continue
		}
		count, err := strconv.ParseInt(quantity, 10, 64)
		if err != nil || count < 0 {
			refusal := stripeError(http.StatusBadRequest, "invalid_request_error", "parameter_invalid_integer",
				"Invalid integer: "+quantity)
			return &refusal
		}
		sub.Items[i].Quantity = count
	}
	return nil
}

// cancelSubscription ends it at once. One that has ended already is not found.
func (s *Stripe) cancelSubscription(id string) answer {
	sub := s.subscription(id)
	if sub == nil || sub.Status == statusCanceled {
		return stripeMissing(http.StatusNotFound, "subscription", id)
	}
	sub.Status = statusCanceled
	return jsonAnswer(http.StatusOK, sub.wire())
}

func (s *Stripe) subscription(id string) *StripeSubscription {
	i := slices.IndexFunc(s.subscriptions, func(sub StripeSubscription) bool { return sub.ID == id })
	if i < 0 {
		return nil
	}
	return &s.subscriptions[i]
}

func (s *Stripe) getSubscription(id string) answer {
	sub := s.subscription(id)
	if sub == nil {
		return stripeMissing(http.StatusNotFound, "subscription", id)
	}
	return jsonAnswer(http.StatusOK, sub.wire())
}

// listSubscriptions leaves cancelled ones out unless status asks for them.
func (s *Stripe) listSubscriptions(form url.Values) answer {
	customer, status := form.Get("customer"), form.Get("status")
	if customer != "" && s.customer(customer) == nil {
		return stripeMissing(http.StatusBadRequest, "customer", customer)
	}
	wanted := func(sub StripeSubscription) bool {
		switch {
		case customer != "" && sub.Customer != customer:
			return false
		case status == "":
			return sub.Status != statusCanceled
		}
		return status == "all" || sub.Status == status
	}
	var found []object
	for _, sub := range slices.Backward(s.subscriptions) {
		if wanted(sub) {
			found = append(found, sub.wire())
		}
	}
	return stripeList("/v1/subscriptions", found, form)
}

// stripeList is one page of found, which is newest first.
func stripeList(path string, found []object, form url.Values) answer {
	if after := form.Get("starting_after"); after != "" {
		i := slices.IndexFunc(found, func(o object) bool { return o["id"] == after })
		found = found[i+1:]
	}
	size, err := strconv.Atoi(form.Get("limit"))
	if err != nil || size < 1 || size > maxPage {
		size = defaultPage
	}
	more := len(found) > size
	if more {
		found = found[:size]
	}
	if found == nil {
		found = []object{}
	}
	return jsonAnswer(http.StatusOK, object{"object": "list", "url": path, "has_more": more, "data": found})
}

func (c StripeCustomer) wire() object {
	return object{
		"id": c.ID, "object": "customer", "email": c.Email, "name": c.Name, "metadata": c.Metadata,
		"created": c.Created.Unix(), "livemode": false,
	}
}

func (s StripeSubscription) wire() object {
	items := make([]object, len(s.Items))
	for i, item := range s.Items {
		items[i] = object{
			"id": item.ID, "object": "subscription_item", "subscription": s.ID, "quantity": item.Quantity,
			"price": object{"id": item.Price, "object": "price"},
		}
	}
	return object{
		"id": s.ID, "object": "subscription", "customer": s.Customer, "status": s.Status, "metadata": s.Metadata,
		"items": object{
			"object": "list", "has_more": false, "url": "/v1/subscription_items?subscription=" + s.ID, "data": items,
		},
		"created": s.Created.Unix(), "cancel_at_period_end": false, "livemode": false,
	}
}
