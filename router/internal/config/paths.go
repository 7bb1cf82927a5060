package config

import "github.com/hashicorp/hcl/v2"

// paths are the parts of a value that expressions name: converting a whole
// event costs a hundred times what its conditions do.
type paths struct {
	// whole: all that lies below is named.
	whole bool
	below map[string]*paths // by names normalised as cty's are
}

// note adds what the expressions name below the variable root.
func (p *paths) note(root string, exprs ...hcl.Expression) {
	for _, expr := range exprs {
		for _, traversal := range expr.Variables() {
			if traversal.RootName() == root {
				p.noteSteps(traversal[1:])
			}
		}
	}
}

// noteSteps follows names. Where an index or a splat begins, the rest is found
// at run time, so that all below is needed.
func (p *paths) noteSteps(rest hcl.Traversal) {
	for _, step := range rest {
		name, ok := nameOf(step)
		if !ok {
			break
		}
		if p.below[name] == nil {
			if p.below == nil {
				p.below = map[string]*paths{}
			}
			p.below[name] = &paths{}
		}
		p = p.below[name]
	}
	p.whole = true
}

// merge adds what other names.
func (p *paths) merge(other *paths) {
	p.whole = p.whole || other.whole
	for name, below := range other.below {
		if p.below == nil {
			p.below = map[string]*paths{}
		}
		if p.below[name] == nil {
			p.below[name] = &paths{}
		}
		p.below[name].merge(below)
	}
}

// everything names all of a value.
var everything = &paths{whole: true}

// member is what is named of an object's member; nil for nothing.
func (p *paths) member(name []byte) *paths {
	if p.whole {
		return everything
	}
	return p.below[string(name)]
}
