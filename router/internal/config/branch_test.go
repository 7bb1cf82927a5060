package config

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
)

// compensating has a delivery with a condition, one that waits for it, and what
// is done when the event fails.
const compensating = `
variable "floor" {
  type    = number
  default = 10
}

variable "desk" { default = "help@example.com" }

locals {
  free = [local.none, "TRIAL"]
  none = "FREE"
}

route "order" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  when = event.payload.seats > var.floor

  deliver "bill" {
    to   = plugin.billing.create_subscription
    when = !contains(local.free, event.payload.edition)
    with = { email = event.attributes.creator.email, price = event.payload.edition }
  }
  deliver "big" {
    to   = plugin.crm.upsert_company
    when = deliver.bill.balance > 100
    with = { name = event.payload.edition }
  }
  on_failure {
    deliver "void" {
      to   = plugin.billing.cancel_subscription
      with = { customer_id = deliver.bill.customer_id }
    }
    deliver "ticket" {
      to   = plugin.email.send
      when = failure.code != "card_declined"
      with = {
        template = "failure"
        to       = [var.desk]
        data     = { delivery = failure.delivery, text = failure.message, customer = try(deliver.bill.customer_id, "none") }
      }
    }
  }
  reply { accountIdentifier = try(deliver.bill.customer_id, "free") }
}
`

// compiled gives the plan as it is after a restart.
func compiled(t *testing.T, env Env) *router.Plan {
	t.Helper()
	config, diags := Load(context.Background(), write(t, preamble+uses+compensating), env)
	if diags.HasErrors() {
		t.Fatalf("loading failed:\n%s", render(t, diags))
	}
	plan, err := Compile(config.Snapshot, config.Plan.Digest)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestConditionsOfDeliveries(t *testing.T) {
	plan := compiled(t, testEnv())
	for name, tc := range map[string]struct {
		edition, output string
		bill, big       bool
		wantErr         string
	}{
		"all":                {edition: "PRO", output: `{"customer_id":"c1","balance":101}`, bill: true, big: true},
		"by an output":       {edition: "PRO", output: `{"customer_id":"c1","balance":7}`, bill: true},
		"by a local":         {edition: "FREE"},
		"by another":         {edition: "TRIAL"},
		"an output is null":  {edition: "PRO", output: `{"customer_id":"c1"}`, bill: true, wantErr: "deliver.bill.balance is null"},
		"no such output yet": {edition: "FREE", wantErr: "bill"},
	} {
		t.Run(name, func(t *testing.T) {
			event := orderEvent(`{"seats":11,"edition":"` + tc.edition + `"}`)
			scope := open(t, plan, event)
			routes, err := plan.Match(event, scope)
			if err != nil || len(routes) != 1 {
				t.Fatalf("%d routes, %v", len(routes), err)
			}
			specs := routes[0].Deliver
			if got, err := specs[0].When(scope); err != nil || got != tc.bill {
				t.Errorf("bill: %t, %v", got, err)
			}
			if tc.output != "" {
				if err := scope.Output("order/bill", []byte(tc.output)); err != nil {
					t.Fatal(err)
				}
			}
			if tc.output == "" && tc.wantErr == "" {
				return // nobody asks: it needs the one that is skipped
			}
			got, err := specs[1].When(scope)
			if tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)) || tc.wantErr == "" && (err != nil || got != tc.big) {
				t.Errorf("big: %t, %v", got, err)
			}
		})
	}
}

func TestOnFailure(t *testing.T) {
	plan := compiled(t, testEnv())
	event := orderEvent(`{"seats":11,"edition":"PRO"}`)
	scope := open(t, plan, event)
	routes, err := plan.Match(event, scope)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, spec := range routes[0].Deliver {
		if spec.OnFailure {
			got = append(got, spec.Name+" after "+strings.Join(spec.Needs, ", "))
		}
	}
	if diff := cmp.Diff([]string{"void after bill", "ticket after "}, got); diff != "" {
		t.Errorf("on failure (-want +got):\n%s", diff)
	}
	ticket := routes[0].Deliver[3]
	for name, tc := range map[string]struct {
		failing router.Failing
		runs    bool
		input   string
	}{
		"rejected":   {router.Failing{Delivery: "order/bill", Code: "card_declined", Message: "no"}, false, ""},
		"another":    {router.Failing{Delivery: "order/big", Code: "gone", Message: "it is gone"}, true, `{"data":{"customer":"none","delivery":"order/big","text":"it is gone"},"template":"failure","to":["help@example.com"]}`},
		"by no code": {router.Failing{Message: "given up"}, true, `{"data":{"customer":"none","text":"given up"},"template":"failure","to":["help@example.com"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			scope.Failed(tc.failing)
			runs, err := ticket.When(scope)
			if err != nil || runs != tc.runs {
				t.Fatalf("runs: %t, %v", runs, err)
			}
			if !runs {
				return
			}
			if input, err := ticket.Input(scope); err != nil || string(input) != tc.input {
				t.Errorf("%s, %v\nwant %s", input, err, tc.input)
			}
		})
	}
}

func TestVariablesComeFromOutside(t *testing.T) {
	for name, tc := range map[string]struct {
		line, environment map[string]string
		takes             bool   // an order of 11 seats
		wantErr           string // of a diagnostic
	}{
		"the default":              {takes: true},
		"the environment":          {environment: map[string]string{"SIGNALBOX_VAR_floor": "11"}},
		"the command line":         {line: map[string]string{"floor": "5 + 5"}, environment: map[string]string{"SIGNALBOX_VAR_floor": "11"}, takes: true},
		"no number":                {line: map[string]string{"floor": `"many"`}, wantErr: `"floor" can't have the value that the command line gives it: it must be a number, and "many" is none.`},
		"no expression":            {environment: map[string]string{"SIGNALBOX_VAR_floor": "(("}, wantErr: "the environment (SIGNALBOX_VAR_floor) gives it: it must be a number, and \"((\" is none"},
		"a reference":              {line: map[string]string{"floor": "var.desk"}, wantErr: `it must be a number, and "var.desk" is none`},
		"null":                     {line: map[string]string{"floor": "null"}, wantErr: `it must be a number, and "null" is none`},
		"one nobody hears":         {environment: map[string]string{"SIGNALBOX_VAR_flor": "1", "PATH": "/bin"}, wantErr: `Warning: Unknown variable The environment sets SIGNALBOX_VAR_flor, and the configuration has no variable "flor". Did you mean "floor"?`},
		"one that nobody asks for": {line: map[string]string{"flor": "1"}, wantErr: `The command line sets the variable "flor", which the configuration does not have. Did you mean "floor"?`},
	} {
		t.Run(name, func(t *testing.T) {
			env := testEnv()
			env.Variables = tc.line
			env.Environ = func() (list []string) {
				for name, value := range tc.environment {
					list = append(list, name+"="+value)
				}
				return list
			}
			env.Getenv = func(name string) (string, bool) {
				if v, ok := tc.environment[name]; ok {
					return v, ok
				}
				return testEnv().Getenv(name)
			}
			if tc.wantErr != "" {
				_, diags := Load(context.Background(), write(t, preamble+uses+compensating), env)
				if got := strings.Join(strings.Fields(render(t, diags)), " "); !strings.Contains(got, tc.wantErr) {
					t.Errorf("got:\n%s\nwant %s", got, tc.wantErr)
				}
				return
			}
			plan := compiled(t, env)
			event := orderEvent(`{"seats":11,"edition":"PRO"}`)
			routes, err := plan.Match(event, open(t, plan, event))
			if err != nil || (len(routes) == 1) != tc.takes {
				t.Errorf("%d routes take it, %v", len(routes), err)
			}
		})
	}
}
