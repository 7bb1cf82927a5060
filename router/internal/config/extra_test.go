package config

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/signalbox/signalbox/router"
)

// shop is a source whose events have other attributes than those of acme.
const shop = `
source "subscriptionbridge" "shop" {
  path     = "/shop"
  username = "shop-api"
  password = credential("stored")
}
`

// TestExtra asks for what only the events of some sources have, of the plan
// that Load makes and of the one made from its snapshot.
func TestExtra(t *testing.T) {
	const order, due = "appdirect.acme", "subscriptionbridge.shop"
	for name, tc := range map[string]struct {
		from, when    string
		source, extra string
		want          bool
		wantErr       string
	}{
		"a flag":                    {from: order, when: `event.addon`, source: order, extra: `{"addon":true}`, want: true},
		"a flag that is false":      {from: order, when: `event.addon`, source: order, extra: `{"addon":false}`},
		"a text":                    {from: due, when: `event.action.kind == "Balance_Due"`, source: due, extra: `{"action":{"final":true,"kind":"Balance_Due"}}`, want: true},
		"two of an object":          {from: due, when: `event.action.final && event.action.kind == "x"`, source: due, extra: `{"action":{"final":true,"kind":"x"}}`, want: true},
		"a source that lacks it":    {from: order + ", source." + due, when: `event.addon == null`, source: due, extra: `{"action":{}}`, want: true},
		"a source that has it":      {from: order + ", source." + due, when: `event.addon == null`, source: order, extra: `{"addon":true}`},
		"no extra at all":           {from: order + ", source." + due, when: `event.addon == null`, source: order, want: true},
		"the whole event":           {from: order, when: `lookup(event, "addon", false)`, source: order, extra: `{"addon":true}`, want: true},
		"the whole event and part":  {from: order, when: `event.addon && can(jsonencode(event))`, source: order, extra: `{"addon":true}`, want: true},
		"a null condition":          {from: order + ", source." + due, when: `event.addon`, source: due, wantErr: "the condition is null"},
		"an object that lacks it":   {from: due, when: `event.action.final`, source: due, extra: `{"action":{"kind":"x"}}`, wantErr: `does not have an attribute named "final"`},
		"a broken document":         {from: order, when: `event.addon`, source: order, extra: `{`, wantErr: "reading the event's addon"},
		"a document of other form":  {from: order, when: `event.addon`, source: order, extra: `[]`, wantErr: "it is not an object"},
		"the whole of a broken one": {from: order, when: `strlen(jsonencode(event)) == 1`, source: order, extra: `[]`, wantErr: "it is not an object"},
	} {
		t.Run(name, func(t *testing.T) {
			loaded := mustLoad(t, shop+fmt.Sprintf("route \"x\" {\n  from = [source.%s]\n  when = %s\n}\n", tc.from, tc.when))
			compiled, err := Compile(loaded.Snapshot, loaded.Plan.Digest)
			if err != nil {
				t.Fatal(err)
			}
			for _, plan := range []*router.Plan{loaded.Plan, compiled} {
				event := orderEvent(`{}`)
				event.Source, event.Extra = tc.source, json.RawMessage(tc.extra)
				matched, err := plan.Match(event, open(t, plan, event))
				if tc.wantErr != "" {
					if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
						t.Errorf("error %v, want %q", err, tc.wantErr)
					}
					continue
				}
				if err != nil || (len(matched) == 1) != tc.want {
					t.Errorf("matched %d routes, error %v; want a match: %v", len(matched), err, tc.want)
				}
			}
		})
	}
}

func TestExtraAsInput(t *testing.T) {
	config := mustLoad(t, shop+`
route "due" {
  from = [source.subscriptionbridge.shop]
  deliver "mail" {
    to   = plugin.email.send
    with = { template = event.action.kind, to = [], data = { action = event.action, event = event } }
  }
}
`)
	event := orderEvent(`{"a":1}`)
	event.Source, event.Attributes = "subscriptionbridge.shop", json.RawMessage(`{"b":2}`)
	event.Extra = json.RawMessage(`{"action":{"final":false,"kind":"Balance_Due"}}`)
	scope := open(t, config.Plan, event)
	matched, err := config.Plan.Match(event, scope)
	if err != nil || len(matched) != 1 {
		t.Fatalf("matched %d routes, error %v", len(matched), err)
	}
	got, err := matched[0].Deliver[0].Input(scope)
	if err != nil {
		t.Fatal(err)
	}
	const action = `"action":{"final":false,"kind":"Balance_Due"},`
	want := `{"data":{` + action + `"event":{` + action + `"attributes":{"b":2},"flag":"DEVELOPMENT","id":"0198-order","lane":"lane-1",` +
		`"payload":{"a":1},"received":"2026-03-01T12:00:00Z","source":"subscriptionbridge.shop","type":"SUBSCRIPTION_ORDER"}},"template":"Balance_Due","to":[]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestExtraIsChecked: what a protocol declares is known to the expressions.
func TestExtraIsChecked(t *testing.T) {
	route := func(from, when string) string {
		return fmt.Sprintf("route \"x\" {\n  from = [%s]\n  when = %s\n}\n", from, when)
	}
	clash := testEnv()
	kind := clash.Sources["subscriptionbridge"]
	kind.Extra = router.Schema{Attrs: []router.Attr{attr("addon", `["object",{"of":"string"}]`)}}
	clash.Sources["subscriptionbridge"] = kind
	taken := testEnv()
	kind.Extra = router.Schema{Attrs: []router.Attr{attr("payload", `"string"`)}}
	taken.Sources["subscriptionbridge"] = kind
	for name, tc := range map[string]struct {
		env   Env
		route string
		want  string
	}{
		"unknown":             {testEnv(), route("source.appdirect.acme", "event.adon"), `Did you mean "addon"?`},
		"of another protocol": {testEnv(), route("source.appdirect.acme", "event.action.final"), `An event has no "action"`},
		"below":               {testEnv(), route("source.subscriptionbridge.shop", "event.action.last"), `does not have an attribute named`},
		"of another type":     {testEnv(), route("source.subscriptionbridge.shop", `event.action`), `it must be true or false`},
		"two types":           {clash, route("source.subscriptionbridge.shop, source.appdirect.acme", `!event.addon || event.addon.of == "x"`), ""},
		"a name of every event": {taken, route("source.subscriptionbridge.shop", `event.id == "x"`),
			`attribute "payload" is one that every event has`},
		"one that is unknown and a source that is broken": {testEnv(), `source "appdirec" "b" { path = "/b" }` + "\n" +
			route("source.appdirec.b", "event.adon"), "Unknown kind of source"},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := Load(context.Background(), write(t, preamble+shop+tc.route), tc.env)
			text := strings.Join(strings.Fields(render(t, diags)), " ")
			if !strings.Contains(text, tc.want) || (tc.want == "") == diags.HasErrors() || strings.Count(text, "Error:") > 1 {
				t.Errorf("got %s\nwant one error with %q", text, tc.want)
			}
		})
	}
}
