package plug

import (
	"encoding/json"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// veiledMin is the length from which a sensitive value is looked for in a
// plugin's texts; a shorter one would strike out half of them.
const veiledMin = 6

// veil strikes the sensitive values of a plugin's configuration from its texts.
// A plugin should not tell them; what it prints and answers is logged and
// shown, so that it is not left to the plugin alone. The zero value hides
// nothing.
type veil struct{ replacer *strings.Replacer }

func newVeil(schema router.Schema, config router.Secret) veil {
	var values map[string]json.RawMessage
	if json.Unmarshal(config.Reveal(), &values) != nil {
		return veil{}
	}
	var pairs []string
	for _, s := range sensitive(schema, values) {
		if len(s) < veiledMin {
			continue
		}
		const mask = "(secret)"
		pairs = append(pairs, s, mask)
		if quoted, err := json.Marshal(s); err == nil && string(quoted[1:len(quoted)-1]) != s {
			pairs = append(pairs, string(quoted[1:len(quoted)-1]), mask)
		}
	}
	if len(pairs) == 0 {
		return veil{}
	}
	return veil{strings.NewReplacer(pairs...)}
}

func (v veil) over(s string) string {
	if v.replacer == nil {
		return s
	}
	return v.replacer.Replace(s)
}

// sensitive collects the strings in the sensitive attributes.
func sensitive(schema router.Schema, values map[string]json.RawMessage) []string {
	var out []string
	for _, a := range schema.Attrs {
		var v any
		if a.Sensitive && json.Unmarshal(values[a.Name], &v) == nil {
			out = append(out, texts(v)...)
		}
	}
	for _, b := range schema.Blocks {
		var one map[string]json.RawMessage
		var many []map[string]json.RawMessage
		if json.Unmarshal(values[b.Name], &one) == nil {
			many = append(many, one)
		} else if json.Unmarshal(values[b.Name], &many) != nil {
			continue
		}
		for _, nested := range many {
			out = append(out, sensitive(b.Schema, nested)...)
		}
	}
	return out
}

func texts(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, e := range v {
			out = append(out, texts(e)...)
		}
	case map[string]any:
		for _, e := range v {
			out = append(out, texts(e)...)
		}
	}
	return out
}
