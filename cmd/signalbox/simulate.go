package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon"
)

func newSimulateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Be a marketplace or a store, and send real signed traffic to a daemon",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newSimulateAppDirectCommand(), newSimulateStoreCommand())
	return cmd
}

func newSimulateAppDirectCommand() *cobra.Command {
	o := daemon.SimulateAppDirect{}
	var secretFile string
	cmd := &cobra.Command{
		Use:   "appdirect TYPE…",
		Short: "Send AppDirect events, and print what the marketplace was told",
		Long: `Simulate appdirect is an AppDirect marketplace: it signs notifications, serves
the events, and takes the results, those posted later too. The defaults fit the
reference configuration. Later types of one call carry the account identifier
that the vendor gave at SUBSCRIPTION_ORDER.

Exit codes: 0 every answer was a success; 1 one was not; 2 nothing was sent.`,
		Example: `  signalbox simulate appdirect SUBSCRIPTION_ORDER USER_ASSIGNMENT SUBSCRIPTION_CANCEL
  signalbox simulate appdirect SUBSCRIPTION_NOTICE/DEACTIVATED --set account.accountIdentifier=acme
  signalbox simulate appdirect SUBSCRIPTION_ORDER --form xml --set order.editionCode=PREMIUM`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			secret, err := secretFrom(secretFile, "SIGNALBOX_SIMULATE_SECRET", o.ConsumerSecret)
			if err != nil {
				return err
			}
			if err := oneOf("flag", o.Flag, "", "STATELESS", "DEVELOPMENT"); err != nil {
				return err
			}
			if err := oneOf("form", o.Form, "", "json", "xml"); err != nil {
				return err
			}
			o.Types, o.ConsumerSecret, o.Log = args, secret, zerolog.Nop()
			return simulated(o.Send(cmd.Context(), cmd.OutOrStdout()))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.To, "to", "http://127.0.0.1:8480/appdirect", "the endpoint, as the product's settings have it; {eventUrl} stands for the event's address")
	f.StringVar(&o.Via, "via", "", "the base address at which the endpoint is reached from here, if its own host is not")
	f.StringVar(&o.Listen, "listen", daemon.LocalMarketplace, "where to serve the events; the source must list http://ADDRESS among its marketplaces")
	f.StringVar(&o.ConsumerKey, "consumer-key", daemon.LocalConsumerKey, "the product's consumer key")
	f.StringVar(&secretFile, "secret-file", "", "a file with the consumer secret (or set SIGNALBOX_SIMULATE_SECRET; default: the reference configuration's)")
	f.StringArrayVar(&o.Set, "set", nil, "override a field of the payload: order.editionCode=PREMIUM")
	f.StringVar(&o.Flag, "flag", "", "STATELESS or DEVELOPMENT")
	f.StringVar(&o.Form, "form", "", "speak json or xml only")
	f.Uint64Var(&o.Seed, "customer", 1, "which customer acts")
	f.DurationVar(&o.Wait, "wait", time.Minute, "how long to wait for a callback")
	o.ConsumerSecret = daemon.LocalConsumerSecret
	return cmd
}

func newSimulateStoreCommand() *cobra.Command {
	o := daemon.SimulateStore{}
	cmd := &cobra.Command{
		Use:   "subscriptionbridge ACTION…",
		Short: "Send SubscriptionBridge EventRequests, and print what the store was told",
		Long: `Simulate subscriptionbridge is a store's clock: it signs EventRequests and prints
the answers. The actions are ` + strings.Join(daemon.StoreActions(), ", ") + `.

Exit codes: 0 no answer was an Error; 1 one was; 2 nothing was sent.`,
		Example: `  signalbox simulate subscriptionbridge Balance_Due --guid TDUTUT2920126648 \
      --username store --password secret --api-key 0123456789ABCDEF0123456789ABCDEF`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("style", o.Style, "php", "dotnet"); err != nil {
				return err
			}
			o.Actions = args
			return simulated(o.Send(cmd.Context(), cmd.OutOrStdout()))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.To, "to", "http://127.0.0.1:8480/subscriptionbridge/EventRequest", "where to POST")
	f.StringVar(&o.GUID, "guid", "SIMULATED20260001", "the subscription's id")
	f.StringVar(&o.Username, "username", "local-store", "the store's API username")
	f.StringVar(&o.Password, "password", "local-only-password", "the store's API password")
	f.StringVar(&o.APIKey, "api-key", "0123456789ABCDEF0123456789ABCDEF", "the store's API key")
	f.StringVar(&o.Style, "style", "php", "the client to write like: php or dotnet")
	return cmd
}

func oneOf(flag, value string, known ...string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("--%s can't be %q; it is one of: %s", flag, value, strings.Join(slices.DeleteFunc(known, func(s string) bool { return s == "" }), ", "))
}

// simulated gives the exit code: an answer that is a failure has been printed.
func simulated(err error) error {
	if errors.Is(err, daemon.ErrSimulated) {
		return &exit{code: exitNo}
	}
	return err
}

// secretFrom reads a secret where a list of processes does not show it.
func secretFrom(file, env, otherwise string) (string, error) {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading the secret: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	}
	if v := os.Getenv(env); v != "" {
		return v, nil
	}
	return otherwise, nil
}
