package config

import (
	"slices"
	"strings"
)

// reportKnots reports deliveries that wait for themselves in a circle, and
// required ones that wait for what may fail.
func (r *routeReader) reportKnots() {
	byName := map[string]*deliveryDraft{}
	for _, d := range r.draft.deliveries {
		byName[d.name] = d
	}
	done := map[string]bool{}
	for _, d := range r.draft.deliveries {
		if cycle := findCycle(byName, d.name, nil, done); cycle != nil {
			r.reportCycle(byName, cycle)
			for _, name := range cycle {
				done[name] = true
			}
		}
		for _, need := range d.needs {
			if !d.optional && !d.onFailure && byName[need].optional {
				r.add(errorAt(d.waits(), "A required delivery needs an optional one",
					"%s is required, but its input refers to deliver.%s, which is optional and may fail. Make %s required, or %s optional.",
					quote(d.name), need, quote(need), quote(d.name)))
			}
		}
	}
}

// findCycle walks what name needs, depth first. Each delivery is walked once,
// so that each circle is found once.
func findCycle(byName map[string]*deliveryDraft, name string, path []string, done map[string]bool) []string {
	if i := slices.Index(path, name); i >= 0 {
		return append(slices.Clone(path[i:]), name)
	}
	if done[name] {
		return nil
	}
	path = append(path, name)
	for _, need := range byName[name].needs {
		if cycle := findCycle(byName, need, path, done); cycle != nil {
			return cycle
		}
	}
	done[name] = true
	return nil
}

func (r *routeReader) reportCycle(byName map[string]*deliveryDraft, cycle []string) {
	var way []string
	for i, name := range cycle[:len(cycle)-1] {
		way = append(way, "deliver."+name+" ("+at(byName[name].header)+") needs deliver."+cycle[i+1])
	}
	r.add(errorAt(byName[cycle[0]].waits(), "Deliveries wait for each other",
		"None of these could ever start: %s. Take one of the references out.", strings.Join(way, ", ")))
}
