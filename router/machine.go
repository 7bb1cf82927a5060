package router

import "slices"

// machine is a State being changed by one fact, and the effects so far.
type machine struct {
	*State
	effects []Effect
}

func (m *machine) do(effects ...Effect) { m.effects = append(m.effects, effects...) }

// emit causes a failure event, unless the event is one's descendant.
func (m *machine) emit(e Emit) {
	if !m.Quiet {
		m.do(e)
	}
}

// untold reports whether a failure event would wait for a later fact to be
// written down.
func (m *machine) untold() bool {
	untold := false
	for _, e := range m.effects {
		switch e.(type) {
		case Emit:
			untold = true
		case Flush, Conclude, Note:
			untold = false
		}
	}
	return untold
}

// tellFirst puts failure events before the first flush, which writes the whole
// state: what the state says and what is told of it are durable together. Two
// flushes with nothing between them are one.
func (m *machine) tellFirst() {
	flush := slices.Index(m.effects, Effect(Flush{}))
	if flush < 0 || !slices.ContainsFunc(m.effects[flush:], isEmit) {
		return
	}
	told := slices.DeleteFunc(slices.Clone(m.effects), func(e Effect) bool { return !isEmit(e) })
	others := slices.DeleteFunc(m.effects, isEmit)
	m.effects = append(told, slices.CompactFunc(others, func(a, b Effect) bool {
		return a == Effect(Flush{}) && a == b
	})...)
}

func isEmit(e Effect) bool { _, ok := e.(Emit); return ok }
