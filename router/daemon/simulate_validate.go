package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// errField: what was given is no field of a form.
var errField = errors.New("a field has the form name=value")

// Validate plays a checkout: it posts the fields that a customer filled in, each
// NAME=VALUE, to the address below To where a source takes them by default, or to
// To itself where that has another ("…?key=…"), and prints what was found.
func (o SimulateAppDirect) Validate(ctx context.Context, out io.Writer, fields []string) error {
	form := url.Values{}
	for _, f := range fields {
		name, value, ok := strings.Cut(f, "=")
		if !ok || name == "" {
			return fmt.Errorf("reading %q: %w", f, errField)
		}
		form.Add(name, value)
	}
	address := o.To
	if address == LocalEndpoint {
		address += "/validate"
	}
	m, err := o.marketplace()
	if err != nil {
		return err
	}
	findings, status, err := m.Validate(ctx, address, form)
	fmt.Fprintf(out, "ORDER_VALIDATION\n  asked     POST %s\n", address)
	if status != 0 {
		fmt.Fprintf(out, "  answered  HTTP %d\n", status)
	}
	if err != nil {
		fmt.Fprintf(out, "  failed    %v\n", err)
		return ErrSimulated
	}
	stopped := false
	for _, f := range findings {
		fmt.Fprintf(out, "  found     %s\n", f)
		stopped = stopped || f.Stops()
	}
	if stopped {
		fmt.Fprintln(out, "  result    the checkout stops")
		return ErrSimulated
	}
	fmt.Fprintln(out, "  result    the checkout goes on")
	return nil
}

// maxDocument bounds a document that is read from a file: the largest event
// that a source takes.
const maxDocument = 16 << 20

// readDocument reads a document from a file, or - for standard input.
func readDocument(file string) ([]byte, error) {
	in := os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("reading the event: %w", err)
		}
		defer f.Close()
		in = f
	}
	document, err := io.ReadAll(io.LimitReader(in, maxDocument))
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	return document, nil
}
