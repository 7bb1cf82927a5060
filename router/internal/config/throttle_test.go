package config

import (
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

func TestThrottle(t *testing.T) {
	tests := map[string]struct {
		by   string // "" leaves the line out
		want string
		err  bool
	}{
		"a text":                    {by: "event.payload.plugin", want: "billing"},
		"a number":                  {by: "event.payload.attempts", want: "6"},
		"several":                   {by: `"${event.type} ${event.payload.plugin}"`, want: "delivery.failed billing"},
		"one that is not there":     {by: "event.payload.code", want: ""},
		"one that can't be made":    {by: "upper(event.payload.code)", err: true},
		"one that may be missing":   {by: `try(event.payload.queue, "none")`, want: "none"},
		"one that is no text":       {by: `try(event.payload.queue, [1])`, err: true},
		"nothing: all are the same": {},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			by := ""
			if tc.by != "" {
				by = "by = " + tc.by
			}
			plan := mustLoad(t, `
route "tell" {
  from = [source.signalbox]
  on   = ["delivery.failed"]
  throttle {
    `+by+`
    every = "90m"
  }
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "failure", to = ["ops@example.com"] }
  }
}`).Plan
			event := orderEvent(`{"plugin":"billing","attempts":6,"event":{"id":"1"}}`)
			event.Source, event.Type = router.SourceSelf, router.TypeDeliveryFailed
			scope := open(t, plan, event)
			matched, err := plan.Match(event, scope)
			if err != nil || len(matched) != 1 {
				t.Fatalf("matched %d routes, error %v", len(matched), err)
			}
			throttle := matched[0].Throttle
			if throttle == nil || throttle.Every != 90*time.Minute {
				t.Fatalf("the throttle is %+v", throttle)
			}
			if tc.by == "" {
				if throttle.By != nil {
					t.Error("it goes by something")
				}
				return
			}
			got, err := throttle.By(scope)
			if got != tc.want || (err != nil) != tc.err {
				t.Errorf("it goes by %q, error %v; want %q, an error: %v", got, err, tc.want, tc.err)
			}
		})
	}
}
