package config

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

// TestExpectedParts are of a value of any form, at every level.
func TestExpectedParts(t *testing.T) {
	_, test := theTest(t, `test "parts" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {
    deliver "order/note" { with = { data = { order = { edition = "PRO", coupon = null }, items = [{ unit = "GB" }, {}] } } }
  }
}`)
	data := &test.Expect.Deliver[0].With[0]
	for name, c := range map[string]struct {
		got string
		is  bool
	}{
		"the same":             {`{"order":{"edition":"PRO"},"items":[{"unit":"GB"},{}]}`, true},
		"more, at every level": {`{"id":1,"order":{"edition":"PRO","seats":3},"items":[{"unit":"GB","quantity":2},{"unit":"MB"}]}`, true},
		"another member":       {`{"order":{"edition":"FREE"},"items":[{"unit":"GB"},{}]}`, false},
		"one that is null":     {`{"order":{"edition":"PRO","coupon":"X"},"items":[{"unit":"GB"},{}]}`, false},
		"an element more":      {`{"order":{"edition":"PRO"},"items":[{"unit":"GB"},{},{}]}`, false},
		"another element":      {`{"order":{"edition":"PRO"},"items":[{},{"unit":"GB"}]}`, false},
		"another form":         {`{"order":"PRO","items":{}}`, false},
		"none":                 {`null`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if is := data.Is(json.RawMessage(c.got)); is != c.is {
				t.Errorf("%s: %v", c.got, is)
			}
		})
	}
}

// TestADeliveryOfAForEach is known by its name alone.
func TestADeliveryOfAForEach(t *testing.T) {
	const each = `
route "edition" {
  for_each = ["FREE", "PRO"]
  from     = [source.appdirect.acme]
  on       = ["SUBSCRIPTION_CHANGE"]
  when     = event.payload.order.editionCode == each.key
  deliver "change" {
    to   = plugin.email.send
    with = { template = each.key, to = ["ops@example.com"] }
  }
}
`
	config := mustLoad(t, uses+each)
	x, err := Explain(config)
	if err != nil {
		t.Fatal(err)
	}
	read := func(text string) *Tests { return x.ReadTests([]string{writeTest(t, text)}, testSources()) }
	tests := read(`test "a" {
  event { type = "SUBSCRIPTION_CHANGE" }
  given "change" { exhausted = true }
  expect {
    deliver "change" {}
  }
}`)
	if len(tests.List) != 1 {
		t.Fatal(render(t, tests.Diagnostics))
	}
	want := []string{"edition[FREE]/change", "edition[PRO]/change"}
	if diff := cmp.Diff(want, tests.List[0].Expect.Deliver[0].Names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	for _, name := range want {
		if got := tests.List[0].Outcomes[name].Kind; got != router.Retry {
			t.Errorf("%s comes to %v", name, got)
		}
	}
	twice := read(`test "b" {
  event { type = "SUBSCRIPTION_CHANGE" }
  expect {
    deliver "change" {}
    deliver "edition[PRO]/change" {}
  }
}`)
	if text := render(t, twice.Diagnostics); !strings.Contains(text, `"edition[PRO]/change" has a block at`) {
		t.Errorf("a delivery that is named twice: %s", text)
	}
}
