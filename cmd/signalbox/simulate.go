package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon"
)

func newSimulateCommand() *cobra.Command {
	cmd := newGroup("simulate", "Be a marketplace or a store, and send real signed traffic to a daemon", `Simulate plays the other side: it sends what a marketplace or a store would send,
and prints what it was told.`)
	cmd.AddCommand(newSimulateAppDirectCommand(), newSimulateStoreCommand())
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
