package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// variables of the configuration that the command line sets, by name.
type variables map[string]string

// flag adds --var to a command.
func (v variables) flag(cmd *cobra.Command) {
	cmd.Flags().Var(v, "var", "set a variable of the configuration; may be repeated")
}

// Set, String and Type implement pflag.Value.
func (v variables) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q is not NAME=VALUE", text)
	}
	v[name] = value
	return nil
}

func (v variables) String() string { return "" }
func (v variables) Type() string   { return "name=value" }
