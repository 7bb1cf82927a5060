package plug

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/signalbox/signalbox/router"
	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// The contract's version 1, turned into the router's terms. A later version
// gets a file like this one.

// namesMax bounds what a plugin may list anywhere: actions, attributes, blocks.
const namesMax = 1000

// docMax bounds a description; it is shown on a page and in completions.
const docMax = 4 << 10

// name is what a configuration can refer to.
var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,99}$`)

// description is what a plugin says of itself, checked.
type description struct {
	info    router.PluginInfo
	outputs map[string]outputShape // by action
	stream  bool
}

// outputShape is an action's output, ready to hold values against.
type outputShape struct {
	attrs map[string]shape
	must  []string
}

// describe checks a plugin's description of itself.
func describe(d *pluginv1.DescribeResponse) (*description, error) {
	out := &description{
		info: router.PluginInfo{
			Name: cut(printable(d.GetName()), 100), Version: cut(printable(d.GetVersion()), 100), Doc: cut(d.GetDescription(), docMax),
		},
		outputs: map[string]outputShape{},
	}
	for _, c := range d.GetCapabilities() {
		out.stream = out.stream || c == pluginv1.CapabilityStream
	}
	var err error
	if out.info.Config, err = schema(d.GetConfig(), 0); err != nil {
		return nil, fmt.Errorf("its configuration: %w", err)
	}
	if len(d.GetActions()) > namesMax {
		return nil, fmt.Errorf("it has %d actions, more than %d", len(d.GetActions()), namesMax)
	}
	for _, a := range d.GetActions() {
		if !name.MatchString(a.GetName()) {
			return nil, fmt.Errorf("%q is no name for an action", cut(a.GetName(), 100))
		}
		if out.info.Action(a.Name) != nil {
			return nil, fmt.Errorf("it has two actions %q", a.Name)
		}
		action := router.Action{Name: a.Name, Doc: cut(a.GetDescription(), docMax)}
		if action.Input, err = values(a.GetInput()); err != nil {
			return nil, fmt.Errorf("the input of action %q: %w", a.Name, err)
		}
		if action.Output, err = values(a.GetOutput()); err != nil {
			return nil, fmt.Errorf("the output of action %q: %w", a.Name, err)
		}
		if a.KeyLifetime != nil {
			if err := a.KeyLifetime.CheckValid(); err != nil || a.KeyLifetime.AsDuration() <= 0 {
				return nil, fmt.Errorf("the key lifetime of action %q is no positive duration", a.Name)
			}
			action.KeyLifetime = a.KeyLifetime.AsDuration()
		}
		out.info.Actions = append(out.info.Actions, action)
		if out.outputs[a.Name], err = newOutputShape(action.Output); err != nil {
			return nil, fmt.Errorf("the output of action %q: %w", a.Name, err)
		}
	}
	return out, nil
}

// values is a schema without blocks.
func values(s *pluginv1.Schema) (router.Schema, error) {
	if len(s.GetBlocks()) > 0 {
		return router.Schema{}, errors.New("only a configuration has blocks")
	}
	return schema(s, 0)
}

func schema(s *pluginv1.Schema, depth int) (router.Schema, error) {
	var out router.Schema
	if depth > depthMax {
		return out, errors.New("its blocks nest too deep")
	}
	if n := len(s.GetAttributes()) + len(s.GetBlocks()); n > namesMax {
		return out, fmt.Errorf("it has %d attributes and blocks, more than %d", n, namesMax)
	}
	seen := map[string]bool{}
	check := func(n string) error {
		if !name.MatchString(n) {
			return fmt.Errorf("%q is no name for an attribute or block", cut(n, 100))
		}
		if seen[n] {
			return fmt.Errorf("it has two %q", n)
		}
		seen[n] = true
		return nil
	}
	for _, a := range s.GetAttributes() {
		if err := check(a.GetName()); err != nil {
			return out, err
		}
		attr, err := attribute(a)
		if err != nil {
			return out, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
		out.Attrs = append(out.Attrs, attr)
	}
	for _, b := range s.GetBlocks() {
		if err := check(b.GetName()); err != nil {
			return out, err
		}
		nested, err := schema(b.GetSchema(), depth+1)
		if err != nil {
			return out, fmt.Errorf("block %q: %w", b.Name, err)
		}
		out.Blocks = append(out.Blocks, router.Block{
			Name: b.Name, Schema: nested, Required: b.GetRequired(), Repeats: b.GetRepeats(), Doc: cut(b.GetDescription(), docMax),
		})
	}
	return out, nil
}

func attribute(a *pluginv1.Attribute) (router.Attr, error) {
	of, err := parseShape(a.GetType())
	if err != nil {
		return router.Attr{}, err
	}
	attr := router.Attr{
		Name: a.Name, Type: a.Type, Required: a.GetRequired(), Sensitive: a.GetSensitive(), Doc: cut(a.GetDescription(), docMax),
		Values: a.GetValues(),
	}
	if len(attr.Values) > 0 && string(bytes.TrimSpace(a.GetType())) != `"string"` {
		return router.Attr{}, errors.New("only a string can have a set of values")
	}
	if len(a.GetDefault()) > 0 {
		if !json.Valid(a.Default) {
			return router.Attr{}, errors.New("its default is no JSON")
		}
		attr.Default = bytes.TrimSpace(a.Default)
		if err := of.fits(attr.Default); err != nil {
			return router.Attr{}, fmt.Errorf("its default: %w", err)
		}
	}
	return attr, nil
}

func newOutputShape(s router.Schema) (outputShape, error) {
	out := outputShape{attrs: map[string]shape{}}
	for _, a := range s.Attrs {
		of, err := parseShape(a.Type)
		if err != nil {
			return outputShape{}, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
		out.attrs[a.Name] = of
		if a.Required {
			out.must = append(out.must, a.Name)
		}
	}
	return out, nil
}

// fits says why an output is not what the action promises.
func (s outputShape) fits(output []byte) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(output, &values); err != nil || values == nil {
		return errors.New("it is no JSON object")
	}
	for _, name := range s.must {
		if v, ok := values[name]; !ok || kindOf(v) == "null" {
			return fmt.Errorf("%s is missing", name)
		}
	}
	for name, v := range values {
		if of, known := s.attrs[name]; known {
			if err := of.fits(v); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// Diagnostic is a plugin's complaint about its configuration. Path names the
// attribute, outermost block first; an element of a list or map as its index
// or key.
type Diagnostic struct {
	Warning         bool
	Summary, Detail string
	Path            []string
}

// diagnosticsMax is how many complaints are shown; diagnosticMax bounds the
// text of one.
const (
	diagnosticsMax = 100
	diagnosticMax  = 2000
)

func diagnostics(diags []*pluginv1.Diagnostic, v veil) []Diagnostic {
	var out []Diagnostic
	for _, d := range diags[:min(len(diags), diagnosticsMax)] {
		out = append(out, Diagnostic{
			Warning: d.GetSeverity() == pluginv1.Diagnostic_SEVERITY_WARNING,
			Summary: text(d.GetSummary(), v, diagnosticMax),
			Detail:  text(d.GetDetail(), v, diagnosticMax),
			Path:    d.GetPath()[:min(len(d.GetPath()), depthMax)],
		})
	}
	return out
}

// text is a plugin's text, perhaps of several lines, fit to be shown.
func text(s string, v veil, most int) string {
	rows := strings.Split(cut(v.over(s), most), "\n")
	for i := range rows {
		rows[i] = printable(rows[i])
	}
	return strings.Join(rows, "\n")
}
