package config

import (
	"context"
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

// TestAnyConditionAsHCLSays: of conditions that nobody would think of, this package
// and HCL come to the same.
func TestAnyConditionAsHCLSays(t *testing.T) {
	rnd := rand.New(rand.NewSource(7))
	payloads := []string{
		`{}`,
		`{"order":{"edition":"PRO","discount":"5","seats":"5","trial":"true","items":[{"note":"PRO"}]},"company":{"name":"é"},"configuration":{"a":{"b":5},"a.b":6}}`,
		`{"order":{"edition":5,"discount":null,"seats":5,"trial":true,"items":[]},"company":null,"configuration":{"a":true}}`,
		`{"order":"PRO","company":[],"configuration":null}`,
		`null`, `[]`,
		`{"order":{"seats":"5.0","trial":"yes","edition":true}}`,
	}
	asked := 0
	for range 400 {
		when := (&conditionWriter{rnd}).condition(3)
		config, diags := Load(context.Background(), write(t, preamble+`
variable "v" { default = "PRO" }
locals { l = 5 }
`+marketRoute(when, (&conditionWriter{rnd}).pick("ORDER", "ORDER", `ORDER", "CANCEL`, "STRANGE", `ORDER", "STRANGE`))), testEnv())
		if strings.Contains(string(diags.JSON()), "does not compile") {
			t.Fatalf("%s: %s", when, render(t, diags))
		}
		if config == nil {
			continue
		}
		route := config.Plan.Routes[0]
		for _, payload := range payloads {
			event := marketEvent(route.On[rnd.Intn(len(route.On))], payload)
			got, gotErr := route.When(open(t, config.Plan, event))
			s := open(t, config.Plan, event).(*scope)
			draft, want := s.plan.drafts[0], false
			variables, err := s.conditionVariables()
			if err == nil {
				want, err = holds(draft.when, s.context(draft, variables))
			}
			asked++
			if got != want || (gotErr == nil) != (err == nil) {
				t.Errorf("%s\n of %s: told %v, %v; HCL says %v, %v", when, payload, got, gotErr, want, err)
			}
		}
	}
	if asked < 500 {
		t.Errorf("only %d were asked: most of what is written does not load", asked)
	}
}

// conditionWriter writes conditions.
type conditionWriter struct{ rnd *rand.Rand }

func (w *conditionWriter) pick(some ...string) string { return some[w.rnd.Intn(len(some))] }

func (w *conditionWriter) reference() string {
	return "event." + w.pick("payload.order.edition", "payload.order.discount", "payload.order.seats", "payload.order.trial", "payload.company.name",
		"payload.configuration.a", "payload.configuration.a.b", `payload.configuration["a.b"]`, "payload.order.items[0].note", "attributes.creator.email",
		"caused_by", "type", "payload.order", `payload["order"]["discount"]`, "payload.order.items")
}

func (w *conditionWriter) literal() string {
	return w.pick(`"PRO"`, `"5"`, "5", "null", "true", `"true"`, "5.0", `var.v`, `local.l`, `[]`, `"é"`)
}

func (w *conditionWriter) operand() string {
	switch w.rnd.Intn(7) {
	case 0:
		return fmt.Sprintf("try(%s, %s)", w.reference(), w.literal())
	case 1:
		return fmt.Sprintf("coalesce(%s, %s)", w.reference(), w.literal())
	case 2:
		return w.literal()
	case 3:
		return "lower(" + w.reference() + ")"
	case 4:
		return fmt.Sprintf("(%s == null ? %s : %s)", w.reference(), w.literal(), w.reference())
	}
	return w.reference()
}

func (w *conditionWriter) condition(depth int) string {
	if depth > 0 {
		switch w.rnd.Intn(6) {
		case 0:
			return "(" + w.condition(depth-1) + " && " + w.condition(depth-1) + ")"
		case 1:
			return "(" + w.condition(depth-1) + " || " + w.condition(depth-1) + ")"
		case 2:
			return "!(" + w.condition(depth-1) + ")"
		case 3:
			return "(" + w.condition(depth-1) + " ? " + w.condition(depth-1) + " : " + w.condition(depth-1) + ")"
		}
	}
	switch w.rnd.Intn(5) {
	case 0:
		return fmt.Sprintf("contains(%s, %s)", w.pick(`["PRO","5"]`, `[5, "PRO"]`, `toset(["PRO"])`, `[]`), w.operand())
	case 1:
		return "can(" + w.reference() + ")"
	case 2:
		return w.reference()
	}
	return w.operand() + " " + w.pick("==", "!=", "<", ">=", "==", "!=") + " " + w.operand()
}
