package config

import (
	"encoding/json"

	"github.com/hashicorp/hcl/v2"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
)

// HoldsTests reports that a file has tests, and so is no configuration.
func HoldsTests(path string) bool {
	src, err := readCapped(path)
	if err != nil {
		return false
	}
	file, diags := parse(src, path, hcl.InitialPos)
	if file == nil || diags.HasErrors() {
		return false
	}
	content, _, _ := file.Body.PartialContent(testsBlock().body())
	return len(content.Blocks) > 0
}

// toBeSaid are the fields that always have a value and are read, and for which
// no text can stand in.
func (fs fields) toBeSaid(read *paths) []string {
	var out []string
	for _, f := range fs {
		if f.required && f.ty != cty.String && read != nil && read.member([]byte(f.name)) != nil {
			out = append(out, f.name)
		}
	}
	return out
}

// unsaid are the outputs to be said that these outcomes don't have.
func (r *testReader) unsaid(outcomes map[string]router.Outcome) map[string][]string {
	out := map[string][]string{}
	for name, d := range r.deliveries {
		if len(d.toBeSaid) == 0 || outcomes[name].Kind != router.Succeeded {
			continue
		}
		var given map[string]json.RawMessage
		if err := json.Unmarshal(outcomes[name].Output, &given); err != nil {
			continue // what can't be written has an error of its own
		}
		for _, field := range d.toBeSaid {
			if v := given[field]; v == nil || string(v) == "null" {
				out[name] = append(out[name], field)
			}
		}
	}
	return out
}
