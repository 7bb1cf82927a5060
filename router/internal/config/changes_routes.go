package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/signalbox/signalbox/router"
)

// rules are the routes of a configuration as they are compared.
type rules struct {
	routes []ruleText
	named  []namedText
	// actions are what the plugins' actions take and give, as JSON.
	actions map[string]string
	// shapes are what events look like, by the source that routes have them from.
	shapes map[string]router.Secret
	// all is everything that the plan is made of.
	all string
}

// ruleText is a route.
type ruleText struct {
	name string
	// text is what the operator wrote, without comments and white space.
	text string
	// refers are the variables, locals and actions that it names.
	refers []string
}

// namedText is a variable, a local or the text of a file.
type namedText struct {
	name string // as in var.region
	text router.Secret
}

// rulesOf reads them from the snapshot, as everything does that is to hold after
// a restart too.
func rulesOf(c *Config) (*rules, error) {
	x, err := Explain(c)
	if err != nil {
		return nil, err
	}
	var s snapshot
	if err := json.Unmarshal(c.Snapshot, &s); err != nil {
		return nil, fmt.Errorf("reading the plan's snapshot: %w", err)
	}
	named, err := s.named()
	if err != nil {
		return nil, err
	}
	out := &rules{actions: map[string]string{}, shapes: map[string]router.Secret{}}
	if out.all, err = s.written(); err != nil {
		return nil, fmt.Errorf("reading the plan's snapshot: %w", err)
	}
	for _, source := range s.Sources {
		shapes, err := s.shapes(source)
		if err != nil {
			return nil, fmt.Errorf("reading the events of source %s: %w", source.Name, err)
		}
		text, err := json.Marshal(shapes)
		if err != nil {
			return nil, fmt.Errorf("reading the events of source %s: %w", source.Name, err)
		}
		out.shapes[source.Name] = router.NewSecret(text)
	}
	for _, kind := range keys(named) {
		if !named[kind].CanIterateElements() {
			continue
		}
		values := named[kind].AsValueMap()
		for _, name := range keys(values) {
			out.named = append(out.named, namedText{kind + "." + name, router.NewSecret([]byte(values[name].GoString()))})
		}
	}
	for _, path := range keys(s.Files) {
		out.named = append(out.named, namedText{fileName(path), router.NewSecret([]byte(s.Files[path]))})
	}
	for _, a := range s.Actions {
		text, err := json.Marshal(a)
		if err != nil {
			return nil, fmt.Errorf("reading the action %s.%s: %w", a.Plugin, a.Action, err)
		}
		out.actions["plugin."+a.Plugin+"."+a.Action] = string(text)
	}
	i := -1
	for _, draft := range x.own.drafts {
		if !draft.again {
			i++ // several routes may be made of one block
		}
		if i < 0 || i >= len(s.Routes) {
			return nil, fmt.Errorf("the plan's snapshot has no text for route %q", draft.name)
		}
		rule := readRule(s.Routes[i].Text)
		rule.name = draft.name
		rule.refers = append(rule.refers, draft.files()...)
		out.routes = append(out.routes, rule)
	}
	return out, nil
}

// fileName is how the text of a file is named among what has changed.
func fileName(path string) string { return "templatefile(" + quote(path) + ")" }

// files are those whose text the route's expressions use.
func (d *routeDraft) files() []string {
	var out []string
	for _, expr := range d.expressions() {
		for _, call := range callsIn(expr, "templatefile") {
			if path, ok := constantText(call, d.constants); ok {
				out = append(out, fileName(path))
			}
		}
	}
	return out
}

// written is all of a snapshot but where the routes stand and how they are laid
// out.
func (s snapshot) written() (string, error) {
	s.Routes = slices.Clone(s.Routes)
	for i := range s.Routes {
		s.Routes[i] = snapshotRoute{Text: meant(s.Routes[i].Text)}
	}
	text, err := json.Marshal(s)
	return string(text), err
}

// readRule takes a block's text apart. The text has been parsed before.
func readRule(block string) ruleText {
	tokens, _ := hclsyntax.LexConfig([]byte(block), "", hcl.InitialPos)
	out := ruleText{text: meant(block)}
	for i, token := range tokens {
		if token.Type == hclsyntax.TokenIdent {
			out.refers = append(out.refers, namedBy(tokens[i:])...)
		}
	}
	return out
}

// namedBy is the name that begins with the first token: var.NAME, local.NAME
// or plugin.NAME.ACTION.
func namedBy(tokens hclsyntax.Tokens) []string {
	length := map[string]int{"var": 2, "local": 2, "plugin": 3}[string(tokens[0].Bytes)]
	if length == 0 || len(tokens) < 2*length-1 {
		return nil
	}
	var names []string
	for i := range length {
		names = append(names, string(tokens[2*i].Bytes))
		if i > 0 && tokens[2*i-1].Type != hclsyntax.TokenDot {
			return nil
		}
	}
	return []string{strings.Join(names, ".")}
}

// compare says what of the routes is not so in the next rules, of which these
// variables differ.
func (r *rules) compare(next *rules, variables []Change) []Change {
	differ := map[string]bool{}
	for _, v := range variables {
		differ[v.Name] = true
	}
	for name, action := range r.actions {
		if other, ok := next.actions[name]; ok && other != action {
			differ[name] = true
		}
	}
	before := map[string]int{}
	for i, route := range r.routes {
		before[route.name] = i
	}
	var gone, out []Change
	after := map[string]bool{}
	stay := staying(r.routes, next.routes)
	for _, route := range next.routes {
		after[route.name] = true
		i, known := before[route.name]
		var what []string
		for _, name := range route.refers {
			if differ[name] && !slices.Contains(what, name) {
				what = append(what, name)
			}
		}
		switch {
		case !known:
			out = append(out, Change{Name: route.name, Kind: Added})
		case r.routes[i].text != route.text:
			out = append(out, Change{Name: route.name, Kind: Changed})
		case len(what) > 0:
			out = append(out, Change{Name: route.name, Kind: Changed, What: what})
		case !stay[route.name]:
			out = append(out, Change{Name: route.name, Kind: Moved})
		}
	}
	for _, route := range r.routes {
		if !after[route.name] {
			gone = append(gone, Change{Name: route.name, Kind: Removed})
		}
	}
	return append(gone, out...)
}

// staying are as many routes as can be that stand in the same order in both: all
// others have moved.
func staying(now, next []ruleText) map[string]bool {
	place := map[string]int{}
	for i, route := range now {
		place[route.name] = i
	}
	// The longest ascending sequence of places: ends[n] is the route with the
	// smallest place that ends one of n+1 routes, and behind is what it follows.
	var ends []string
	behind := map[string]string{}
	for _, route := range next {
		at, known := place[route.name]
		if !known {
			continue
		}
		n, _ := slices.BinarySearchFunc(ends, at, func(name string, at int) int { return place[name] - at })
		if n > 0 {
			behind[route.name] = ends[n-1]
		}
		ends = append(ends[:n:n], append([]string{route.name}, ends[min(n+1, len(ends)):]...)...)
	}
	stay := map[string]bool{}
	if len(ends) == 0 {
		return stay
	}
	for name := ends[len(ends)-1]; name != ""; name = behind[name] {
		stay[name] = true
	}
	return stay
}
