package config

import (
	"github.com/zclconf/go-cty/cty"
)

// DifferingVariables names the variables (var.NAME) that both configurations have,
// each with another value, sorted.
func (x *Explainer) DifferingVariables(next *Explainer) []string {
	was, is := x.variables(), next.variables()
	var out []string
	for _, name := range keys(is) {
		if before, both := was[name]; both && !before.RawEquals(is[name]) {
			out = append(out, "var."+name)
		}
	}
	return out
}

func (x *Explainer) variables() map[string]cty.Value {
	all, ok := x.own.constants.Variables["var"]
	if !ok || !all.CanIterateElements() {
		return nil
	}
	return all.AsValueMap()
}
