package simulate

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSet(t *testing.T) {
	for _, test := range []struct{ name, assignment, payload, want string }{
		{"a text", "notice.type=CLOSED", `{"notice":{"type":"DEACTIVATED"}}`, `{"notice":{"type":"CLOSED"}}`},
		{"a number in a list", "order.items.0.quantity=25", `{"order":{"items":[{"quantity":1}]}}`, `{"order":{"items":[{"quantity":25}]}}`},
		{"an element more", "order.items.1.unit=GIGABYTE", `{"order":{"items":[{}]}}`, `{"order":{"items":[{},{"unit":"GIGABYTE"}]}}`},
		{"a text stays a text", "account.accountIdentifier=0042", `{"account":{"accountIdentifier":"a"}}`, `{"account":{"accountIdentifier":"0042"}}`},
		{"null takes a text's place", "user.email=null", `{"user":{"email":"a@b.example"}}`, `{"user":{"email":null}}`},
		{"a date is a text", "user.since=2026-01-02", `{}`, `{"user":{"since":"2026-01-02"}}`},
		{"all digits stay", "order.reference=12345678901234567890", `{}`, `{"order":{"reference":12345678901234567890}}`},
		{"objects are made", "a.b.c=true", `{}`, `{"a":{"b":{"c":true}}}`},
		{"an object at once", `company={"name":"Acme"}`, `{"company":{"uuid":"1"}}`, `{"company":{"name":"Acme"}}`},
		{"an empty text", "company.name=", `{"company":{"name":"Acme"}}`, `{"company":{"name":""}}`},
		{"an equals sign in the value", "order.note=a=b", `{}`, `{"order":{"note":"a=b"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := eventOf(t, test.payload)
			if err := e.Set(test.assignment); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, payloadOf(t, e)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetRefuses(t *testing.T) {
	for name, assignment := range map[string]string{
		"no value":            "notice.type",
		"no path":             "=CLOSED",
		"an empty part":       "a..b=1",
		"below a text":        "notice.type.deeper=1",
		"no index":            "items.first=1",
		"an index too far":    "items.2=1",
		"a negative index":    "items.-1=1",
		"too deep":            strings.Repeat("a.", maxOverrideDepth) + "a=1",
		"late on a good path": "new.object..x=1",
	} {
		t.Run(name, func(t *testing.T) {
			const payload = `{"items":[{}],"notice":{"type":"CLOSED"}}`
			e := eventOf(t, payload)
			if err := e.Set(assignment); !errors.Is(err, ErrOverride) {
				t.Errorf("error %v, want ErrOverride", err)
			}
			if got := payloadOf(t, e); got != payload {
				t.Errorf("the payload has become %s", got)
			}
		})
	}
}

func FuzzSet(f *testing.F) {
	for _, seed := range []string{"a=1", "a.b.0=x", "order.items.0.quantity=25", "=", "a..b=1", "a={\"b\":[1]}", "items.1.x=null"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, assignment string) {
		e := eventOf(t, `{"items":[{}],"notice":{"type":"CLOSED"}}`)
		err := e.Set(assignment)
		if err != nil && !errors.Is(err, ErrOverride) {
			t.Errorf("error %v is no ErrOverride", err)
		}
		payloadOf(t, e)
	})
}

func eventOf(t *testing.T, payload string) *Event {
	t.Helper()
	e := &Event{Type: "T"}
	if err := json.Unmarshal([]byte(payload), &e.Payload); err != nil {
		t.Fatal(err)
	}
	return e
}

func payloadOf(t *testing.T, e *Event) string {
	t.Helper()
	got, err := json.Marshal(e.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}
