package config

import (
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/signalbox/signalbox/router"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// plugins reads the plugin blocks and asks each program what it is; what routes
// may say of it goes to known.
func (l *loader) plugins(blocks hcl.Blocks, known *world) []Plugin {
	var out []Plugin
	seen := map[string]hcl.Range{}
	for _, block := range blocks {
		name := block.Labels[0]
		l.identifier("plugin", name, block.LabelRanges[0])
		if !l.unique("plugin", seen, name, block.DefRange) {
			continue
		}
		plugin, facts := l.plugin(block)
		known.plugins[name] = facts
		out = append(out, plugin)
	}
	return out
}

func (l *loader) plugin(block *hcl.Block) (Plugin, pluginFacts) {
	broken := pluginFacts{broken: true}
	content := l.content(block.Body, pluginBlock().body())
	plugin := Plugin{Name: block.Labels[0], At: at(block.DefRange)}
	program, ok := l.program(&plugin, block, content.Attributes)
	if !ok {
		return plugin, broken
	}
	info, err := l.env.Describe(l.ctx, plugin)
	if err != nil {
		l.add(errorAt(program.Expr.Range(), "The plugin can't be used", "Asking plugin %s what it can do failed: %s.", quote(plugin.Name), err))
		return plugin, broken
	}
	facts := pluginFacts{actions: map[string]*actionFacts{}}
	for _, action := range info.Actions {
		if facts.actions[action.Name], err = actionFactsOf(action); err != nil {
			l.add(errorAt(program.Expr.Range(), "A broken schema", "Plugin %s describes its action %s in a way that can't be used: %s. Its author has to mend it.",
				quote(plugin.Name), quote(action.Name), err))
			facts.broken = true
		}
	}
	l.configure(&plugin, info.Config, block, l.atMostOne(content.Blocks))
	return plugin, facts
}

// program reads which program a plugin is. It returns the attribute that names
// it, and false where the program can't be asked.
func (l *loader) program(plugin *Plugin, block *hcl.Block, attrs hcl.Attributes) (*hcl.Attribute, bool) {
	before := len(l.diags)
	use, exec := attrs["use"], attrs["exec"]
	plugin.Use = l.name(use, "")
	plugin.Exec = l.name(exec, "")
	if strings.ContainsRune(plugin.Exec, filepath.Separator) {
		plugin.Exec = l.resolve(plugin.Exec)
	}
	for _, arg := range l.texts(attrs["args"]) {
		plugin.Args = append(plugin.Args, arg.text)
	}
	plugin.Env, plugin.EnvSecrets = l.environment(attrs["env"])
	plugin.SHA256 = l.checksum(attrs["sha256"])
	plugin.MTLS = l.flag(attrs["mtls"], true)
	plugin.Limits = router.PluginLimits{MaxInFlight: l.count(attrs["max_in_flight"], 0), Rate: float64(l.count(attrs["rate"], 0))}

	program := use
	switch {
	case use != nil && exec != nil:
		l.add(errorAt(exec.Range, "Two programs for one plugin", "%s names a bundled plugin (use) and a program (exec). Keep one of the lines.", quote(plugin.Name)))
	case use == nil && exec == nil:
		l.add(errorAt(block.DefRange, "No program for a plugin", `%s needs a program: use = "NAME" for a bundled plugin, or exec = "/path/to/it".`, quote(plugin.Name)))
	case use == nil:
		program = exec
	default:
		for _, name := range []string{"args", "sha256", "mtls"} {
			if attr := attrs[name]; attr != nil {
				l.add(errorAt(attr.Range, "Not for a bundled plugin", "%s is for a program of your own (exec); the bundled plugin %s is part of signalbox. Take the line out.", quote(name), quote(plugin.Use)))
			}
		}
	}
	return program, len(l.diags) == before
}

func (l *loader) checksum(attr *hcl.Attribute) string {
	sum, ok := l.given(attr)
	if !ok {
		return ""
	}
	sum = strings.ToLower(sum)
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != 32 {
		l.add(errorAt(attr.Expr.Range(), "Not a checksum", `"sha256" must be 64 hexadecimal digits, as sha256sum prints them.`))
	}
	return sum
}

// environment reads a map of variables, and names those that are secrets.
func (l *loader) environment(attr *hcl.Attribute) (out map[string]router.Secret, secrets []string) {
	if attr == nil {
		return nil, nil
	}
	entries, diags := hcl.ExprMap(attr.Expr)
	if diags.HasErrors() {
		l.add(errorAt(attr.Expr.Range(), "Not a map", `"env" must be a map of texts, in braces: { NAME = "…" }.`))
		return nil, nil
	}
	out = map[string]router.Secret{}
	for _, entry := range entries {
		key, ok := l.constant("env", entry.Key, cty.String)
		if !ok {
			continue
		}
		name := key.AsString()
		if !isVariable(name) {
			l.add(errorAt(entry.Key.Range(), "Not a variable", "%s can't be the name of an environment variable.", quote(name)))
			continue
		}
		value, secret, err := l.secretOf(entry.Value)
		if err != nil {
			l.add(errorAt(entry.Value.Range(), "Wrong type", "The variable %s can't have this value: %s.", quote(name), err))
			continue
		}
		if out[name] = value; secret && !slices.Contains(secrets, name) {
			secrets = append(secrets, name)
		}
	}
	return out, secrets
}

// secretOf evaluates a text that may be a secret: secret says that a secret
// function had a part in it.
func (l *loader) secretOf(expr hcl.Expression) (text router.Secret, secret bool, err error) {
	v, diags := expr.Value(l.secretContext())
	l.add(hush(diags)...)
	if diags.HasErrors() {
		return router.Secret{}, false, nil // reported
	}
	if v, err = convert.Convert(v, cty.String); err != nil {
		return router.Secret{}, false, err
	}
	v, marks := v.Unmark()
	if v.IsNull() || !v.IsKnown() {
		return router.Secret{}, false, errors.New("it is null")
	}
	if strings.ContainsRune(v.AsString(), 0) {
		return router.Secret{}, false, errors.New("it has a zero byte")
	}
	return router.NewSecret([]byte(v.AsString())), len(marks) > 0, nil
}

// isVariable: what every system takes as the name of an environment variable.
func isVariable(name string) bool {
	return hclsyntax.ValidIdentifier(name) && !strings.ContainsFunc(name, func(c rune) bool { return c == '-' || c > '~' })
}

// configure reads the config block by the plugin's schema, and asks the plugin
// for what a schema can't say.
func (l *loader) configure(plugin *Plugin, schema router.Schema, block, written *hcl.Block) {
	body, place := hcl.EmptyBody(), block
	if written != nil {
		body, place = written.Body, written
	} else if needed := requiredIn(schema); len(needed) > 0 {
		l.add(errorAt(block.DefRange, "The plugin has no config", "%s needs a block config { … } with %s.", quote(plugin.Name), list(needed)))
		return
	}
	var ok bool
	if plugin.Config, ok = l.decode(schema, body, place); !ok || l.env.Validate == nil {
		return
	}
	complaints, err := l.env.Validate(l.ctx, *plugin)
	if err != nil {
		l.add(errorAt(place.DefRange, "The plugin can't check its config", "Asking plugin %s about its config failed: %s.", quote(plugin.Name), err))
		return
	}
	for _, c := range complaints {
		rng := place.DefRange
		if len(c.Path) > 0 && written != nil {
			rng = locate(body, c.Path)
		}
		diag := errorAt(rng, c.Summary, "%s", strings.TrimSpace(c.Detail+" (Plugin "+quote(plugin.Name)+" says so.)"))
		if c.Warning {
			diag.Severity = hcl.DiagWarning
		}
		l.add(diag)
	}
}

// requiredIn names what a block of the schema can't do without.
func requiredIn(schema router.Schema) []string {
	var out []string
	for _, attr := range schema.Attrs {
		if attr.Required && len(attr.Default) == 0 {
			out = append(out, attr.Name)
		}
	}
	for _, block := range schema.Blocks {
		if block.Required {
			out = append(out, block.Name)
		}
	}
	return out
}

// warnUnused reports plugins that no delivery calls.
func (l *loader) warnUnused(blocks hcl.Blocks, drafts []*routeDraft) {
	used := map[string]bool{}
	for _, draft := range drafts {
		for _, delivery := range draft.deliveries {
			used[delivery.to.Plugin] = true
		}
	}
	for _, block := range blocks {
		if !used[block.Labels[0]] {
			l.add(warningAt(block.DefRange, "A plugin nobody uses", "No route delivers to plugin %s; it is started all the same. Take it out, or write a delivery to one of its actions.", quote(block.Labels[0])))
		}
	}
}
