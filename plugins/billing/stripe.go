package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

// pageSize is the most that Stripe lists in one page, and all that is looked
// at: a repeat comes within a day of what it repeats, lists are newest first,
// and no customer has a hundred live subscriptions.
const pageSize = 100

// newClient returns a client that never retries on its own: when and under
// which key a call is repeated is signalbox's to say.
func newClient(key, baseURL string) *stripe.Client {
	return stripe.NewClient(key, stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		HTTPClient:        outbound.Client(),
		URL:               stripe.String(strings.TrimSuffix(baseURL, "/")),
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	})))
}

// stepKey is the idempotency key of one POST of a delivery. Stripe takes at
// most 255 characters, and a route's name may be longer than that or hold what
// a header can't; so it is a digest. What it stands for is in the metadata.
func stepKey(d *sdk.Delivery, step string) *string {
	sum := sha256.Sum256([]byte(step + "\x00" + d.Key))
	return stripe.String("signalbox-" + hex.EncodeToString(sum[:]))
}

func ping(ctx context.Context, c *stripe.Client) error {
	p := &stripe.CustomerListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(1), Single: true}}
	err := c.V1Customers.List(ctx, p).Err()
	if err == nil {
		return nil
	}
	return errors.New(explain("listing customers", err))
}

// explain says for the operator what went wrong. What Stripe says of a refused
// key is left out, since it quotes from the key.
func explain(doing string, err error) string {
	var se *stripe.Error
	if !errors.As(err, &se) {
		return outbound.Reason("%s: %v", doing, outbound.WithoutAddress(err))
	}
	if keyRefused(se) {
		return outbound.Reason("%s: Stripe refuses the key (status %d, request %s)", doing, se.HTTPStatusCode, se.RequestID)
	}
	return outbound.Reason("%s: Stripe answered %d %s %s: %s (request %s)",
		doing, se.HTTPStatusCode, se.Type, se.Code, se.Msg, se.RequestID)
}

func keyRefused(se *stripe.Error) bool {
	return se.HTTPStatusCode == http.StatusUnauthorized || se.HTTPStatusCode == http.StatusForbidden
}

// outcome classifies an error of stripe-go (Stripe API reference, "Errors" and
// "Idempotent requests"). Stripe repeats the first answer to a key, its 500s
// included, so these ask for a fresh key; that is safe, because every action
// looks for what has been done before it does anything.
func outcome(doing string, err error) sdk.Outcome {
	var se *stripe.Error
	if !errors.As(err, &se) {
		return outbound.Lost(doing, err)
	}
	why := explain(doing, err)
	later := sdk.Retry(why)
	if se.LastResponse != nil {
		later = later.After(outbound.RetryAfter(se.LastResponse.Header, time.Now()))
	}
	switch status := se.HTTPStatusCode; {
	case keyRefused(se):
		return later.NeedsOperator()
	case status == http.StatusConflict, status == http.StatusTooManyRequests, se.Code == stripe.ErrorCodeLockTimeout:
		return later
	case outbound.Passing(status), se.Type == stripe.ErrorTypeIdempotency:
		return later.FreshKey()
	case se.Type == stripe.ErrorTypeCard, status == http.StatusPaymentRequired:
		return sdk.Rejected("card_declined", se.Msg, why)
	case se.Code == stripe.ErrorCodeResourceMissing:
		return sdk.Rejected("not_found", "The subscription is not known to the billing system.", why)
	default:
		return sdk.Rejected("invalid_request", "The billing system refused the request.", why)
	}
}

// missing reports whether Stripe does not know what was asked for.
func missing(err error) bool {
	var se *stripe.Error
	return errors.As(err, &se) && se.Code == stripe.ErrorCodeResourceMissing
}
