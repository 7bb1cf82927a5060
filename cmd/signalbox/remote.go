package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
)

// remoteExitCodes is the part of each command's help that they share.
const remoteExitCodes = `Exit codes: 0 it worked; 1 the daemon says no; 2 wrong arguments, or no daemon
answers.`

// remote is what the commands that ask a running daemon have in common.
type remote struct {
	socket string
	form   form
}

// form is the form of the output: "text" or "json".
type form string

func (f *form) String() string { return string(*f) }
func (f *form) Type() string   { return "text|json" }

func (f *form) Set(value string) error {
	if value != "text" && value != "json" {
		return errors.New("it is text or json")
	}
	*f = form(value)
	return nil
}

// newRemote adds the flags of a remote to a command and all below it.
func newRemote(cmd *cobra.Command) *remote {
	r := &remote{form: "text"}
	flags := cmd.PersistentFlags()
	flags.StringVar(&r.socket, "socket", "", "the daemon's admin socket (default $"+operator.SocketVariable+", else the service's, else ./state/admin.sock)")
	flags.VarP(&r.form, "output", "o", "the form of the output")
	return r
}

// newGroup makes a command that only has commands below it.
func newGroup(name, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Long: long,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

// ask puts one question to the daemon and shows the answer: as JSON, or with
// text. A no is shown as JSON too, where that is the form.
func ask[A any](cmd *cobra.Command, r *remote, question func(context.Context, *operator.Client) (*A, error), text func(io.Writer, *A)) error {
	answer, err := question(cmd.Context(), operator.Dial(r.socket))
	var no *operator.RefusedError
	switch {
	case errors.As(err, &no):
		if r.form == "json" {
			err = errors.Join(writeJSON(cmd.OutOrStdout(), no.Refusal), err)
		} else {
			writeText(cmd.ErrOrStderr(), no.Text)
		}
		return &exit{exitNo, errors.New(clean(err.Error(), ""))}
	case err != nil:
		return err
	case r.form == "json":
		return writeJSON(cmd.OutOrStdout(), answer)
	}
	// All at once, so that a pager or a broken pipe sees no half of it.
	var page bytes.Buffer
	text(&page, answer)
	_, err = page.WriteTo(cmd.OutOrStdout())
	return err
}

// writeText shows diagnostics as the daemon has set them.
func writeText(w io.Writer, text string) {
	if text = strings.TrimRight(text, "\n"); text != "" {
		fmt.Fprintln(w, clean(text, "\n"))
	}
}

func writeJSON(w io.Writer, doc any) error {
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	_, err = io.WriteString(w, clean(string(text), "\n")+"\n")
	return err
}
