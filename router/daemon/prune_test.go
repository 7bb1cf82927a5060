package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
	"github.com/signalbox/signalbox/router/routertest"
)

func TestPrune(t *testing.T) {
	const day = 24 * time.Hour
	year := config.Config{Retention: 365 * day, RetentionPayload: 365 * day}
	for _, c := range []struct {
		name    string
		with    func(*config.Config)
		hours   int    // for how long it runs
		left    string // a letter an event, oldest first; lower case is emptied
		cramped int    // how often it is said
	}{
		{"young enough", func(*config.Config) {}, 1, "ABCDEFGHU", 0},
		{"by age", func(c *config.Config) { c.Retention, c.RetentionPayload = 4*day+time.Minute, 4*day+time.Minute }, 1, "EFGHU", 0},
		{"by age, as time goes by", func(c *config.Config) { c.Retention, c.RetentionPayload = 4*day+time.Minute, 4*day+time.Minute }, 49, "GHU", 0},
		{"payloads", func(c *config.Config) { c.RetentionPayload = 4*day + time.Minute }, 1, "abcdEFGHU", 0},
		{"payloads, then events", func(c *config.Config) { c.Retention, c.RetentionPayload = 6*day+time.Minute, 2*day+time.Minute }, 1, "cdefGHU", 0},
		{"by size", func(c *config.Config) { c.RetentionSize = 5 * 10_000 }, 1, "FGHU", 0},
		{"by size, but not the young and the unfinished", func(c *config.Config) { c.RetentionSize = 1 }, 0, "HU", 1},
		{"it is not said too often", func(c *config.Config) { c.RetentionSize = 1 }, 3, "U", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				settings := year
				settings.Plan = &router.Plan{Digest: "plan"}
				c.with(&settings)
				j := routertest.NewJournal()
				for n, letter := range "ABCDEFGH" {
					pruneEvent(t, j, string(letter), time.Now().Add(-time.Duration(7-n)*day), router.State{Phase: router.Elsewhere})
				}
				pruneEvent(t, j, "U", time.Now().Add(-300*day), router.State{Phase: router.Held})
				var log bytes.Buffer
				p := &pruner{journal: j, log: zerolog.New(&log), inForce: func() (*loaded, func()) { return &loaded{config: &settings}, func() {} }}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(c.hours)*time.Hour+time.Second)
				defer cancel()
				p.run(ctx)

				found, err := j.Find(t.Context(), router.Query{})
				if err != nil {
					t.Fatal(err)
				}
				var left string
				for _, r := range found {
					letter := r.Event.ID
					if r.Emptied {
						letter = strings.ToLower(letter)
					}
					left = letter + left
				}
				if left != c.left {
					t.Errorf("%s are left, want %s", left, c.left)
				}
				if said := strings.Count(log.String(), "larger than retention_size"); said != c.cramped {
					t.Errorf("it was said %d times, want %d:\n%s", said, c.cramped, &log)
				}
			})
		})
	}
}

// TestPruneSparesTheFinished: how long ago an event was received says nothing of
// how soon it may be repeated. It may have been held meanwhile.
func TestPruneSparesTheFinished(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		settings config.Config
		window   time.Duration // dedupe_window of one of the sources
		ended    time.Duration // ago
		stays    bool
	}{
		"full, within the hour":       {config.Config{Retention: 365 * day, RetentionSize: 1}, 0, 59 * time.Minute, true},
		"full, after it":              {config.Config{Retention: 365 * day, RetentionSize: 1}, 0, 61 * time.Minute, false},
		"full, a short window":        {config.Config{Retention: 365 * day, RetentionSize: 1}, 10 * time.Minute, 59 * time.Minute, true},
		"full, within a long window":  {config.Config{Retention: 365 * day, RetentionSize: 1}, 3 * time.Hour, 2 * time.Hour, true},
		"full, after a long window":   {config.Config{Retention: 365 * day, RetentionSize: 1}, 3 * time.Hour, 4 * time.Hour, false},
		"old, within the hour":        {config.Config{Retention: day}, 0, time.Minute, true},
		"old, after it":               {config.Config{Retention: day}, 0, 61 * time.Minute, false},
		"old, within a long window":   {config.Config{Retention: day}, 3 * time.Hour, 2 * time.Hour, true},
		"short kept, within a window": {config.Config{Retention: time.Minute}, 3 * time.Hour, 2 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			now := &loaded{config: &c.settings, table: &router.Table{Sources: map[string]*router.Endpoint{
				"subscriptionbridge.shop": {Source: &routertest.Source{Dedupe: c.window}}, "appdirect.acme": {Source: &routertest.Source{}},
			}}}
			c.settings.Plan, c.settings.RetentionPayload = &router.Plan{}, c.settings.Retention
			c.settings.Sources = []config.Source{
				{Kind: "subscriptionbridge", Name: "subscriptionbridge.shop"}, {Kind: "appdirect", Name: "appdirect.acme"},
			}
			j := routertest.NewJournal()
			pruneEvent(t, j, "A", time.Now().Add(-2*day), router.State{Phase: router.Elsewhere, Ended: time.Now().Add(-c.ended)})
			p := &pruner{journal: j, log: zerolog.Nop(), inForce: func() (*loaded, func()) { return now, func() {} }}
			if _, err := p.step(t.Context()); err != nil {
				t.Fatal(err)
			}
			if found, err := j.Find(t.Context(), router.Query{}); err != nil || (len(found) == 1) != c.stays {
				t.Errorf("%d are left, %v; want it to stay: %v", len(found), err, c.stays)
			}
		})
	}
}

// pruneEvent has the journal hold an event of some 10,000 bytes.
func pruneEvent(t *testing.T, j *routertest.Journal, id string, received time.Time, state router.State) {
	t.Helper()
	e := router.Event{ID: id, Received: received, Payload: json.RawMessage(fmt.Sprintf("%10000d", 0))}
	if _, err := j.Accept(t.Context(), &e, &state); err != nil {
		t.Fatal(err)
	}
}
