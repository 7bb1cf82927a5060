package config

import (
	"fmt"
	"sync"
	"testing"
)

// TestManyEventsAtOnce: the expressions of a plan are shared by all events.
func TestManyEventsAtOnce(t *testing.T) {
	config := mustLoad(t, "route \"x\" {\n  from = [source.appdirect.acme]\n  when = join(\",\", event.payload.items[*].unit) == event.payload.want\n}\n")
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			event := orderEvent(fmt.Sprintf(`{"items":[{"unit":"a%d"},{"unit":"b"}],"want":"a%d,b"}`, i, i))
			scope, err := config.Plan.Open(event)
			if err != nil {
				t.Error(err)
				return
			}
			if matched, err := config.Plan.Match(event, scope); err != nil || len(matched) != 1 {
				t.Errorf("event %d matched %d routes, error %v", i, len(matched), err)
			}
		})
	}
	wg.Wait()
}
