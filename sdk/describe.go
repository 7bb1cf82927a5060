package sdk

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/types/known/durationpb"

	pluginv1 "github.com/signalbox/signalbox/sdk/proto/signalbox/plugin/v1"
)

// describe says on the wire what the plugin is. It depends on nothing but p.
func (p *Plugin) describe() (*pluginv1.DescribeResponse, error) {
	config, err := p.Config.wire()
	if err != nil {
		return nil, fmt.Errorf("the configuration: %w", err)
	}
	d := &pluginv1.DescribeResponse{
		Name: p.Name, Version: p.Version, Description: p.Doc,
		Config:       config,
		Capabilities: []string{pluginv1.CapabilityStream},
	}
	for i := range p.Actions {
		a := &p.Actions[i]
		w := &pluginv1.Action{Name: a.Name, Description: a.Doc}
		if w.Input, err = a.Input.wire(); err != nil {
			return nil, fmt.Errorf("the input of action %q: %w", a.Name, err)
		}
		if w.Output, err = a.Output.wire(); err != nil {
			return nil, fmt.Errorf("the output of action %q: %w", a.Name, err)
		}
		if a.KeyLifetime > 0 {
			w.KeyLifetime = durationpb.New(a.KeyLifetime)
		}
		d.Actions = append(d.Actions, w)
	}
	return d, nil
}

func (s Schema) wire() (*pluginv1.Schema, error) {
	w := &pluginv1.Schema{}
	for _, a := range s.Attrs {
		if a.Type == "" {
			return nil, fmt.Errorf("attribute %q has no Type", a.Name)
		}
		attr := &pluginv1.Attribute{
			Name: a.Name, Type: []byte(a.Type), Required: a.Required, Sensitive: a.Sensitive, Description: a.Doc, Values: a.Values,
		}
		if a.Default != nil {
			v, err := json.Marshal(a.Default)
			if err != nil {
				return nil, fmt.Errorf("the default of attribute %q: %w", a.Name, err)
			}
			attr.Default = v
		}
		w.Attributes = append(w.Attributes, attr)
	}
	for _, b := range s.Blocks {
		nested, err := b.Schema.wire()
		if err != nil {
			return nil, fmt.Errorf("block %q: %w", b.Name, err)
		}
		w.Blocks = append(w.Blocks, &pluginv1.Block{
			Name: b.Name, Schema: nested, Required: b.Required, Repeats: b.Repeats, Description: b.Doc,
		})
	}
	return w, nil
}

func wireDiagnostics(diags []Diagnostic) []*pluginv1.Diagnostic {
	var out []*pluginv1.Diagnostic
	for _, d := range diags {
		severity := pluginv1.Diagnostic_SEVERITY_ERROR
		if d.Warning {
			severity = pluginv1.Diagnostic_SEVERITY_WARNING
		}
		out = append(out, &pluginv1.Diagnostic{Severity: severity, Summary: d.Summary, Detail: d.Detail, Path: d.Path})
	}
	return out
}
