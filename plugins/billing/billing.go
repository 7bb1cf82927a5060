package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

// keyLifetime is for how long a repeat under one key is safe. Stripe forgets
// keys after 24 hours; the hour is for clocks and for calls under way.
const keyLifetime = 23 * time.Hour

// How invoices are collected, in Stripe's words.
const (
	sendInvoice         = "send_invoice"
	chargeAutomatically = "charge_automatically"
)

type config struct {
	SecretKey        string            `json:"secret_key"`
	TestSecretKey    string            `json:"test_secret_key"`
	BaseURL          string            `json:"base_url"`
	Prices           map[string]string `json:"prices"`
	CollectionMethod string            `json:"collection_method"`
	DaysUntilDue     int64             `json:"days_until_due"`
}

type billing struct {
	config
	live *stripe.Client
	test *stripe.Client // nil: DEVELOPMENT events call nobody
}

// New returns the plugin.
func New() *sdk.Plugin {
	b := new(billing)
	return &sdk.Plugin{
		Name:      "billing",
		Doc:       "Bills by Stripe: creates, changes and cancels subscriptions.",
		Config:    configSchema(),
		Validate:  validate,
		Configure: b.configure,
		Check:     b.check,
		Actions: []sdk.Action{
			{
				Name: "create_subscription", KeyLifetime: keyLifetime, Handle: b.create,
				Doc: "Creates a Stripe customer with one subscription.",
				Input: sdk.Schema{Attrs: []sdk.Attr{
					{Name: "email", Type: sdk.String, Required: true, Doc: "Where Stripe sends the customer's invoices."},
					{Name: "name", Type: sdk.String, Doc: "The customer's name on invoices: the company's, say."},
					{Name: "price", Type: sdk.String, Required: true, Doc: "A Stripe price id, or a key of the plugin's prices."},
					{Name: "quantity", Type: sdk.Number, Doc: "How many units of the price, a whole number; absent is one."},
					{Name: "trial_days", Type: sdk.Number, Doc: "Days before the first charge; absent leaves it to the price."},
					metadata(),
				}},
				Output: subscriptionOutput(),
			},
			{
				Name: "change_subscription", KeyLifetime: keyLifetime, Handle: b.change,
				Doc: "Changes the price or the quantity of a customer's subscription.",
				Input: sdk.Schema{Attrs: []sdk.Attr{
					customerInput(), subscriptionInput("the customer has more than one"),
					{Name: "price", Type: sdk.String, Doc: "A Stripe price id, or a key of the plugin's prices; absent leaves it."},
					{Name: "quantity", Type: sdk.Number, Doc: "How many units of the price, a whole number; absent leaves it."},
					metadata(),
				}},
				Output: subscriptionOutput(),
			},
			{
				Name: "cancel_subscription", KeyLifetime: keyLifetime, Handle: b.cancel,
				Doc: "Cancels a customer's subscriptions at once. What is cancelled already stays so, and is no error.",
				Input: sdk.Schema{Attrs: []sdk.Attr{
					customerInput(), subscriptionInput("the customer's others are to stay"),
				}},
				Output: sdk.Schema{Attrs: []sdk.Attr{
					{Name: "customer_id", Type: sdk.String, Required: true, Doc: "The Stripe customer."},
					{Name: "cancelled", Type: sdk.Number, Required: true, Doc: "How many subscriptions this call cancelled."},
					{Name: "status", Type: sdk.String, Required: true, Doc: `"canceled", or "not_billed" for a DEVELOPMENT event that called nobody.`},
				}},
			},
		},
	}
}

func configSchema() sdk.Schema {
	return sdk.Schema{Attrs: []sdk.Attr{
		{Name: "secret_key", Type: sdk.String, Required: true, Sensitive: true,
			Doc: "A secret or restricted key of the Stripe account that bills (sk_… or rk_…)."},
		{Name: "test_secret_key", Type: sdk.String, Sensitive: true,
			Doc: "A test key (sk_test_… or rk_test_…): DEVELOPMENT events are played out in its account. Without it they succeed and nobody is called."},
		{Name: "base_url", Type: sdk.String, Default: stripe.APIURL,
			Doc: "Where the API is, without /v1."},
		{Name: "prices", Type: sdk.Map(sdk.String),
			Doc: "Stripe price ids by your own names for them: an edition's code, say."},
		{Name: "collection_method", Type: sdk.String, Default: sendInvoice,
			Doc: "send_invoice mails invoices. charge_automatically needs customers whom Stripe has a means of payment for."},
		{Name: "days_until_due", Type: sdk.Number, Default: 30,
			Doc: "Days to pay an invoice, a whole number; only with send_invoice."},
	}}
}

func metadata() sdk.Attr {
	return sdk.Attr{Name: "metadata", Type: sdk.Map(sdk.String), Doc: "Kept with what is made or changed, and shown in Stripe's dashboard."}
}

func customerInput() sdk.Attr {
	return sdk.Attr{Name: "customer_id", Type: sdk.String, Required: true, Doc: "The Stripe customer: what create_subscription gave, the account identifier."}
}

func subscriptionInput(when string) sdk.Attr {
	return sdk.Attr{Name: "subscription_id", Type: sdk.String, Doc: "Which of the customer's subscriptions, where " + when + "."}
}

func subscriptionOutput() sdk.Schema {
	return sdk.Schema{Attrs: []sdk.Attr{
		{Name: "customer_id", Type: sdk.String, Required: true, Doc: "The Stripe customer. Reply with it as the account identifier."},
		{Name: "subscription_id", Type: sdk.String, Required: true, Doc: "The Stripe subscription."},
		{Name: "status", Type: sdk.String, Required: true, Doc: `Stripe's word for the subscription's state, or "not_billed" for a DEVELOPMENT event that called nobody.`},
	}}
}

func validate(v sdk.Values) []sdk.Diagnostic {
	var c config
	if err := v.Decode(&c); err != nil {
		return []sdk.Diagnostic{{Summary: "Invalid configuration", Detail: "A value is not of its type, or a number is not whole."}}
	}
	out := outbound.CheckURL(c.BaseURL, false, "base_url")
	if c.SecretKey != "" && !hasPrefix(c.SecretKey, "sk_", "rk_") {
		out = append(out, sdk.Diagnostic{Path: []string{"secret_key"}, Summary: "Not a Stripe secret key",
			Detail: "A secret key begins with sk_, a restricted one with rk_."})
	}
	if c.TestSecretKey != "" && !hasPrefix(c.TestSecretKey, "sk_test_", "rk_test_") {
		out = append(out, sdk.Diagnostic{Path: []string{"test_secret_key"}, Summary: "Not a Stripe test key",
			Detail: "DEVELOPMENT events must bill nobody: the key has to begin with sk_test_ or rk_test_."})
	}
	if c.CollectionMethod != "" && !slices.Contains([]string{sendInvoice, chargeAutomatically}, c.CollectionMethod) {
		out = append(out, sdk.Diagnostic{Path: []string{"collection_method"}, Summary: "Unknown collection method",
			Detail: "It is " + sendInvoice + " or " + chargeAutomatically + "."})
	}
	return out
}

func hasPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

func (b *billing) configure(_ context.Context, v sdk.Values) error {
	if err := v.Decode(&b.config); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	b.live = newClient(b.SecretKey, b.BaseURL)
	if b.TestSecretKey != "" {
		b.test = newClient(b.TestSecretKey, b.BaseURL)
	}
	return nil
}

func (b *billing) check(ctx context.Context) error {
	err := ping(ctx, b.live)
	if b.test != nil {
		if e := ping(ctx, b.test); e != nil {
			err = errors.Join(err, fmt.Errorf("the test account: %w", e))
		}
	}
	return err
}

// client returns the account that an event is billed in, or nil for none.
func (b *billing) client(e sdk.Event) *stripe.Client {
	if e.Development() {
		return b.test
	}
	return b.live
}
