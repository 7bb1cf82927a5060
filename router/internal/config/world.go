package config

import "github.com/signalbox/signalbox/router"

// world is what routes may refer to. Load takes it from the blocks, Compile
// from the snapshot.
type world struct {
	sources map[string]sourceFacts // "appdirect.acme", "signalbox"
	plugins map[string]pluginFacts
	// lost are the kinds of block (plugin, source) of which one has no proper name.
	// What is named and not there is likely that one, whose error is told.
	lost map[string]bool
	// compiled: it is a snapshot's, whose routes Load has warned of.
	compiled bool
	// eventShapes are those of shapeOf that were asked for.
	eventShapes map[string]eventShape
}

type sourceFacts struct {
	kind string
	// broken sources have an error of their own; nothing more is said of them.
	broken bool
	types  []string
	codes  []string
	// required is the reply attribute that a success must have, by event type.
	required map[string]string
	// takes are the reply attributes that a success may hold, by event type; a
	// type that is not here takes all.
	takes  map[string][]string
	schema router.Schema
	reply  fields
	// extra is what the source's events have beside what all have.
	extraSchema router.Schema
	extra       fields
	// shapes are what the source's events look like; declares: the operator says it.
	shapes   shapes
	declares bool
}

type pluginFacts struct {
	// broken plugins have an error of their own; their actions are not known.
	broken  bool
	actions map[string]*actionFacts
}

type actionFacts struct {
	action        router.Action
	input, output fields
}

func actionFactsOf(action router.Action) (*actionFacts, error) {
	input, err := fieldsOf(action.Input)
	if err != nil {
		return nil, err
	}
	output, err := fieldsOf(action.Output)
	if err != nil {
		return nil, err
	}
	return &actionFacts{action: action, input: input, output: output}, nil
}
