package subscriptionbridge

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/plugins/internal/outbound"
	"github.com/signalbox/signalbox/sdk"
)

type config struct {
	CallbackURL string  `json:"callback_url"`
	Development bool    `json:"development"`
	Server      *server `json:"server"`
}

// server is where calls go to, and who makes them.
type server struct {
	URL        string `json:"url"`
	Username   string `json:"username"`
	Password   string `json:"password"`
	APIKey     string `json:"api_key"`
	ServerTime bool   `json:"server_time"`
}

type bridge struct {
	config
	client *http.Client
	now    func() time.Time
}

const (
	// callbackMemory is for how long a repeated callback does no harm. ProductCart
	// repeats no order that is younger than a day, and the order that the first
	// callback made is; that other receivers are as careful is a guess.
	callbackMemory = 23 * time.Hour
	// callMemory is for how long a server knows a repeat: as long as another
	// signalbox does unless it is told otherwise (its dedupe_window).
	callMemory = 10 * time.Minute
)

// New returns the plugin.
func New() *sdk.Plugin {
	b := &bridge{now: time.Now}
	return &sdk.Plugin{
		Name:      "subscriptionbridge",
		Doc:       "Posts SubscriptionBridge callbacks to a cart, and calls SubscriptionBridge servers.",
		Config:    configSchema(),
		Validate:  validate,
		Configure: b.configure,
		Check:     b.check,
		Actions: []sdk.Action{
			{
				Name: "callback", KeyLifetime: callbackMemory, Handle: b.callback,
				Doc: "Posts an SB_Callback to a store's Callback URL.",
				Input: sdk.Schema{Attrs: []sdk.Attr{
					guidAttr(),
					{Name: "event_code", Type: sdk.String,
						Doc: "What happened, as SubscriptionBridge numbers its notifications: sb_n_ and number and letter. Known ones are " + strings.Join(knownCodes(), ", ") + "; ProductCart acts on sb_n_4c and sb_n_6b."},
					{Name: "template", Type: sdk.String,
						Doc: "What happened, in a word, instead of event_code: paid (sb_n_6b), or one of the Actions, as event.type has them."},
					{Name: "callback_url", Type: sdk.String, Doc: "Where to post, instead of the plugin's own callback_url."},
				}},
				Output: sdk.Schema{Attrs: []sdk.Attr{
					{Name: "status", Type: sdk.Number, Doc: "The status of the answer, 200 to 299; null if nothing was sent."},
					{Name: "body", Type: sdk.String, Doc: "The answer's body, cut at 4 KiB; null if nothing was sent."},
					suppressedAttr(),
				}},
			},
			b.call("event_request", eventRequest, "EventRequest"),
			b.call("notification_request", notificationRequest, "NotificationRequest, EventRequest's twin"),
		},
	}
}

// call is the action that makes one of the twin calls.
func (b *bridge) call(name, root, doc string) sdk.Action {
	return sdk.Action{
		Name: name, KeyLifetime: callMemory,
		Handle: func(ctx context.Context, d *sdk.Delivery) sdk.Outcome { return b.request(ctx, d, root) },
		Doc:    "Sends an " + doc + ", to the configured server.",
		Input: sdk.Schema{Attrs: []sdk.Attr{
			guidAttr(),
			{Name: "action", Type: sdk.String, Required: true, Doc: "Which event to fire: " + strings.Join(actions(), ", ") + "."},
		}},
		Output: sdk.Schema{Attrs: []sdk.Attr{
			{Name: "status", Type: sdk.String, Doc: "Success, or Warning; null if nothing was sent."},
			{Name: "timestamp", Type: sdk.String, Doc: "The server's own time of the event, in UTC, if it told one."},
			{Name: "message", Type: sdk.String, Doc: "What the server says to the end user, if it does."},
			suppressedAttr(),
		}},
	}
}

func guidAttr() sdk.Attr {
	return sdk.Attr{Name: "guid", Type: sdk.String, Required: true, Doc: "The subscription's id."}
}

func suppressedAttr() sdk.Attr {
	return sdk.Attr{Name: "suppressed", Type: sdk.Bool, Required: true, Doc: "Whether nothing was sent, since the event is a DEVELOPMENT one."}
}

func configSchema() sdk.Schema {
	return sdk.Schema{
		Attrs: []sdk.Attr{
			{Name: "callback_url", Type: sdk.String, Doc: "The store's Callback URL, for callback. A delivery may name another."},
			{Name: "development", Type: sdk.Bool, Default: false, Doc: "Sends for DEVELOPMENT events too, which the other side can't tell from customers'."},
		},
		Blocks: []sdk.Block{{Name: "server", Doc: "The server that event_request and notification_request call.", Schema: sdk.Schema{Attrs: []sdk.Attr{
			{Name: "url", Type: sdk.String, Required: true, Doc: "The server's address, to which /EventRequest is added."},
			{Name: "username", Type: sdk.String, Required: true, Doc: "The store's API username."},
			{Name: "password", Type: sdk.String, Required: true, Sensitive: true, Doc: "The store's API password, which is hashed into each token."},
			{Name: "api_key", Type: sdk.String, Required: true, Sensitive: true, Doc: "The store's API key, which signs each token."},
			{Name: "server_time", Type: sdk.Bool, Default: false,
				Doc: "Asks the server for its time before each call, and makes the token of it: for when the two clocks differ by more than a minute."},
		}}}},
	}
}

func validate(v sdk.Values) []sdk.Diagnostic {
	var c config
	if err := v.Decode(&c); err != nil {
		return []sdk.Diagnostic{{Summary: "Invalid configuration", Detail: "A value is not of its type."}}
	}
	out := outbound.CheckURL(c.CallbackURL, true, "callback_url")
	if c.Server == nil {
		return out
	}
	out = append(out, outbound.CheckURL(c.Server.URL, false, "server", "url")...)
	last := path.Base(c.Server.URL)
	if slices.ContainsFunc([]string{eventRequest, notificationRequest, getTimeRequest}, func(call string) bool { return strings.EqualFold(last, call) }) {
		out = append(out, sdk.Diagnostic{Path: []string{"server", "url"}, Summary: "Address of one call",
			Detail: "Leave " + last + " out: the name of each call is added."})
	}
	return out
}

func (b *bridge) configure(_ context.Context, v sdk.Values) error {
	if err := v.Decode(&b.config); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	b.client = outbound.Client()
	return nil
}

// clockDiffers is the difference from which on tokens may be refused: a token is
// good for two minutes after its own (SubscriptionBridge wiki, "Field
// Reference", Token), and a fast clock's is not documented to be good at all.
const clockDiffers = time.Minute

// check asks the server for its time, which needs no token and fires nothing,
// and connects to the callback's receiver.
func (b *bridge) check(ctx context.Context) error {
	if b.Server != nil {
		text, err := b.serverTime(ctx)
		if err != nil {
			return fmt.Errorf("asking the server for its time: %w", outbound.WithoutAddress(err))
		}
		const untilMinute = "2006-01-02T15:04"
		at, err := time.Parse(untilMinute, text[:len(untilMinute)])
		if err != nil {
			return fmt.Errorf("reading the server's time: %w", err)
		}
		apart := b.now().UTC().Truncate(time.Minute).Sub(at).Abs()
		if apart > clockDiffers && !b.Server.ServerTime {
			return fmt.Errorf("the server's clock and this one are %s apart, so that tokens may be refused: set server_time = true, or a clock", apart)
		}
	}
	if b.CallbackURL == "" {
		return nil
	}
	return outbound.Reach(ctx, b.CallbackURL)
}

// withheld reports whether a delivery's event is one that is not sent for.
func (b *bridge) withheld(d *sdk.Delivery) bool { return d.Event.Development() && !b.Development }
