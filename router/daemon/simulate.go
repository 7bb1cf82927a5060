package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

// The credentials of the reference configuration and of the sandbox, and the
// addresses of both sides. They guard nothing: a daemon that knows them takes
// events from this machine only.
const (
	LocalConsumerKey    = "gizmo-12056"
	LocalConsumerSecret = "local-only-secret"
	LocalMarketplace    = "127.0.0.1:8481"
	LocalEndpoint       = "http://127.0.0.1:8480/appdirect"
	// LocalClientID is the vendor's client at the marketplace, and LocalUsername
	// the marketplace's name at the vendor, with the same secret.
	LocalClientID = "gizmo-991"
	LocalUsername = "marketplace"
)

// Credentials that `signalbox simulate appdirect` can use, in AppDirect's words
// but for the two kinds of separate ones.
const (
	CredentialsShared = "shared" // both sides sign by OAuth 1.0
	CredentialsBasic  = "basic"  // notifications with a password, the vendor with a token
	CredentialsBearer = "bearer" // both sides with tokens
)

// ErrSimulated: the answer was a failure, or there was none.
var ErrSimulated = errors.New("not every event was answered with success")

// SimulateAppDirect is what `signalbox simulate appdirect` is told.
type SimulateAppDirect struct {
	// Types are the event types to send, in order; a notice as
	// SUBSCRIPTION_NOTICE/DEACTIVATED.
	Types []string
	// File is a document of an event to send after those, or "".
	File string
	// To is the endpoint, as a product's settings have it: {eventUrl} stands
	// for the event's address.
	To string
	// Via, if not "", is the base address at which To is reached from here.
	Via string
	// Listen is the loopback address to serve events at. The daemon's source
	// must list it among its marketplaces.
	Listen string
	// Credentials is one of the kinds above. Of the fields that follow each kind
	// uses its own.
	Credentials                 string
	ConsumerKey, ConsumerSecret string // shared
	ClientID, ClientSecret      string // basic and bearer: the vendor's, for its tokens
	Username, Password          string // basic
	// TokenURL is the vendor's token endpoint; "" is To with /oauth2/token. For
	// bearer.
	TokenURL, TokenID, TokenSecret string
	// Set overrides fields of the payload: "order.editionCode=PRO".
	Set []string
	// Flag is "", STATELESS or DEVELOPMENT; Form json or xml.
	Flag, Form string
	// Seed chooses the customer.
	Seed uint64
	// Wait bounds the wait for a callback, and for a browser's way back.
	Wait time.Duration
	// Interactive sends a user's browser instead of a notification.
	Interactive bool
	// What the marketplace does wrong, Times times, with these HTTP statuses; 0
	// is nothing.
	FetchStatus, CallbackStatus, Times int
	FetchLatency                       time.Duration
	// Gone: the events have been resolved by hand.
	Gone bool
	Log  zerolog.Logger
}

// marketplace makes the one that the options describe.
func (o SimulateAppDirect) marketplace() (*simulate.Marketplace, error) {
	options := simulate.Options{
		Addr: o.Listen, Via: o.Via, ConsumerKey: o.ConsumerKey, ConsumerSecret: router.NewSecret([]byte(o.ConsumerSecret)),
		CallbackWithin: o.Wait, Log: o.Log,
	}
	if o.Credentials == CredentialsBasic || o.Credentials == CredentialsBearer {
		options.Separate = &simulate.Separate{
			ClientID: o.ClientID, ClientSecret: router.NewSecret([]byte(o.ClientSecret)),
			Username: o.Username, Password: router.NewSecret([]byte(o.Password)),
		}
	}
	if o.Credentials == CredentialsBearer {
		endpoint, err := below(o.To, "/oauth2/token")
		if err != nil {
			return nil, err
		}
		options.Separate.TokenURL = cmp.Or(o.TokenURL, endpoint)
		options.Separate.TokenID, options.Separate.TokenSecret = o.TokenID, router.NewSecret([]byte(o.TokenSecret))
	}
	return simulate.NewMarketplace(options), nil
}

// below is the address of a path below an endpoint's.
func below(endpoint, path string) (string, error) {
	endpoint, _, _ = strings.Cut(endpoint, "?")
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("reading the endpoint: %w", err)
	}
	return u.JoinPath(path).String(), nil
}

// Send plays the marketplace, and prints what it was told.
func (o SimulateAppDirect) Send(ctx context.Context, out io.Writer) error {
	m, err := o.marketplace()
	if err != nil {
		return err
	}
	if err := m.Start(); err != nil {
		return err
	}
	defer m.Stop()
	customer := simulate.NewCustomer(o.Seed)
	failed := false
	for _, step := range o.Types {
		ok, err := o.send(ctx, out, m, customer, step, customer.Event(step))
		if err != nil {
			return err
		}
		failed = failed || !ok
	}
	if o.File != "" {
		document, err := readDocument(o.File)
		if err != nil {
			return err
		}
		e, err := simulate.ReadEvent(document)
		if err != nil {
			return fmt.Errorf("%s: %w", o.File, err)
		}
		ok, err := o.send(ctx, out, m, customer, o.File+": "+e.Type, e)
		if err != nil {
			return err
		}
		failed = failed || !ok
	}
	if failed {
		return ErrSimulated
	}
	return nil
}

// send sends one event and prints what came of it. An error means that the
// event can't be made as it was asked for.
func (o SimulateAppDirect) send(ctx context.Context, out io.Writer, m *simulate.Marketplace, customer *simulate.Customer, name string, e simulate.Event) (ok bool, err error) {
	e.Flag, e.Form = cmp.Or(router.Flag(o.Flag), e.Flag), o.Form
	e.Faults = simulate.Faults{Delay: o.FetchLatency, Gone: o.Gone}
	if o.FetchStatus != 0 {
		e.Faults.Fail, e.Faults.Status = o.Times, o.FetchStatus
	}
	if o.CallbackStatus != 0 {
		e.Faults.CallbackFail, e.Faults.CallbackStatus = o.Times, o.CallbackStatus
	}
	for _, assignment := range o.Set {
		if err := e.Set(assignment); err != nil {
			return false, err
		}
	}
	send := m.Send
	if o.Interactive {
		send = m.Browse
	}
	x, err := send(ctx, o.To, e)
	fmt.Fprintf(out, "%s\n  notified  GET %s\n", name, x.Notification)
	fmt.Fprintf(out, "  event     %s\n", indented(x.Document, "            "))
	if x.Status != 0 {
		fmt.Fprintf(out, "  answered  HTTP %d in %s; the event was fetched %d times\n", x.Status, x.Took.Round(time.Millisecond), x.Fetches)
	}
	if x.Pages > 1 {
		fmt.Fprintf(out, "  browser   saw %d pages\n", x.Pages)
	}
	if x.Returned != "" {
		fmt.Fprintf(out, "  returned  to %s\n", x.Returned)
	}
	if err != nil {
		fmt.Fprintf(out, "  failed    %v\n", err)
		return false, nil
	}
	customer.Learn(e, *x.Result)
	if x.ByCallback {
		fmt.Fprintf(out, "  callback  after %s, posted %d times\n", x.ResultAfter.Round(time.Millisecond), x.Posts)
	}
	if o.CallbackStatus != 0 && !x.ByCallback && !o.Interactive {
		fmt.Fprintln(out, "  note      answered at once: there was no callback for --callback-status to refuse")
	}
	fmt.Fprintf(out, "  result    %s\n", x.Result)
	return x.Result.Success, nil
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
