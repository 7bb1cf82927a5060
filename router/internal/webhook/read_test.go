package webhook

import (
	"errors"
	"net/http"
	"testing"

	"github.com/signalbox/signalbox/router"
)

func TestReadBody(t *testing.T) {
	inHeaders := map[string]router.RequestText{attrID: inHeader("X-Id"), attrType: inHeader("X-Type"), attrLane: inBody("repository")}
	for name, c := range map[string]struct {
		config      string
		expressions map[string]router.RequestText
		body        string
		said        string
		want, lane  string
		err         error
	}{
		"the block says where":         {config: `{"bearer":[{"token":"t"}]}`, expressions: names(), body: `{"id":"1","type":"issue"}`, want: "issue"},
		"it stands in a header":        {config: `{"bearer":[{"token":"t"}]}`, expressions: inHeaders, body: `{"type":"issue"}`, err: ErrNoType},
		"it is said, and has a lane":   {config: `{"bearer":[{"token":"t"}]}`, expressions: inHeaders, body: `{"repository":"r"}`, said: "push", want: "push", lane: "test.source|r"},
		"a sender that is known":       {config: `{"stripe":[{"secret":"` + stripeSecret + `"}]}`, body: `{"id":"evt_1","type":"invoice.paid"}`, want: "invoice.paid"},
		"a sender that says it aside":  {config: `{"hmac":[{"secret":"` + hmacSecret + `"}]}`, body: `{"type":"issue"}`, err: ErrNoType},
		"what is said goes before all": {config: `{"bearer":[{"token":"t"}]}`, expressions: names(), body: `{"type":"issue"}`, said: "push", want: "push"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := open(t, Kind(), c.config, c.expressions).ReadBody([]byte(c.body), c.said)
			if !errors.Is(err, c.err) || e.Type != c.want || e.Lane != c.lane {
				t.Fatalf("%+v, %v", e, err)
			}
			if err == nil && (string(e.Payload) != c.body || string(e.Attributes) != `{"headers":{"content-type":"application/json"}}`) {
				t.Errorf("payload %s, attributes %s", e.Payload, e.Attributes)
			}
		})
	}
	if _, err := open(t, Kind(), `{"bearer":[{"token":"t"}]}`, names()).ReadBody([]byte(`"text"`), ""); err == nil {
		t.Error("a text alone is read")
	}
}

// TestReadStructured reads what Receive would.
func TestReadStructured(t *testing.T) {
	const body = `{"specversion":"1.0","id":"1","source":"/shop","type":"order","partitionkey":"acme","data":{"n":1}}`
	s := open(t, CloudEvents(), `{"bearer":[{"token":"t"}]}`, nil)
	want := take(t, s, post(body, "Authorization", "Bearer t", "Content-Type", "application/cloudevents+json"), body)
	got, err := s.ReadStructured([]byte(body))
	if err != nil || got.Type != want.Type || got.Lane != want.Lane || string(got.Payload) != string(want.Payload) || string(got.Attributes) != string(want.Attributes) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	var refused *refusal
	if _, err := s.ReadStructured([]byte(`{"specversion":"1.0"}`)); !errors.As(err, &refused) || refused.status != http.StatusBadRequest {
		t.Errorf("what is no event: %v", err)
	}
}
