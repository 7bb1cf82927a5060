package routes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/config"
)

// TestResult is what came of a test.
type TestResult struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Passed bool   `json:"passed"`
	// Misses are the expectations that are not as they should be.
	Misses []Miss `json:"misses,omitempty"`
	// Routes took the event; Verdict is what it came to: one of the router's
	// verdicts, or held. Why says more of one that is no success.
	Routes  []string `json:"routes"`
	Verdict string   `json:"verdict"`
	Code    string   `json:"code,omitempty"`
	Why     string   `json:"why,omitempty"`
}

// Miss is an expectation that is not met.
type Miss struct {
	File string `json:"file"`
	Line int    `json:"line"`
	// Text is the line as it is written.
	Text string `json:"text"`
	// What says what came in its place. Reasons are the parts of a condition
	// that said no.
	What    string   `json:"what"`
	Reasons []Reason `json:"reasons,omitempty"`
}

// testRun is one test after its event has gone through the router.
type testRun struct {
	suite    *Suite
	event    *router.Event
	endpoint *router.Endpoint
	state    router.State
	out      TestResult
}

func (s *Suite) run(test *config.Test, e *router.Event) TestResult {
	t := &testRun{suite: s, event: e, endpoint: s.routes.inspected.Sources[e.Source]}
	t.state = router.Rehearse(s.routes.inspected.Config.Plan, t.endpoint, *e, func(delivery string) router.Outcome {
		return test.Outcomes[delivery]
	})
	t.out = TestResult{Name: test.Name, File: test.At.File, Line: test.At.Line, Routes: t.state.Routes, Verdict: config.VerdictHeld, Why: t.state.Why}
	if t.out.Routes == nil {
		t.out.Routes = []string{}
	}
	if v := t.state.Verdict; v != nil {
		t.out.Verdict, t.out.Code = string(v.Kind), v.Code
	}
	t.unsaid(test)
	t.routes(&test.Expect)
	for i := range test.Expect.Deliver {
		t.deliver(&test.Expect.Deliver[i])
	}
	if test.Expect.Reply != nil {
		t.reply(test.Expect.Reply)
	}
	t.out.Passed = len(t.out.Misses) == 0
	slices.SortStableFunc(t.out.Misses, func(a, b Miss) int { return a.Line - b.Line })
	return t.out
}

func (t *testRun) miss(at config.Place, what string, args ...any) {
	t.out.Misses = append(t.out.Misses, Miss{File: at.File, Line: at.Line, Text: t.suite.tests.Line(at), What: fmt.Sprintf(what, args...)})
}

// because adds the reasons to the last miss, unless another has the same.
func (t *testRun) because(reasons []Reason) {
	last := len(t.out.Misses) - 1
	what := t.out.Misses[last].What
	if !slices.ContainsFunc(t.out.Misses[:last], func(m Miss) bool { return m.What == what }) {
		t.out.Misses[last].Reasons = reasons
	}
}

// unsaid misses the outputs that the event's routes have read and the test does
// not give: what the daemon has in their place may lead elsewhere.
func (t *testRun) unsaid(test *config.Test) {
	for i := range t.state.Deliveries {
		d := &t.state.Deliveries[i]
		names := test.Unsaid[d.Name]
		if len(names) == 0 || d.Status != router.DoneSucceeded {
			continue
		}
		t.miss(test.At, "the test does not say what %s gives, and its route reads it: write given %q { output = { %s = … } }",
			d.Name, d.Name, strings.Join(names, " = …, "))
	}
}

func (t *testRun) routes(x *config.Expect) {
	if x.Routes == nil {
		return
	}
	if t.failed() && len(x.Routes) > 0 {
		t.miss(x.RoutesAt, "%s", t.failure())
		return
	}
	for _, name := range x.Routes {
		if !slices.Contains(t.out.Routes, name) {
			t.notTaken(x.RoutesAt, name)
		}
	}
	for _, name := range t.out.Routes {
		if !slices.Contains(x.Routes, name) {
			t.miss(x.RoutesAt, "route %s takes it", t.place(name))
		}
	}
}

// failed reports that the event could not be routed.
func (t *testRun) failed() bool {
	return t.state.Verdict != nil && t.state.Verdict.Code == router.CodeFailed
}

// failure says that the event could not be routed, and once why.
func (t *testRun) failure() string {
	what := "the event fails before anything runs: " + t.state.Why
	if slices.ContainsFunc(t.out.Misses, func(m Miss) bool { return strings.Contains(m.What, t.state.Why) }) {
		what = "the event fails before anything runs"
	}
	return what
}

// place names a route with where it stands.
func (t *testRun) place(name string) string {
	for _, route := range t.suite.routes.inspected.Config.Plan.Routes {
		if route.Name == name {
			return fmt.Sprintf("%q (%s)", name, route.At)
		}
	}
	return fmt.Sprintf("%q", name)
}

// notTaken misses a route, and says why it does not take the event.
func (t *testRun) notTaken(at config.Place, name string) {
	why, reasons := "", []Reason(nil)
	switch answers, err := t.suite.routes.explainer.Event(t.event); {
	case t.event.Flag == router.FlagStateless:
		why = "a ping (STATELESS) runs nothing"
	case err != nil:
		why = err.Error()
	default:
		for _, a := range answers {
			if a.Name == name {
				why, reasons = a.Why, a.Reasons
			}
		}
	}
	t.miss(at, "route %s does not take it: %s", t.place(name), why)
	t.because(reasons)
}

func (t *testRun) deliver(x *config.ExpectDelivery) {
	var meant []int
	for i := range t.state.Deliveries {
		if slices.Contains(x.Names, t.state.Deliveries[i].Name) {
			meant = append(meant, i)
		}
	}
	name, i := x.Names[0], -1
	if len(meant) > 0 {
		i = meant[0]
		name = t.state.Deliveries[i].Name
	}
	route, _, _ := strings.Cut(name, "/")
	switch {
	case i < 0 && x.Absent:
		return
	case t.failed():
		t.miss(x.At, "%s is not made: %s", name, t.failure())
		return
	case len(meant) > 1:
		t.miss(x.At, "%d routes that take the event have it: say whose is meant, %s, for one", len(meant), name)
		return
	case i < 0:
		t.notTaken(x.At, route)
		return
	}
	d := &t.state.Deliveries[i]
	made := d.Attempts > 0
	switch {
	case x.Absent:
		t.miss(x.At, "%s is among its deliveries: route %s takes it", name, t.place(route))
	case x.Skipped && made:
		t.miss(x.At, "%s is made", name)
	case x.Skipped && d.Status == router.DoneSkipped:
	case !made && d.Detail != "":
		t.miss(x.At, "%s is not made: %s: %s", name, d.Status, d.Detail)
	case !made:
		t.miss(x.At, "%s is not made: %s", name, d.Status)
	default:
		t.values(name+" is given", x.With, d.Input)
	}
}

// values compares the members of an object with those that are expected.
func (t *testRun) values(what string, expected []config.ExpectValue, object json.RawMessage) {
	members := map[string]json.RawMessage{}
	if len(object) > 0 {
		if err := json.Unmarshal(object, &members); err != nil && len(expected) > 0 {
			t.miss(expected[0].At, "%s what is no object: %s", what, err)
			return
		}
	}
	for i := range expected {
		x := &expected[i]
		got := members[x.Name]
		switch {
		case x.Is(got):
		case x.Sensitive && got != nil && x.Want() != nil:
			t.miss(x.At, "%s another %s", what, x.Name)
		default:
			t.miss(x.At, "%s %s, not %s", what, pair(x.Name, x.Shown(got)), orAbsent(x.Want()))
		}
	}
}

func pair(name string, value json.RawMessage) string {
	if value == nil {
		return "no " + name
	}
	return name + " = " + string(value)
}

func orAbsent(value json.RawMessage) string {
	if value == nil {
		return "none"
	}
	return string(value)
}
