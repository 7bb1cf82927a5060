package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/signalbox/signalbox/router"
)

// Changes are the parts in which two configurations differ. Where a part stands
// in its file, and in which of them, is no difference; no value is told, since
// it may be a secret, but those of settings that are a word or a duration.
type Changes struct {
	// Settings are what stands at the top of a configuration.
	Settings, Sources, Plugins []Change
	// Variables are var.NAME and local.NAME, and the texts of files.
	Variables []Change
	Routes    []Change
}

// Change is one part.
type Change struct {
	Name string
	Kind ChangeKind
	// What names what has changed in it, or why it means something else than
	// before.
	What []string
}

// ChangeKind is what has become of a part.
type ChangeKind string

const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
	// Moved routes are as they were, and asked before or after others.
	Moved ChangeKind = "moved"
)

// Compare says what of one configuration is not so in the next.
func Compare(now, next *Config) (Changes, error) {
	var out Changes
	out.Settings = differingSettings(now, next)
	out.Sources = compared(now.Sources, next.Sources, sourceParts)
	out.Plugins = compared(now.Plugins, next.Plugins, pluginParts)
	before, err := rulesOf(now)
	if err != nil {
		return out, err
	}
	after, err := rulesOf(next)
	if err != nil {
		return out, err
	}
	out.Variables = compared(before.named, after.named, func(v namedText) (string, parts) { return v.name, parts{"": v.text} })
	for i := range out.Variables {
		out.Variables[i].What = nil
	}
	out.Routes = before.compare(after, out.Variables)
	for _, name := range keys(after.shapes) {
		was, known := before.shapes[name]
		if known && !bytes.Equal(was.Reveal(), after.shapes[name].Reveal()) {
			out.Sources = andAlso(out.Sources, name, "schema")
		}
	}
	if out.Empty() && before.all != after.all {
		// Whatever it is, it must not be said that nothing has changed.
		out.Settings = append(out.Settings, Change{Name: "plan", Kind: Changed, What: []string{"what its routes refer to"}})
	}
	return out, nil
}

// Empty reports that no part differs: then the plans mean the same.
func (c *Changes) Empty() bool {
	return len(c.Settings)+len(c.Sources)+len(c.Plugins)+len(c.Variables)+len(c.Routes) == 0
}

// andAlso adds what has changed in a part that both have.
func andAlso(changes []Change, name, what string) []Change {
	i := slices.IndexFunc(changes, func(c Change) bool { return c.Name == name })
	if i < 0 {
		return append(changes, Change{Name: name, Kind: Changed, What: []string{what}})
	}
	changes[i].What = append(changes[i].What, what)
	return changes
}

// parts are values by name, as texts. They may be secret.
type parts map[string]router.Secret

func (p parts) text(name, value string) { p[name] = router.NewSecret([]byte(value)) }

// members adds those of a JSON object.
func (p parts) members(prefix string, object router.Secret) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object.Reveal(), &members); err != nil {
		p[prefix] = object // whatever it is, it can be compared
		return
	}
	for name, value := range members {
		p[prefix+name] = router.NewSecret(value)
	}
}

// differing names what is not the same in both, sorted.
func differing(a, b parts) []string {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool { return bytes.Equal(a[name].Reveal(), b[name].Reveal()) })
	return slices.Sorted(maps.Keys(names))
}

// compared says what of one list is not so in the next: what is removed, then
// the others in the order of the next.
func compared[T any](now, next []T, read func(T) (string, parts)) []Change {
	before, after := map[string]parts{}, map[string]parts{}
	for _, item := range now {
		name, values := read(item)
		before[name] = values
	}
	var out []Change
	for _, item := range next {
		name, values := read(item)
		after[name] = values
		old, known := before[name]
		switch what := differing(old, values); {
		case !known:
			out = append(out, Change{Name: name, Kind: Added})
		case len(what) > 0:
			out = append(out, Change{Name: name, Kind: Changed, What: what})
		}
	}
	var gone []Change
	for _, item := range now {
		if name, _ := read(item); after[name] == nil {
			gone = append(gone, Change{Name: name, Kind: Removed})
		}
	}
	return append(gone, out...)
}

func sourceParts(s Source) (string, parts) {
	p := parts{}
	p.text("path", s.Path)
	p.text("unrouted", string(s.Unrouted))
	p.members("", s.Config)
	for name, written := range s.Written {
		p.text(name, written)
	}
	return s.Name, p
}

func pluginParts(plugin Plugin) (string, parts) {
	p := parts{}
	for name, value := range map[string]any{
		"use": plugin.Use, "exec": plugin.Exec, "args": plugin.Args, "sha256": plugin.SHA256,
		"max_in_flight": plugin.Limits.MaxInFlight, "rate": plugin.Limits.Rate, "mtls": plugin.MTLS,
	} {
		p.text(name, fmt.Sprintf("%q", fmt.Sprint(value)))
	}
	for name, value := range plugin.Env {
		p["env "+name] = value
	}
	p.members("config ", plugin.Config)
	return plugin.Name, p
}
