package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// suggest gives ` Did you mean "x"?` for the known name that given was most
// likely meant to be, else the known names if they are few, else "".
func suggest(given string, known []string) string {
	best := nearest(given, known)
	switch {
	case best != "":
		return " Did you mean " + quote(best) + "?"
	case len(known) == 0 || len(known) > maxListed:
		return ""
	case len(known) == 1:
		return " There is only " + quote(known[0]) + "."
	}
	return " There are " + list(known) + "."
}

// inPassing is a suggestion inside a sentence that ends in a full stop.
func inPassing(suggestion string) string {
	if suggestion == "" {
		return ""
	}
	return " (" + strings.TrimSuffix(strings.TrimSpace(suggestion), ".") + ")"
}

// nearest is the known name that given was most likely meant to be, or "".
func nearest(given string, known []string) string {
	best, bestDistance := "", maxTypos(given)+1
	for _, name := range known {
		d := levenshtein.Distance(strings.ToLower(given), strings.ToLower(name), nil)
		if d < bestDistance || d == bestDistance && best != "" && name < best {
			best, bestDistance = name, d
		}
	}
	return best
}

// maxListed names can be read at a glance.
const maxListed = 8

// maxTypos is a third of the name: less finds no typing error, more suggests
// names that nobody meant.
func maxTypos(name string) int { return min(max(len(name)/3, 1), 4) }

func quote(name string) string { return `"` + name + `"` }

// list gives `"a", "b" and "c"`, sorted.
func list(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range slices.Sorted(slices.Values(names)) {
		quoted[i] = quote(name)
	}
	return join(slices.Compact(quoted))
}

// join gives "a, b and c".
func join(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
