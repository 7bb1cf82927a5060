package config

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
)

// Load reads the configuration at path, a file or a directory whose *.hcl files
// are taken together in the order of their names. The Config is nil if there is
// an error among the diagnostics, which are never nil. Relative paths in the
// configuration are taken from the directory that the file lies in.
func Load(ctx context.Context, path string, env Env) (*Config, *Diagnostics) {
	files, dir, diags := readFiles(path)
	out := &Diagnostics{files: files, list: diags}
	if diags.HasErrors() {
		out.secrets.starLikely(files)
		return nil, out.sorted()
	}
	l := &loader{reader: newReader(), ctx: ctx, env: env, dir: dir, files: files}
	l.templates.read = l.readTemplate
	config := l.load()
	l.templates.loaded = true
	out.list = append(out.list, l.diags...)
	out.secrets = l.secrets
	if out.HasErrors() {
		return nil, out.sorted()
	}
	return config, out.sorted()
}

// loader is one run of Load.
type loader struct {
	reader
	ctx     context.Context
	env     Env
	dir     string
	files   map[string]*hcl.File
	secrets secrets
}

// load goes on after an error, so that the operator sees all of them at once.
func (l *loader) load() *Config {
	content := l.content(hcl.MergeFiles(inOrder(l.files)), rootBlock().body())
	blocks := content.Blocks.ByType()
	l.variables(blocks["variable"], blocks["locals"])

	config := l.settings(content)
	known := &world{sources: map[string]sourceFacts{}, plugins: map[string]pluginFacts{}, lost: lostBlocks(l.diags)}
	config.Sources = l.sources(blocks["source"], config.PublicURL, known)
	config.Plugins = l.plugins(blocks["plugin"], known)
	l.again = func(block *hcl.Block) *hcl.Block {
		file := l.files[block.TypeRange.Filename]
		rng := closed(file, wholeRange(block))
		return parseRoute(rng.SliceBytes(file.Bytes), rng.Filename, rng.Start)
	}
	drafts := readRoutes(&l.reader, blocks["route"], known)
	l.secrets.learnInputs(drafts)
	reportContradictions(&l.reader, drafts)
	if l.diags.HasErrors() {
		return nil
	}
	l.warnUnused(blocks["plugin"], drafts)

	// The plan is always made from the snapshot, so that what runs today is
	// what would run after a restart.
	var err error
	if config.Snapshot, err = takeSnapshot(drafts, known, l.constants.Variables, l.files, l.templates); err == nil {
		config.Plan, err = Compile(config.Snapshot, digestOf(config.Snapshot))
	}
	if err != nil {
		l.add(&hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "The plan does not compile",
			Detail:   fmt.Sprintf("The configuration has no error, but its plan can't be made: %s. This is a fault of signalbox; please report it.", err),
		})
		return nil
	}
	return config
}

// at names a place as the log and the plan do: "config.hcl:12".
func at(rng hcl.Range) string {
	return fmt.Sprintf("%s:%d", filepath.Base(rng.Filename), rng.Start.Line)
}

// resolve takes a relative path from the directory of the configuration.
func (l *loader) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(l.dir, path)
}
