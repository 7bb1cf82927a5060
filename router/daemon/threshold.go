package daemon

import (
	"sync/atomic"

	"github.com/rs/zerolog"
)

// threshold drops log lines below the configured log_level. Plugins and sources
// take their logger before the level is in force, and keep it when a reload
// changes it; so what they share is not the level, but this. The zero value
// drops what is below debug.
type threshold struct{ level atomic.Int32 }

// set takes a level's name, which the configuration has checked.
func (t *threshold) set(name string) {
	if level, err := zerolog.ParseLevel(name); err == nil {
		t.level.Store(int32(level))
	}
}

// Run is zerolog's.
func (t *threshold) Run(e *zerolog.Event, level zerolog.Level, _ string) {
	if level < zerolog.Level(t.level.Load()) {
		e.Discard()
	}
}
