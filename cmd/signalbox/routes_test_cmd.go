package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/daemon/routes"
)

func newRoutesTestCommand() *cobra.Command {
	t := &routesTest{}
	cmd := &cobra.Command{
		Use:   "test [EVENT…]",
		Short: "Say where events would go, and why not elsewhere",
		Long: `Test says which routes an event would take and which not, with the part of the
condition that said no; what each delivery would be given, as far as it is known
before any has run; and what the caller would be told. An EVENT is

  a file    as events show -o json prints it, or as plugins see it, or the
            document of the protocol: AppDirect's event in JSON or XML, an
            EventRequest, a CloudEvent in structured mode, a webhook's body (with
            --type where only its headers say it). - is standard input
  an id     of an event that the daemon has in its journal
  none      with --type: an event that has what --set says, and nothing else

` + routesExitCodes + `

--expect makes it a test: the routes that are expected are those that take the
event, and all that do.

Exit codes: 0 it worked, and is as expected; 1 it is not as expected; 2 the
configuration has an error, or an event can't be had.`,
		Example: `  signalbox routes test order.json
  signalbox routes test -c new.hcl 01997d2e-8c54-7a10-b6a5-4f0e3a5f7c11
  signalbox routes test --type SUBSCRIPTION_ORDER --set payload.order.editionCode=PRO --expect route=order`,
		RunE: func(cmd *cobra.Command, args []string) error { return t.run(cmd, args) },
	}
	t.remote, t.variables = newRemote(cmd), variables{}
	t.variables.flag(cmd)
	f := cmd.Flags()
	f.StringVarP(&t.config, "config", "c", defaultConfig, "the configuration, a file or a directory")
	f.StringVar(&t.source, "source", "", "the source that the event is of: KIND.NAME, or signalbox (default: the only one, or the one that knows the type)")
	f.StringVar(&t.eventType, "type", "", "the event's type")
	f.StringArrayVar(&t.set, "set", nil, "PATH=VALUE: put a value into the event, as JSON or a text (repeatable)")
	f.StringArrayVar(&t.expect, "expect", nil, "route=NAME (repeatable) or no-route: exit 1 if the event goes elsewhere")
	return cmd
}

// maxEventFile is far above any event that a source takes in.
const maxEventFile = 16 << 20

type routesTest struct {
	remote            *remote
	config            string
	source, eventType string
	set, expect       []string
	variables         variables
}

func (t *routesTest) run(cmd *cobra.Command, args []string) error {
	overrides := routes.Overrides{Source: t.source, Type: t.eventType}
	for _, text := range t.set {
		set, err := routes.ParseSet(text)
		if err != nil {
			return fmt.Errorf("--set: %w", err)
		}
		overrides.Set = append(overrides.Set, set)
	}
	expectation := &routes.Expectation{}
	for _, text := range t.expect {
		if err := expectation.Expect(text); err != nil {
			return fmt.Errorf("--expect %s: %w", text, err)
		}
	}
	if len(args) == 0 && t.eventType == "" {
		return errors.New("name an event: a file, -, or an id; or say --type")
	}
	r, err := openRoutes(cmd.Context(), cmd, t.config, t.variables)
	if err != nil {
		return err
	}
	if name := expectation.Unknown(r.List()); name != "" {
		return fmt.Errorf("--expect: the configuration has no route %q", name)
	}
	answers, err := t.answers(cmd, r, args, overrides)
	if err != nil {
		return err
	}
	return t.show(cmd, answers, expectation)
}

// answers asks about every event before anything is shown.
func (t *routesTest) answers(cmd *cobra.Command, r *routes.Routes, args []string, o routes.Overrides) ([]*routes.Answer, error) {
	if len(args) == 0 {
		e, err := r.Read(nil, o)
		if err != nil {
			return nil, err
		}
		a, err := r.Test("the event", e)
		return []*routes.Answer{a}, err
	}
	var out []*routes.Answer
	for _, arg := range args {
		a, err := t.answer(cmd, r, arg, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arg, err)
		}
		out = append(out, a)
	}
	return out, nil
}

// answer is about a file, standard input, or an event of the journal.
func (t *routesTest) answer(cmd *cobra.Command, r *routes.Routes, arg string, o routes.Overrides) (*routes.Answer, error) {
	if arg != "-" {
		_, err := os.Stat(arg)
		if _, notID := uuid.Parse(arg); err != nil && notID == nil {
			story, err := operator.Dial(t.remote.socket).Story(cmd.Context(), arg)
			if err != nil {
				return nil, err
			}
			e, err := r.Story(story, o)
			if err != nil {
				return nil, err
			}
			return r.Test(arg, e)
		}
	}
	document, err := readDocument(cmd, arg)
	if err != nil {
		return nil, err
	}
	e, err := r.Read(document, o)
	if err != nil {
		return nil, err
	}
	return r.Test(arg, e)
}

// readDocument reads a file, standard input, or a pipe whose other end may never
// say anything: with the command's context it gives up, and the reading ends
// with the process.
func readDocument(cmd *cobra.Command, name string) ([]byte, error) {
	type result struct {
		document []byte
		err      error
	}
	read := make(chan result, 1)
	go func() {
		document, err := readAll(cmd.InOrStdin(), name)
		read <- result{document, err}
	}()
	select {
	case r := <-read:
		return r.document, r.err
	case <-cmd.Context().Done():
		return nil, fmt.Errorf("reading it: %w", context.Cause(cmd.Context()))
	}
}

func readAll(in io.Reader, name string) ([]byte, error) {
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, errors.Unwrap(err)
		}
		defer file.Close()
		in = file
	}
	document, err := io.ReadAll(io.LimitReader(in, maxEventFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(document) > maxEventFile:
		return nil, fmt.Errorf("it is larger than %d bytes", maxEventFile)
	case len(bytes.TrimSpace(document)) == 0:
		return nil, errors.New("it is empty")
	}
	return document, nil
}

// show writes the answers, and says where one is not as expected.
func (t *routesTest) show(cmd *cobra.Command, answers []*routes.Answer, expectation *routes.Expectation) error {
	var err error
	if t.remote.form == "json" {
		err = writeJSON(cmd.OutOrStdout(), answers)
	} else {
		var page bytes.Buffer
		for i, a := range answers {
			if i > 0 {
				page.WriteByte('\n')
			}
			writeAnswerTo(&page, a)
		}
		_, err = page.WriteTo(cmd.OutOrStdout())
	}
	if err != nil {
		return err
	}
	for _, a := range answers {
		if miss := expectation.Miss(a); miss != "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "signalbox: %s is not as expected: %s\n", clean(a.Of, ""), clean(miss, ""))
			err = &exit{code: exitNo}
		}
	}
	return err
}
