package config

import (
	"encoding/json"
	"strings"
	"testing"
)

// handOver gives a sensitive output to everything that may have one.
const handOver = `
plugin "safe" { use = "safe" }

route "bind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" { to = plugin.safe.issue }
  deliver "pin" {
    to   = plugin.safe.issue
    with = { account = deliver.token.account, pin = "${deliver.token.token}!", count = try(parseint(deliver.token.token, 10), null) }
  }
  deliver "merged" {
    to   = plugin.safe.issue
    with = merge({ pin = deliver.token.token }, {})
  }
  deliver "number" {
    to   = plugin.safe.issue
    with = { count = parseint(deliver.token.token, 10) }
  }
  deliver "whole" {
    to   = plugin.safe.issue
    with = merge({ count = parseint(deliver.token.token, 10) }, {})
  }
  deliver "typed" {
    to   = plugin.safe.issue
    with = { count = deliver.token.token }
  }
  reply { metadata = merge(deliver.token.grants, { token = deliver.token.token }) }
}
`

func TestSensitiveOutputsGoWhereTheyMay(t *testing.T) {
	plan := mustLoad(t, uses+handOver).Plan
	event := orderEvent(`{}`)
	event.Type = "SUBSCRIPTION_CHANGE"
	scope := open(t, plan, event)
	if err := scope.Output("bind/token", json.RawMessage(`{"account":"a-1","token":"hunter2-given","grants":{"user":"u"}}`)); err != nil {
		t.Fatal(err)
	}
	routes, err := plan.Match(event, scope)
	if err != nil || len(routes) != 1 {
		t.Fatalf("%d routes, %v", len(routes), err)
	}
	for _, tc := range []struct {
		delivery      int
		want, wantErr string
	}{
		{1, `{"account":"a-1","pin":"hunter2-given!"}`, ""},
		{2, `{"pin":"hunter2-given"}`, ""},
		{3, "", "it can't be evaluated: the reason is not shown"},
		{4, "", "it can't be evaluated: the reason is not shown"},
		{5, "", `"count" has the wrong type: the reason is not shown`},
	} {
		spec := routes[0].Deliver[tc.delivery]
		t.Run(spec.Name, func(t *testing.T) {
			got, err := spec.Input(scope)
			if tc.wantErr == "" && (err != nil || string(got) != tc.want) {
				t.Errorf("got %s, %v; want %s", got, err, tc.want)
			}
			if tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("got %s, %v; want the error %s", got, err, tc.wantErr)
			}
		})
	}
	if reply, err := routes[0].Reply(scope); err != nil || string(reply) != `{"metadata":{"token":"hunter2-given","user":"u"}}` {
		t.Errorf("the reply is %s, %v", reply, err)
	}
}

func TestAnUnreadableOutputIsNotQuoted(t *testing.T) {
	plan := mustLoad(t, uses+handOver).Plan
	err := open(t, plan, orderEvent(`{}`)).Output("bind/token", json.RawMessage(`{"grants":"hunter2-given"}`))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), `"grants": the reason is not shown`) {
		t.Errorf("got %v", err)
	}
}

// TestSnapshotGoesOnWithWhatIsSensitiveNow: an event has begun under a plan that
// was good when its plugin called nothing sensitive.
func TestSnapshotGoesOnWithWhatIsSensitiveNow(t *testing.T) {
	c := mustLoad(t, uses+`
plugin "safe" { use = "safe" }
route "bind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" { to = plugin.safe.issue }
  deliver "pin" {
    to   = plugin.safe.issue
    with = { account = deliver.token.account, pin = deliver.token.token }
  }
}
`)
	old := strings.Replace(string(c.Snapshot), "deliver.token.account", "deliver.token.token", 1)
	if old == string(c.Snapshot) {
		t.Fatal("the snapshot is another")
	}
	if _, err := Compile([]byte(old), digestOf([]byte(old))); err != nil {
		t.Errorf("an event in flight is held: %v", err)
	}
}
