package daemon

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/simulate"
)

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
