package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

// The credentials of the reference configuration and of the sandbox, and the
// address where `signalbox simulate` is a marketplace. They guard nothing: a
// daemon that knows them takes events from this machine only.
const (
	LocalConsumerKey    = "gizmo-12056"
	LocalConsumerSecret = "local-only-secret"
	LocalMarketplace    = "127.0.0.1:8481"
)

// ErrSimulated: the answer was a failure, or there was none.
var ErrSimulated = errors.New("not every event was answered with success")

// SimulateAppDirect is what `signalbox simulate appdirect` is told.
type SimulateAppDirect struct {
	// Types are the event types to send, in order; a notice as
	// SUBSCRIPTION_NOTICE/DEACTIVATED.
	Types []string
	// To is the endpoint, as a product's settings have it: {eventUrl} stands
	// for the event's address.
	To string
	// Via, if not "", is the base address at which To is reached from here.
	Via string
	// Listen is the loopback address to serve events at. The daemon's source
	// must list it among its marketplaces.
	Listen                      string
	ConsumerKey, ConsumerSecret string
	// Set overrides fields of the payload: "order.editionCode=PRO".
	Set []string
	// Flag is "", STATELESS or DEVELOPMENT; Form json or xml.
	Flag, Form string
	// Seed chooses the customer.
	Seed uint64
	// Wait bounds the wait for a callback.
	Wait time.Duration
	Log  zerolog.Logger
}

// Send plays the marketplace, and prints what it was told.
func (o SimulateAppDirect) Send(ctx context.Context, out io.Writer) error {
	m := simulate.NewMarketplace(simulate.Options{
		Addr: o.Listen, Via: o.Via, ConsumerKey: o.ConsumerKey, ConsumerSecret: router.NewSecret([]byte(o.ConsumerSecret)),
		CallbackWithin: o.Wait, Log: o.Log,
	})
	if err := m.Start(); err != nil {
		return err
	}
	defer m.Stop()
	customer := simulate.NewCustomer(o.Seed)
	failed := false
	for _, step := range o.Types {
		e := customer.Event(step)
		e.Flag, e.Form = router.Flag(o.Flag), o.Form
		for _, assignment := range o.Set {
			if err := e.Set(assignment); err != nil {
				return err
			}
		}
		x, err := m.Send(ctx, o.To, e)
		fmt.Fprintf(out, "%s\n  notified  GET %s\n", step, x.Notification)
		fmt.Fprintf(out, "  event     %s\n", indented(x.Document, "            "))
		if x.Status != 0 {
			fmt.Fprintf(out, "  answered  HTTP %d in %s; the event was fetched %d times\n", x.Status, x.Took.Round(time.Millisecond), x.Fetches)
		}
		if err != nil {
			fmt.Fprintf(out, "  failed    %v\n", err)
			failed = true
			continue
		}
		customer.Learn(e, *x.Result)
		if x.ByCallback {
			fmt.Fprintf(out, "  callback  after %s\n", x.ResultAfter.Round(time.Millisecond))
		}
		fmt.Fprintf(out, "  result    %s\n", x.Result)
		failed = failed || !x.Result.Success
	}
	if failed {
		return ErrSimulated
	}
	return nil
}

func indented(document []byte, indent string) string {
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		return string(document)
	}
	text, err := json.MarshalIndent(v, indent, "  ")
	if err != nil {
		return string(document)
	}
	return string(text)
}

// SimulateStore is what `signalbox simulate subscriptionbridge` is told.
type SimulateStore struct {
	Actions []string
	GUID    string
	// To is where to POST; its last segment is EventRequest.
	To                         string
	Username, Password, APIKey string
	// Style is php or dotnet.
	Style string
}

// StoreActions are the five actions of SubscriptionBridge.
func StoreActions() []string { return simulate.Actions() }

// Send plays the store, and prints what it was told.
func (o SimulateStore) Send(ctx context.Context, out io.Writer) error {
	store := simulate.Store{
		URL: o.To, Username: o.Username, Password: router.NewSecret([]byte(o.Password)),
		APIKey: router.NewSecret([]byte(o.APIKey)), Style: simulate.Style(o.Style),
	}
	failed := false
	for _, action := range o.Actions {
		x, err := store.Send(ctx, o.GUID, action)
		fmt.Fprintf(out, "%s %s\n  sent      %s\n", action, o.GUID, x.Document)
		if x.HTTPStatus != 0 {
			fmt.Fprintf(out, "  answered  HTTP %d in %s\n  %s\n", x.HTTPStatus, x.Took.Round(time.Millisecond), x.Body)
		}
		if err != nil {
			fmt.Fprintf(out, "  failed    %v\n", err)
		}
		failed = failed || err != nil || x.Status == "Error"
	}
	if failed {
		return ErrSimulated
	}
	return nil
}
