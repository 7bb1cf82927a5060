package main

import (
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/daemon/routes"
)

// TestRehearsalOfManyEvents: reload has no --limit; who wants to look further back
// is told which command does.
func TestRehearsalOfManyEvents(t *testing.T) {
	var page strings.Builder
	writeRehearsal(&page, &rehearsal{DryRun: operator.DryRun{Changes: &operator.Changes{}}, Backtest: &routes.Backtest{Limited: true}}, time.Now())
	const want = "There are older ones; signalbox routes backtest CONFIG --limit 0 compares them all.\n"
	if !strings.Contains(page.String(), want) {
		t.Errorf("it says\n%s\nwant %q", page.String(), want)
	}
}
