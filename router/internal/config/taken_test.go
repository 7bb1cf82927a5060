package config

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestTakenSaysWhatTheRoutesDo(t *testing.T) {
	config := mustLoad(t, `
route "free" {
  from = [source.appdirect.acme]
  when = try(event.payload.order.editionCode, "") == "FREE"
}
`+orderRoute)
	x := explain(t, config)
	taken, err := x.Taken(orderEvent(orderPayload), nil)
	if err != nil || len(taken) != 1 || taken[0].Name != "order" {
		t.Fatalf("got %+v, %v", taken, err)
	}
	answers, err := x.Event(orderEvent(orderPayload))
	if err != nil {
		t.Fatal(err)
	}
	// It must be what Event says of the same route.
	if diff := cmp.Diff(answers[1], taken[0], cmpopts.IgnoreUnexported(Value{})); diff != "" {
		t.Error(diff)
	}
}

func TestTakenFailsAsTheRoutingDoes(t *testing.T) {
	config := mustLoad(t, `
route "order" {
  from = [source.appdirect.acme]
  when = event.payload.configuration.edition == "FREE"
}
`)
	_, err := explain(t, config).Taken(orderEvent(`{}`), nil)
	if err == nil || !strings.Contains(err.Error(), `route "order": `) {
		t.Errorf("got %v", err)
	}
}

func TestTakenSeesOutputs(t *testing.T) {
	config := mustLoad(t, `
plugin "safe" { use = "safe" }
route "order" {
  from = [source.appdirect.acme]
  deliver "issue" { to = plugin.safe.issue }
  deliver "plain" {
    to   = plugin.safe.issue
    when = deliver.issue.account != null
    with = { account = deliver.issue.account }
  }
  deliver "hidden" {
    to   = plugin.safe.issue
    with = { pin = deliver.issue.token }
  }
}
`)
	const plain, hidden = `"a-1"`, `deliver.issue.token`
	for name, tc := range map[string]struct {
		given     Given
		plain     string
		unsure    []string
		noOutputs bool
	}{
		"nothing is given":   {noOutputs: true, plain: "deliver.issue.account", unsure: []string{"plain"}},
		"covered in part":    {given: Given{"safe.issue", json.RawMessage(`{"account":"a-1","token":"(secret)","grants":"(secret)"}`)}, plain: plain, unsure: nil},
		"covered wholly":     {given: Given{"safe.issue", json.RawMessage(`"(secret)"`)}, plain: "deliver.issue.account", unsure: []string{"plain"}},
		"of another action":  {given: Given{"crm.upsert_company", json.RawMessage(`{"account":"a-1"}`)}, plain: "deliver.issue.account", unsure: []string{"plain"}},
		"of another version": {given: Given{"safe.issue", json.RawMessage(`{"account":["a-1"]}`)}, plain: "deliver.issue.account", unsure: []string{"plain"}},
	} {
		t.Run(name, func(t *testing.T) {
			given := map[string]Given{"order/issue": tc.given}
			if tc.noOutputs {
				given = nil
			}
			taken, err := explain(t, config).Taken(orderEvent(`{}`), given)
			if err != nil || len(taken) != 1 {
				t.Fatalf("got %+v, %v", taken, err)
			}
			value := func(i int) string {
				v := taken[0].Deliveries[i].Input[0]
				return string(v.Value) + v.Expression
			}
			if value(1) != tc.plain || value(2) != hidden {
				t.Errorf("got %s and %s", value(1), value(2))
			}
			var unsure []string
			for _, d := range taken[0].Deliveries {
				if !d.WhenMeans.Equal(Meaning{}) {
					unsure = append(unsure, d.Name)
				}
			}
			if diff := cmp.Diff(tc.unsure, unsure); diff != "" {
				t.Error(diff)
			}
		})
	}
}
