package router_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

func TestEnvelope(t *testing.T) {
	bare := router.Event{
		ID: "e-1", Source: "appdirect.acme", Type: "SUBSCRIPTION_ORDER", Lane: "l",
		Received: time.Date(2026, 3, 1, 13, 0, 0, 0, time.FixedZone("", 3600)),
	}
	with := bare
	with.CausedBy, with.Payload, with.Attributes = "e-0", json.RawMessage(`{"a":1}`), json.RawMessage(`{"b":2}`)
	none, extra := with, with
	none.Extra = json.RawMessage(`{}`)
	extra.Extra = json.RawMessage(`{"action":{"final":true},"addon":false}`)
	const head = `{"id":"e-1","source":"appdirect.acme","type":"SUBSCRIPTION_ORDER","flag":"","lane":"l","received":"2026-03-01T12:00:00Z",`
	for _, tt := range []struct {
		name string
		e    router.Event
		want string
	}{
		{"nothing", bare, head + `"payload":{},"attributes":{}}`},
		{"all", with, head + `"payload":{"a":1},"attributes":{"b":2},"caused_by":"e-0"}`},
		{"no members", none, head + `"payload":{"a":1},"attributes":{"b":2},"caused_by":"e-0"}`},
		{"extra", extra, head + `"payload":{"a":1},"attributes":{"b":2},"caused_by":"e-0","action":{"final":true},"addon":false}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.e.Envelope()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	broken := bare
	broken.Payload = json.RawMessage(`{`)
	if _, err := broken.Envelope(); err == nil {
		t.Error("a broken payload was written")
	}
}
