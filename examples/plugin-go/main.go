// Command plugin-go is a small signalbox plugin for a made-up system, Acme
// Accounts, which has an account for each subscription. Take it as the start of
// your own.
//
// # Build and name it
//
//	go build -o acme .
//
// In signalbox's configuration:
//
//	plugin "acme" {
//	  exec = "/usr/lib/signalbox/plugins/acme"
//	  config {
//	    base_url = "https://accounts.acme.example"
//	    token    = credential("acme_token")
//	  }
//	}
//
//	route "order" {
//	  from = [source.appdirect.acme]
//	  on   = ["SUBSCRIPTION_ORDER"]
//	  deliver "account" {
//	    to   = plugin.acme.open_account
//	    with = { owner = event.attributes.creator.email, edition = event.payload.order.editionCode }
//	  }
//	  reply { accountIdentifier = deliver.account.account_id }
//	}
//
// # What a plugin promises
//
// One effect for each idempotency key: signalbox calls again after a time-out
// or a crash, with the same key and the same input, because the first call may
// have worked. Acme takes the key in a header and does the rest. Where a system
// has no such thing, look first whether the work is done.
//
// An honest outcome: Succeeded when it is done; Retry when it may work later;
// Rejected when it never will, with a sentence that the customer may read. Any
// error that you did not foresee is a Retry.
//
// The test beside this file starts the plugin as signalbox does.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/signalbox/signalbox/sdk"
)

func main() { sdk.Serve(newPlugin()) }

// answerMax bounds what is read of an answer of Acme's.
const answerMax = 1 << 20

// acme is the plugin's own state: where Acme is, and the token it wants.
type acme struct {
	BaseURL string `json:"base_url"`
	Token   string `json:"token"`
}

func newPlugin() *sdk.Plugin {
	a := &acme{}
	return &sdk.Plugin{
		Name:    "acme",
		Version: "1.0.0",
		Doc:     "Opens and closes accounts at Acme.",
		Config: sdk.Schema{Attrs: []sdk.Attr{
			{Name: "base_url", Type: sdk.String, Required: true, Doc: "The address of Acme's API."},
			{Name: "token", Type: sdk.String, Required: true, Sensitive: true, Doc: "An API token."},
		}},
		Validate: func(v sdk.Values) []sdk.Diagnostic {
			var c acme
			if err := v.Decode(&c); err != nil {
				return []sdk.Diagnostic{{Summary: "The configuration can't be read", Detail: err.Error()}}
			}
			// Values that are known only later are left out here.
			if u, err := url.Parse(c.BaseURL); c.BaseURL != "" && (err != nil || u.Host == "") {
				return []sdk.Diagnostic{{
					Summary: "This is no address", Detail: `Write it in full: "https://accounts.acme.example".`, Path: []string{"base_url"},
				}}
			}
			return nil
		},
		Configure: func(_ context.Context, v sdk.Values) error { return v.Decode(a) },
		Check: func(ctx context.Context) error {
			_, _, err := a.send(ctx, http.MethodGet, "/status", "", nil)
			return err
		},
		Actions: []sdk.Action{
			{
				Name: "open_account",
				Doc:  "Opens an account.",
				Input: sdk.Schema{Attrs: []sdk.Attr{
					{Name: "owner", Type: sdk.String, Required: true, Doc: "The owner's e-mail address."},
					{Name: "edition", Type: sdk.String, Doc: "What was bought."},
				}},
				Output: sdk.Schema{Attrs: []sdk.Attr{
					{Name: "account_id", Type: sdk.String, Required: true, Doc: "The account's id."},
				}},
				KeyLifetime: 24 * time.Hour, // Acme forgets keys after a day
				Handle:      a.openAccount,
			},
			{
				Name:   "close_account",
				Doc:    "Closes an account. One that is closed stays closed.",
				Input:  sdk.Schema{Attrs: []sdk.Attr{{Name: "account_id", Type: sdk.String, Required: true}}},
				Handle: a.closeAccount,
			},
		},
	}
}

func (a *acme) openAccount(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in struct {
		Owner   string `json:"owner"`
		Edition string `json:"edition"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return sdk.Rejected("bad_input", "The order can't be read.", err.Error())
	}
	sdk.Log().Info("opening an account", "delivery", d.ID, "attempt", d.Attempt)
	return a.do(ctx, http.MethodPost, "/accounts", d.Key, map[string]any{
		"owner": in.Owner, "edition": in.Edition, "test": d.Event.Development(),
	})
}

func (a *acme) closeAccount(ctx context.Context, d *sdk.Delivery) sdk.Outcome {
	var in struct {
		AccountID string `json:"account_id"`
	}
	if err := d.Input.Decode(&in); err != nil {
		return sdk.Rejected("bad_input", "The cancellation can't be read.", err.Error())
	}
	return a.do(ctx, http.MethodDelete, "/accounts/"+url.PathEscape(in.AccountID), d.Key, nil)
}

// do makes one request and says what it came to.
func (a *acme) do(ctx context.Context, method, path, key string, body any) sdk.Outcome {
	resp, answer, err := a.send(ctx, method, path, key, body)
	if err == nil {
		return sdk.Succeeded(answer)
	}
	if resp == nil {
		return sdk.Retry(err.Error()).MayHaveRun() // the key is sent again
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return sdk.Retry(err.Error()).NeedsOperator()
	case http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return sdk.Retry(err.Error()).After(time.Duration(seconds) * time.Second)
	case http.StatusNotFound:
		return sdk.Rejected("no_account", "There is no such account.", err.Error())
	case http.StatusUnprocessableEntity:
		return sdk.Rejected("refused", "Acme has refused the order.", err.Error())
	}
	return sdk.Retry(err.Error())
}

// send makes one request. The response is nil if there was none; the error is
// nil only for a 2xx, whose JSON object is returned.
func (a *acme) send(ctx context.Context, method, path, key string, body any) (*http.Response, map[string]any, error) {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return nil, nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(a.BaseURL, "/")+path, &content)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode/100 != 2 {
		return resp, nil, fmt.Errorf("acme answered %s", resp.Status)
	}
	answer := map[string]any{}
	if len(b) > 0 && json.Unmarshal(b, &answer) != nil {
		return nil, nil, errors.New("acme's answer can't be read")
	}
	return resp, answer, nil
}
