package sdk_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/sdk"
)

func TestEventIsItsEnvelope(t *testing.T) {
	event := sdk.Event{
		ID: "e-1", Source: "appdirect.acme", Type: "SUBSCRIPTION_ORDER", Flag: "DEVELOPMENT", Lane: "l",
		Received: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Payload: json.RawMessage(`{"a":[1]}`),
		Attributes: json.RawMessage(`{"b":2}`), CausedBy: "e-0",
	}
	extra := event
	extra.Extra = map[string]json.RawMessage{"addon": json.RawMessage(`true`), `"`: json.RawMessage(`{"z":1}`)}
	const all = `{"id":"e-1","source":"appdirect.acme","type":"SUBSCRIPTION_ORDER","flag":"DEVELOPMENT","lane":"l",` +
		`"received":"2026-03-01T12:00:00Z","payload":{"a":[1]},"attributes":{"b":2},"caused_by":"e-0"`
	for _, tt := range []struct {
		name  string
		event sdk.Event
		want  string
	}{
		{"of every protocol", event, all + `}`},
		{"with more", extra, all + `,"\"":{"z":1},"addon":true}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := json.Marshal(tt.event)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(raw)); diff != "" {
				t.Errorf("written: -want +got\n%s", diff)
			}
			var got sdk.Event
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.event, got); diff != "" {
				t.Errorf("read back: -want +got\n%s", diff)
			}
		})
	}
	for _, raw := range []string{`[]`, `{"id":1}`, `{"received":"soon"}`} {
		if err := json.Unmarshal([]byte(raw), new(sdk.Event)); err == nil {
			t.Errorf("%s was read", raw)
		}
	}
}
