package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon"
)

// simulateSecrets are the secrets of `simulate appdirect`, each from a file or
// from the environment, where a list of processes does not show it.
var simulateSecrets = []struct {
	flag, env, doc string
	into           func(*daemon.SimulateAppDirect) *string
}{
	{"secret-file", "SIGNALBOX_SIMULATE_SECRET", "shared: a file with the consumer secret", func(o *daemon.SimulateAppDirect) *string { return &o.ConsumerSecret }},
	{"client-secret-file", "SIGNALBOX_SIMULATE_CLIENT_SECRET", "basic, bearer: a file with the vendor's client secret", func(o *daemon.SimulateAppDirect) *string { return &o.ClientSecret }},
	{"password-file", "SIGNALBOX_SIMULATE_PASSWORD", "basic: a file with the password of notifications", func(o *daemon.SimulateAppDirect) *string { return &o.Password }},
	{"token-secret-file", "SIGNALBOX_SIMULATE_TOKEN_SECRET", "bearer: a file with the client secret at the vendor's token endpoint", func(o *daemon.SimulateAppDirect) *string { return &o.TokenSecret }},
}

func newSimulateAppDirectCommand() *cobra.Command {
	o := daemon.SimulateAppDirect{}
	files := make([]string, len(simulateSecrets))
	var fields []string
	cmd := &cobra.Command{
		Use:   "appdirect [TYPE…]",
		Short: "Send AppDirect events, and print what the marketplace was told",
		Long: `Simulate appdirect is an AppDirect marketplace: it signs notifications, serves
the events, and takes the results, those posted later too. The defaults fit the
reference configuration. Later types of one call carry the account identifier
that the vendor gave at SUBSCRIPTION_ORDER.

A TYPE is any event type; SUBSCRIPTION_NOTICE/CLOSED says which notice, and
SUBSCRIPTION_ORDER/ADDON and SUBSCRIPTION_CANCEL/ADDON are those of an add-on
product. --file sends the event of a document instead, --interactive a browser,
and --validate the settings form of a checkout.

Secrets can be set in the environment too: SIGNALBOX_SIMULATE_SECRET,
SIGNALBOX_SIMULATE_CLIENT_SECRET, SIGNALBOX_SIMULATE_PASSWORD and
SIGNALBOX_SIMULATE_TOKEN_SECRET; the defaults are the reference configuration's.

Exit codes: 0 every answer was a success; 1 one was not; 2 nothing was sent.`,
		Example: `  signalbox simulate appdirect SUBSCRIPTION_ORDER USER_ASSIGNMENT SUBSCRIPTION_CANCEL
  signalbox simulate appdirect SUBSCRIPTION_NOTICE/DEACTIVATED --set account.accountIdentifier=acme
  signalbox simulate appdirect SUBSCRIPTION_ORDER --form xml --set order.editionCode=PREMIUM
  signalbox simulate appdirect SUBSCRIPTION_ORDER --credentials bearer
  signalbox simulate appdirect SUBSCRIPTION_ORDER --fetch-status 503 --times 2
  signalbox simulate appdirect SUBSCRIPTION_CANCEL --callback-status 500
  signalbox simulate appdirect --file event.json --interactive
  signalbox simulate appdirect --validate domain=acme.example --validate seats=5
  signalbox simulate appdirect --to 'http://127.0.0.1:8480/appdirect/validate?key=SECRET' --validate seats=5`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && o.File == "" && len(fields) == 0 {
				return errors.New("say what to send: event types, --file or --validate")
			}
			if len(fields) > 0 && (len(args) > 0 || o.File != "") {
				return errors.New("--validate sends no events")
			}
			for i, s := range simulateSecrets {
				secret, err := secretFrom(files[i], s.env, daemon.LocalConsumerSecret)
				if err != nil {
					return err
				}
				*s.into(&o) = secret
			}
			for _, f := range []struct {
				flag, value string
				known       []string
			}{
				{"flag", o.Flag, []string{"", "STATELESS", "DEVELOPMENT"}},
				{"form", o.Form, []string{"", "json", "xml"}},
				{"credentials", o.Credentials, []string{daemon.CredentialsShared, daemon.CredentialsBasic, daemon.CredentialsBearer}},
			} {
				if err := oneOf(f.flag, f.value, f.known...); err != nil {
					return err
				}
			}
			for flag, status := range map[string]int{"fetch-status": o.FetchStatus, "callback-status": o.CallbackStatus} {
				if status != 0 && (status < 300 || status > 599) {
					return fmt.Errorf("--%s can't be %d; it is an HTTP status from 300 to 599", flag, status)
				}
			}
			if o.Interactive && o.Credentials != daemon.CredentialsShared {
				return errors.New("--interactive needs shared credentials")
			}
			o.Types, o.Log = args, zerolog.Nop()
			if len(fields) > 0 {
				return simulated(o.Validate(cmd.Context(), cmd.OutOrStdout(), fields))
			}
			return simulated(o.Send(cmd.Context(), cmd.OutOrStdout()))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.To, "to", daemon.LocalEndpoint, "the endpoint, as the product's settings have it; {eventUrl} stands for the event's address")
	f.StringVar(&o.Via, "via", "", "the base address at which the endpoint is reached from here, if its own host is not")
	f.StringVar(&o.Listen, "listen", daemon.LocalMarketplace, "where to serve the events; the source must list http://ADDRESS among its marketplaces")
	f.StringVar(&o.Credentials, "credentials", daemon.CredentialsShared, "shared (signatures), basic or bearer (separate ones)")
	f.StringVar(&o.ConsumerKey, "consumer-key", daemon.LocalConsumerKey, "shared: the product's consumer key")
	f.StringVar(&o.ClientID, "client-id", daemon.LocalClientID, "basic, bearer: the client that the vendor gets its tokens as")
	f.StringVar(&o.Username, "username", daemon.LocalUsername, "basic: the user name of notifications")
	f.StringVar(&o.TokenURL, "token-url", "", "bearer: the vendor's token endpoint (default: the endpoint with /oauth2/token)")
	f.StringVar(&o.TokenID, "token-client-id", daemon.LocalUsername, "bearer: the client id at the vendor's token endpoint")
	for i, s := range simulateSecrets {
		f.StringVar(&files[i], s.flag, "", s.doc)
	}
	f.StringVar(&o.File, "file", "", "send the event of this document, JSON or XML, after the types (- is standard input)")
	f.StringArrayVar(&o.Set, "set", nil, "override a field of the payload: order.editionCode=PREMIUM")
	f.StringVar(&o.Flag, "flag", "", "STATELESS or DEVELOPMENT")
	f.StringVar(&o.Form, "form", "", "speak json or xml only")
	f.Uint64Var(&o.Seed, "customer", 1, "which customer acts")
	f.DurationVar(&o.Wait, "wait", time.Minute, "how long to wait for a callback, or for a browser to come back")
	f.BoolVar(&o.Interactive, "interactive", false, "send a user's browser there, signed in the query, and see what it comes back with")
	f.StringArrayVar(&fields, "validate", nil, "post this field of a checkout's settings form (domain=acme.example); where the source has a secret, with --to …/validate?key=SECRET")
	f.IntVar(&o.FetchStatus, "fetch-status", 0, "answer the first fetches of each event with this HTTP status")
	f.IntVar(&o.CallbackStatus, "callback-status", 0, "answer the first results posted for each event with this HTTP status")
	f.IntVar(&o.Times, "times", 1, "how many fetches or posted results fail")
	f.DurationVar(&o.FetchLatency, "fetch-latency", 0, "let each fetch take so long")
	f.BoolVar(&o.Gone, "gone", false, "somebody has resolved the events by hand: they can't be fetched, and no result is taken")
	return cmd
}
